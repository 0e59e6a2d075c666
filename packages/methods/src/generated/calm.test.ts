import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  calmStage,
  calmTableStage,
  type Literal,
  optionSegments,
  parseAnnotation,
  parseLiteral,
  renderTransitionPrompt,
  rewardTable,
  subgoalRewards,
  tableReward,
  transitionMetrics,
  votedVerdict,
} from './calm.ts'

describe('parseLiteral', () => {
  it.each<[string, Literal]>([
    ['-1.5e2', -150],
    ['1_000', 1000],
    ["'it\\'s \\u0041'", "it's A"],
    ['[1, True, None,]', [1, true, null]],
    ['(1, 2)', [1, 2]],
    ['(1)', 1],
    ['(1,)', [1]],
    [
      '{"a": 1, # note\n "b": {2: []}}',
      new Map<string, Literal>([
        ['a', 1],
        ['b', new Map([[2, []]])],
      ]),
    ],
    ['{"a": true}', new Map([['a', true]])],
  ])('reads %j', (text, value) => {
    expect(parseLiteral(text)).toEqual({ ok: true, value })
  })

  it.each([
    '__import__("os")',
    '1 + 1',
    '{"a": open("x")}',
    '[1 2]',
    '"open',
    '{"a" 1}',
    '',
    '1 2',
    '{[1]: 2}',
    '1.2.3',
    `${'['.repeat(200)}`,
  ])('refuses %j', text => {
    expect(parseLiteral(text).ok).toBe(false)
  })

  it('refuses JSON words when told', () => {
    expect(parseLiteral('true', { json: false }).ok).toBe(false)
    expect(parseLiteral('True', { json: false })).toEqual({ ok: true, value: true })
  })

  it('reads what JSON writes, and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(parseLiteral(JSON.stringify(value)).ok).toBe(true)
      }),
    )
    fc.assert(fc.property(fc.string(), text => void parseLiteral(text)))
  })
})

describe('parseAnnotation', () => {
  const times = (answer: string) => Object.fromEntries(parseAnnotation(answer).achievedAt)

  it.each([
    ['{"key": 3, "door": 2.9, "gone": None}', { 3: 'key', 2: 'door' }],
    ['{"key": [1, "4", True]}', { 1: 'key', 4: 'key' }],
    ['{"key": [1, None]}', {}],
    ['{2: "door", "7": "key", "soon": "gold"}', { 2: 'door', 7: 'key' }],
    ['{"key": True, "door": True}', { 1: 'door' }],
    ['no dictionary', {}],
    ['{"a": 1} and {"b": 2}', {}],
  ])('%j', (answer, expected) => {
    expect(times(answer)).toEqual(expected)
  })

  it('keeps every achieved name, though a time holds one', () => {
    const annotation = parseAnnotation('{"key": True, "door": True, "gold": False}')
    expect([...annotation.achieved]).toEqual(['key', 'door'])
    expect(annotation.detected).toBe(true)
    expect(parseAnnotation('{"key": 0}').detected).toBe(false)
  })

  it('strict needs a fence, and takes the last dictionary', () => {
    expect(parseAnnotation('{"a": 1}', { strict: true }).dictionary).toBeUndefined()
    const two = 'first {"a": 1}\n```python\n{"b": 2}\n``` '
    expect(parseAnnotation(two).dictionary).toBeUndefined()
    expect(parseAnnotation(two, { strict: true }).dictionary).toEqual(new Map([['b', 2]]))
  })

  it('released reads no JSON words', () => {
    expect(parseAnnotation('{"a": true}').detected).toBe(true)
    expect(parseAnnotation('{"a": true}', { compat: 'released' }).dictionary).toBeUndefined()
  })
})

describe('metrics and votes', () => {
  it('never flagging has no precision, no recall, no F1', () => {
    expect(transitionMetrics([false, false], [true, false])).toMatchObject({ fn: 1, tn: 1, accuracy: 0.5, f1: 0 })
    expect(transitionMetrics([true], [true]).f1).toBeCloseTo(1, 6)
    expect(() => transitionMetrics([true], [])).toThrow(/same length/)
  })

  it('takes what more than half of the readable answers say', () => {
    const verdict = votedVerdict([new Set(['key']), new Set(['key', 'door']), null, new Set()])
    expect([...verdict!]).toEqual(['key'])
    expect(votedVerdict([null])).toBeUndefined()
    expect(votedVerdict([new Set(['a']), new Set()])!.size).toBe(0)
  })
})

describe('reward table', () => {
  it('scales final counts; released by the smallest running count', () => {
    const annotations = [
      [
        { key: 'a', reasons: 1 },
        { key: 'b', reasons: 2 },
      ],
      [{ key: 'a', reasons: 4 }],
    ]
    expect([...rewardTable(annotations).rewards!]).toEqual([
      ['a', 1],
      ['b', 0],
    ])
    expect([...rewardTable(annotations, { compat: 'released' }).rewards!]).toEqual([
      ['a', 1],
      ['b', 0.25],
    ])
  })

  it('a constant table is 1 everywhere; released has none', () => {
    const flat = [[{ key: 'a', reasons: 2 }]]
    expect(rewardTable(flat).rewards!.get('a')).toBe(1)
    expect(rewardTable(flat, { compat: 'released' }).rewards).toBeUndefined()
    expect(rewardTable([]).rewards!.size).toBe(0)
  })

  it('adds β times the entry', () => {
    const table = new Map([['a', 0.5]])
    expect(tableReward(table, { key: 'a', reward: 1 })).toEqual({ intrinsic: 0.5, reward: 1.05 })
    expect(tableReward(table, { key: 'b', reward: 1 })).toEqual({ intrinsic: 0, reward: 1 })
  })
})

describe('subgoal rewards', () => {
  const subgoals = ['key', 'door']

  it('pays in order and once', () => {
    const { bonuses } = subgoalRewards([0, 0, 0, 0], [['door'], ['key'], ['key'], ['door']], { subgoals })
    expect([...bonuses]).toEqual([0, 1, 0, 1])
  })

  it('completes a chain in one step, in list order', () => {
    expect(subgoalRewards([0], [['door', 'key']], { subgoals }).terminated).toEqual([['key', 'door']])
  })

  it('says what was done before each step', () => {
    const { doneBefore } = subgoalRewards([0, 0, 0], [['key'], ['door'], []], { subgoals })
    expect(doneBefore).toEqual([[], ['key'], ['key', 'door']])
  })

  it('farms when told to pay every time', () => {
    const options = { subgoals, oncePerEpisode: false, ordered: false, bonus: { key: 2 } }
    expect([...subgoalRewards([1, 0, 0], [['key'], ['key'], ['door']], options).rewards]).toEqual([3, 2, 1])
  })

  it('once: the sum of bonuses never exceeds the number of subgoals', () => {
    const step = fc.array(fc.constantFrom('key', 'door', 'dance'))
    fc.assert(
      fc.property(fc.array(step), fc.boolean(), (achieved, ordered) => {
        const { bonuses } = subgoalRewards(
          achieved.map(() => 0),
          achieved,
          { subgoals, ordered },
        )
        expect(bonuses.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(2)
      }),
    )
  })
})

describe('option segments', () => {
  it.each([
    [
      5,
      [1],
      {
        segments: [
          [0, 2],
          [2, 5],
        ],
        lastComplete: false,
      },
    ],
    [3, [2, 2], { segments: [[0, 3]], lastComplete: true }],
    [0, [], { segments: [], lastComplete: false }],
  ])('%d steps, terminations %j', (length, steps, expected) => {
    expect(optionSegments(length, steps)).toEqual(expected)
  })

  it('refuses a step outside the episode', () => {
    expect(() => optionSegments(2, [2])).toThrow(/within \[0, 2\); got 2/)
  })
})

describe('prompt', () => {
  it('shows what is asked for and crops the observation', () => {
    const steps = [{ time: 0, observation: 'abcde\nfghij\nklmno', message: 'hm', nextAction: 'north' }]
    const text = renderTransitionPrompt({ task: 'T', steps, crop: { rows: 1, columns: 3 }, showMessage: false })
    expect(text).toContain('ghi')
    expect(text).not.toContain('abcde')
    expect(text).not.toContain('Message: hm')
    expect(text).toContain('Next action: north')
    expect(renderTransitionPrompt({ task: 'T', steps, subgoals: ['open'] })).toContain('The subgoals are: "open".')
  })
})

describe('stage', () => {
  const batch = batchFromRollouts([
    {
      id: 'a',
      prompt: 'p',
      turns: [
        { action: 'n', reward: 0, columns: { achieved: ['key'] } },
        {
          action: 'e',
          reward: { status: 'failed', failure: { class: 'timeout', message: 'slow' } },
          columns: { achieved: [] },
        },
        { action: 'e', reward: 1, columns: { achieved: { door: true, key: false } } },
      ],
    },
  ])

  it('adds the table of annotated keys', async () => {
    const keyed = batchFromRollouts([
      {
        id: 'a',
        prompt: 'p',
        turns: [
          { action: 'n', reward: 1, columns: { key: 'hall|north' } },
          { action: 'e', reward: 1, columns: { key: 'elsewhere' } },
          { action: 'e', reward: 1 },
        ],
      },
    ])
    const { columns } = await bindStage(calmTableStage, { table: { 'hall|north': 0.5 } }).apply(keyed, null)
    expect([...(columns['turn.reward'] as Signal).values]).toEqual([1.05, 1, Number.NaN])
    expect([...(columns['turn.calmTable'] as Signal).values]).toEqual([0.5, 0, Number.NaN])
    expect(outcomeAt(columns['turn.reward'] as Signal, 2)).toMatchObject({ failure: { class: 'invalid_input' } })
  })

  it('adds bonuses, keeps failed steps failed, and anneals from plain JSON state', async () => {
    const stage = bindStage(calmStage, { subgoals: ['key', 'door'], anneal: { from: 1, to: 0, steps: 2 } })
    const first = await stage.apply(batch, stage.initial())
    const reward = first.columns['turn.reward'] as Signal
    expect([reward.values[0], reward.values[2]]).toEqual([1, 2])
    expect(outcomeAt(reward, 1)).toMatchObject({ failure: { class: 'timeout' } })
    const second = await stage.apply(batch, JSON.parse(JSON.stringify(first.state)))
    expect((second.columns['turn.calmBonus'] as Signal).values[0]).toBe(0.5)
  })

  it('reads the judge’s own words and counts what cannot be read', async () => {
    const spoken = batchFromRollouts([
      {
        id: 'a',
        prompt: 'p',
        turns: ['{"key": True}', 'the key, I think', '{"key": False}'].map((judgeText, i) => ({
          action: `${i}`,
          columns: { judgeText },
        })),
      },
    ])
    const stage = bindStage(calmStage)
    const { columns } = await stage.apply(spoken, stage.initial())
    expect([...(columns['turn.reward'] as Signal).values]).toEqual([1, 0, 0])
    expect((columns['rollout.calmUnreadable'] as Signal).values[0]).toBe(1)
  })

  it('says which columns could hold verdicts', () => {
    const bare = batchFromRollouts([{ id: 'a', prompt: 'p', turns: [{ action: 'n' }] }])
    const stage = bindStage(calmStage)
    expect(() => stage.apply(bare, stage.initial())).toThrow(/turn.achieved or turn.judgeText/)
  })
})
