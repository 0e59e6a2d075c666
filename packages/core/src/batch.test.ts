import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import {
  batchFromRollouts,
  batchToRollouts,
  bindStage,
  defineStage,
  GuerdonError,
  groupOfToken,
  groupSizes,
  json,
  levelSize,
  moveSignal,
  numbers,
  outcomeAt,
  rolloutJsonSchema,
  signal,
  texts,
  tokenMask,
  turnOfToken,
  withColumns,
} from './index.ts'

const records = [
  {
    id: 'a',
    group: 'p',
    prompt: 'q1',
    response: 'hello world',
    turns: [
      { action: 'hello', span: [0, 2], reward: 1, done: false, columns: { depth: 3 } },
      { span: [3, 5], reward: { status: 'abstained', reason: 'no verdict' } },
    ],
    tokens: { logprobs: [-1, -2, -3, -4, -5], mask: [1, 1, 0, 1, 1], extra: [1, null, 3, 4, 5] },
    outcome: 1,
    columns: { score: 2.5, correct: true, note: 'fine', detail: { x: [1] } },
    groupColumns: { difficulty: 0.5 },
  },
  { id: 'b', prompt: 'q2', response: 'tea and milk', turns: [{ span: [0, 3] }, { span: [8, 12] }] },
  {
    id: 'c',
    group: 'p',
    prompt: 'q1',
    response: 'bye',
    outcome: { status: 'failed', failure: { class: 'timeout', message: 'late' } },
    tokens: { logprobs: Float32Array.of(-1, -0.5) },
  },
]

describe('batchFromRollouts', () => {
  const batch = batchFromRollouts(records)

  it('groups by group in order of appearance and keeps the ungrouped alone', () => {
    expect(batch.groupIds).toEqual(['p', 'b'])
    expect(batch.rolloutIds).toEqual(['a', 'c', 'b'])
    expect([...batch.groupOffsets]).toEqual([0, 2, 3])
    expect([...batch.turnOffsets]).toEqual([0, 2, 3, 5])
    expect([...batch.tokenOffsets]).toEqual([0, 5, 7, 7])
    expect([...batch.turnSpans]).toEqual([0, 2, 3, 5, 5, 7, -1, -1, -1, -1])
    expect([...groupSizes(batch)]).toEqual([2, 1])
    expect([...groupOfToken(batch)]).toEqual([0, 0, 0, 0, 0, 0, 0])
    expect([...turnOfToken(batch)]).toEqual([0, 0, -1, 1, 1, 2, 2])
    expect([...tokenMask(batch)]).toEqual([1, 1, 0, 1, 1, 1, 1])
  })

  it('fills columns and leaves absent what is absent', () => {
    expect(texts(batch, 'group.prompt')).toEqual(['q1', 'q2'])
    expect(texts(batch, 'turn.action')).toEqual(['hello', undefined, 'bye', 'tea', 'milk'])
    expect(json(batch, 'rollout.detail')).toEqual([{ x: [1] }, undefined, undefined])
    expect(outcomeAt(numbers(batch, 'rollout.correct'), 0)).toEqual({ status: 'scored', value: 1 })
    expect(outcomeAt(numbers(batch, 'rollout.outcome'), 1)).toMatchObject({
      status: 'failed',
      failure: { class: 'timeout' },
    })
    expect(outcomeAt(numbers(batch, 'rollout.outcome'), 2)).toEqual({ status: 'abstained' })
    expect(outcomeAt(numbers(batch, 'turn.reward'), 1)).toEqual({ status: 'abstained', reason: 'no verdict' })
    expect([...numbers(batch, 'token.logprob').values]).toEqual([-1, -2, -3, -4, -5, -1, -0.5])
    expect(outcomeAt(numbers(batch, 'token.extra'), 1).status).toBe('abstained')
    expect(numbers(batch, 'group.difficulty').values[0]).toBe(0.5)
  })

  it('survives the way to records and back', () => {
    expect(batchFromRollouts(batchToRollouts(batch))).toEqual(batch)
    expect(batchFromRollouts(JSON.parse(JSON.stringify(batchToRollouts(batch))))).toEqual(batch)
  })

  it('is empty for no records', () => {
    const empty = batchFromRollouts([])
    expect(levelSize(empty, 'token')).toBe(0)
    expect(numbers(empty, 'rollout.outcome').values).toHaveLength(0)
  })

  const base = { id: 'r7', prompt: 'p', response: 'abcdef' }
  it.each<[string, object | unknown, string, string, string]>([
    ['wrong type', { ...base, response: 3 }, 'response', 'text', '3'],
    ['no prompt', { id: 'r7' }, 'prompt', 'text or a list of chat messages', 'nothing'],
    ['NaN outcome', { ...base, outcome: Number.NaN }, 'outcome', 'a finite number or an object', 'NaN'],
    ['NaN text', { ...base, outcome: 'NaN' }, 'outcome', 'a finite number or an object', '"NaN"'],
    [
      'infinite reward',
      { ...base, turns: [{ action: 'x', reward: '-Infinity' }] },
      'turns[0].reward',
      'a finite',
      '"-Infinity"',
    ],
    ['NaN column', { ...base, columns: { score: 'nan' } }, 'columns.score', 'a finite number', '"nan"'],
    [
      'NaN logprob',
      { ...base, tokens: { logprobs: [0, Number.NaN] } },
      'tokens.logprobs[1]',
      'a finite number or null',
      'NaN',
    ],
    [
      'span outside',
      { ...base, turns: [{ span: [2, 9] }] },
      'turns[0].span',
      'a span inside the response, [0, 6)',
      '[2, 9)',
    ],
    [
      'span outside tokens',
      { ...base, tokens: { ids: [1, 2] }, turns: [{ span: [0, 3] }] },
      'turns[0].span',
      'inside the tokens, [0, 2)',
      '[0, 3)',
    ],
    ['overlap', { ...base, turns: [{ span: [0, 4] }, { span: [3, 6] }] }, 'turns[1].span', 'a start ≥ 4', '[3, 6)'],
    ['backwards span', { ...base, turns: [{ span: [4, 2] }] }, 'turns[0].span', 'a span inside', '[4, 2)'],
    [
      'span into nothing',
      { id: 'r7', prompt: 'p', turns: [{ span: [0, 1] }] },
      'turns[0].span',
      'a response or tokens',
      'neither',
    ],
    [
      'uneven token arrays',
      { ...base, tokens: { ids: [1, 2], mask: [1] } },
      'tokens.mask',
      '2 entries like tokens.ids',
      '1',
    ],
    ['mask of 2', { ...base, tokens: { mask: [1, 2] } }, 'tokens.mask[1]', '1 for a token of the policy', '2'],
    ['misspelt field', { ...base, outcom: 1 }, 'outcom', 'one of the fields', '"outcom"'],
    ['shadowed column', { ...base, columns: { outcome: 1 } }, 'columns.outcome', 'a free column name', '"outcome"'],
    [
      'deep nesting',
      { ...base, meta: JSON.parse('['.repeat(1e5) + ']'.repeat(1e5)) },
      'meta[0]',
      'nested at most',
      'deeper',
    ],
    [
      'a prototype key',
      { ...base, columns: JSON.parse('{"__proto__":1}') },
      'columns.__proto__',
      'another name',
      '__proto__',
    ],
    ['not an object', 'text', '', 'an object', '"text"'],
  ])('refuses %s naming rollout, field, expected and got', (_, record, path, expected, got) => {
    let thrown: unknown
    try {
      batchFromRollouts([record])
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(GuerdonError)
    const error = thrown as GuerdonError
    expect(error.message).toContain(typeof record === 'string' ? '"#0"' : '"r7"')
    if (path !== '') expect(error.message).toContain(path)
    expect(error.expected).toContain(expected)
    expect(error.got).toContain(got)
  })

  it('refuses what disagrees between rollouts, and goes on when asked', () => {
    const errors: string[] = []
    const batch = batchFromRollouts(
      [
        { ...base, id: '1', group: 'g', columns: { s: 1 }, groupColumns: { d: 1 } },
        { ...base, id: '1', group: 'g' },
        { ...base, id: '2', group: 'g', tokens: { ids: ['x', 1] } },
        { ...base, id: '3', group: 'g', groupColumns: { d: 2 } },
        { ...base, id: '4', group: 'g', columns: { s: 'high' } },
        { ...base, id: '5', group: 'g', columns: { s: null } },
      ],
      { onError: (error, index) => errors.push(`${index} ${error.rollout}`) },
    )
    expect(errors).toEqual(['1 1', '2 2', '3 3', '4 4'])
    expect(batch.rolloutIds).toEqual(['1', '5'])
  })

  it('knows no prompt of a group whose rollouts differ in theirs', () => {
    const mixed = batchFromRollouts([
      { ...base, id: '1', group: 'g' },
      { ...base, id: '2', group: 'g', prompt: 'reworded' },
      { ...base, id: '3', group: 'h', prompt: [{ role: 'user', content: 'hi' }] },
      { ...base, id: '4', group: 'h', prompt: [{ content: 'hi', role: 'user' }] },
    ])
    expect(texts(mixed, 'group.prompt')).toEqual([undefined, 'hi'])
    expect(texts(mixed, 'rollout.prompt')).toEqual(['p', 'reworded', 'hi', 'hi'])
    expect(batchFromRollouts(batchToRollouts(mixed))).toEqual(mixed)
  })

  it('refuses a lone rollout that is called like a group', () => {
    expect(() => batchFromRollouts([base, { ...base, id: 'x', group: 'r7' }])).toThrow(/whose group is called the same/)
    expect(() => batchFromRollouts([{ ...base, id: 'x', group: 'r7' }, base])).toThrow(/rollout "x".*got "r7"/)
  })

  it('has the declared columns even where no record has them', () => {
    const batch = batchFromRollouts([base], { declare: [{ name: 'rollout.score', kind: 'number' }] })
    expect(outcomeAt(numbers(batch, 'rollout.score'), 0)).toEqual({ status: 'abstained' })
  })
})

describe('columns', () => {
  const batch = batchFromRollouts(records)
  it('names a missing column, what it holds and the nearest one', () => {
    expect(() => numbers(batch, 'rollout.scor', 'reward-model score')).toThrow(/rollout\.scor \(reward-model score\)/)
    try {
      numbers(batch, 'rollout.scor')
    } catch (error) {
      expect(error).toMatchObject({ code: 'missing_column', hint: 'did you mean rollout.score?' })
    }
    expect(() => texts(batch, 'rollout.score')).toThrow(/to hold text; got number/)
  })
  it('refuses a column of the wrong length or level', () => {
    expect(() => withColumns(batch, { 'rollout.x': signal('rollout', [1]) })).toThrow(/each of 3 rollouts; got 1/)
    expect(() => withColumns(batch, { 'turn.x': signal('rollout', [1, 2, 3]) })).toThrow(/level turn; got rollout/)
  })
})

describe('moveSignal', () => {
  const batch = batchFromRollouts(records)
  const token = signal('token', [1, 2, 3, 4, 5, 6, 8])
  it.each([
    ['turn', 'sum', [3, 9, 14]],
    ['turn', 'mean', [1.5, 4.5, 7]],
    ['turn', 'first', [1, 4, 6]],
    ['turn', 'last', [2, 5, 8]],
    ['rollout', 'sum', [15, 14]],
    ['rollout', 'max', [5, 8]],
    ['group', 'mean', [29 / 7]],
    ['group', 'min', [1]],
  ] as const)('tokens to %s by %s', (to, move, expected) => {
    const moved = moveSignal(batch, token, to, move)
    expect([...moved.values].slice(0, expected.length)).toEqual(expected)
    expect(outcomeAt(moved, moved.values.length - 1).status).toBe('abstained')
  })
  it('spreads, divides and places at the end', () => {
    const rollout = signal('rollout', [10, 4, 9])
    expect([...moveSignal(batch, rollout, 'token', 'spread').values]).toEqual([10, 10, 10, 10, 10, 4, 4])
    expect([...moveSignal(batch, rollout, 'token', 'divide').values]).toEqual([2, 2, 2, 2, 2, 2, 2])
    expect([...moveSignal(batch, rollout, 'token', 'at-end').values]).toEqual([0, 0, 0, 0, 10, 0, 4])
    const mask = [1, 1, 0, 1, 0, 1, 1]
    const masked = moveSignal(batch, rollout, 'token', 'at-end', { mask, outside: 'zero' })
    expect([...masked.values]).toEqual([0, 0, 0, 10, 0, 0, 4])
    const shared = moveSignal(batch, signal('rollout', [9, 4, 9]), 'token', 'divide', { mask, outside: 'zero' })
    expect([...shared.values]).toEqual([3, 3, 0, 3, 0, 2, 2])
    expect([...moveSignal(batch, token, 'rollout', 'sum', { mask }).values].slice(0, 2)).toEqual([7, 14])
    expect(outcomeAt(moveSignal(batch, signal('turn', [1, 2, 3, 4, 5]), 'token', 'spread'), 2).status).toBe('abstained')
  })
  it('leaves unscored items out, or lets them decide', () => {
    const reward = numbers(batch, 'turn.reward')
    expect(outcomeAt(moveSignal(batch, reward, 'rollout', 'mean'), 0)).toEqual({ status: 'scored', value: 1 })
    expect(outcomeAt(moveSignal(batch, reward, 'rollout', 'mean', { unscored: 'propagate' }), 0).status).toBe(
      'abstained',
    )
    const outcome = numbers(batch, 'rollout.outcome')
    expect(outcomeAt(moveSignal(batch, outcome, 'group', 'mean'), 0)).toEqual({ status: 'scored', value: 1 })
    expect(outcomeAt(moveSignal(batch, outcome, 'group', 'mean', { unscored: 'propagate' }), 0).status).toBe('failed')
    expect(outcomeAt(moveSignal(batch, outcome, 'token', 'spread'), 6)).toMatchObject({ status: 'failed' })
  })
  it('refuses a move that does not fit', () => {
    expect(() => moveSignal(batch, token, 'rollout', 'spread')).toThrow(/one of sum, mean/)
    expect(() => moveSignal(batch, token, 'token', 'sum')).toThrow(/another level/)
  })
})

describe('bindStage', () => {
  const definition = defineStage({
    name: 'twice',
    about: 'Multiplies.',
    options: z.object({ factor: z.number().min(0).default(2) }),
    reads: () => [{ name: 'rollout.outcome', kind: 'number', about: 'any number' }],
    writes: () => [{ name: 'rollout.twice', kind: 'number', about: 'factor times the outcome' }],
    initial: () => 0,
    apply: (_batch, state) => ({ columns: {}, state: state + 1 }),
  })
  it('fills defaults', () => {
    expect(bindStage(definition).options).toEqual({ factor: 2 })
    expect(bindStage(definition, { factor: 3 })).toMatchObject({
      name: 'twice',
      stateVersion: 1,
      options: { factor: 3 },
    })
  })
  it.each([
    [{ factor: 'x' }, /expected a finite number; got "x" — stage twice, option factor/],
    [{ factor: -1 }, /a number ≥ 0; got -1/],
    [{ factr: 1 }, /one of the fields factor; got the field "factr"/],
  ])('refuses %o', (options, message) => {
    expect(() => bindStage(definition, options)).toThrow(message)
  })
})

it('describes a rollout as JSON Schema', () => {
  const schema = rolloutJsonSchema() as { properties: Record<string, unknown>; required: string[] }
  expect(schema.required).toEqual(['id', 'prompt'])
  expect(Object.keys(schema.properties)).toContain('groupColumns')
})
