import { batchFromRollouts, bindStage, type ColumnData, Random } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import {
  firstBoxedAnswer,
  recycledPrompt,
  recycleRollouts,
  reflectionLoop,
  releasedPointwiseTemplates,
  sparkAdvantages,
  sparkLoss,
  sparkStage,
  sparkTemplates,
  takeRewardBatch,
} from './spark.ts'

const options = { pointwiseTemplates: ['yesno', 'ab'] as const, pairwiseTemplates: 1, reflectionTemplates: 1 }
const group = (answers: (string | null)[], rewards: number[]) => ({ answers, rewards, label: 'gold' })

describe('recycleRollouts', () => {
  it('all correct: one template draw on the first answer', () => {
    const { items, drawsUsed } = recycleRollouts([group(['3', '3'], [1, 1])], [0.7], options)
    expect(items).toEqual([{ kind: 'pointwise', promptIndex: 0, template: 1, label: 'A', answer: '3' }])
    expect(drawsUsed).toBe(1)
  })

  it('all wrong: an answer that is there, a template, then a reflection', () => {
    // ⌊0.9·2⌋ = 1 of [1, 2] → answer "8"; ⌊0.1·2⌋ = 0 → yesno; rollout ⌊0·3⌋ = 0
    const { items, drawsUsed } = recycleRollouts([group([null, '7', '8'], [0, 0, 0])], [0.9, 0.1, 0, 0], options)
    expect(items).toMatchObject([
      { kind: 'pointwise', label: 'No', answer: '8' },
      { kind: 'reflectReasoning', label: 'gold', rolloutIndex: 0 },
    ])
    expect(drawsUsed).toBe(4)
  })

  it('mixed: pairwise with the correct answer on either side', () => {
    const mixed = [group(['3', '7'], [1, 0])]
    expect(recycleRollouts(mixed, [0.5, 0, 0, 0.4, 0, 0, 0], options).items[0]).toMatchObject({
      label: 'A',
      answerA: '3',
    })
    expect(recycleRollouts(mixed, [0.5, 0, 0, 0.6, 0, 0, 0], options).items[0]).toMatchObject({
      label: 'B',
      answerA: '7',
    })
  })

  it('mixed: pointwise on the drawn class', () => {
    const mixed = [group(['3', '7'], [1, 0])]
    expect(recycleRollouts(mixed, [0.29, 0.5, 0, 0, 0, 0], options).items[0]).toMatchObject({
      label: 'Yes',
      answer: '3',
    })
    expect(recycleRollouts(mixed, [0.29, 0.49, 0, 0, 0, 0], options).items[0]).toMatchObject({
      label: 'No',
      answer: '7',
    })
  })

  it('drops an item without an answer after its draws', () => {
    const { items, drawsUsed } = recycleRollouts([group([null], [1])], [0.2], options)
    expect(items).toEqual([])
    expect(drawsUsed).toBe(1)
  })

  it('shows reasoning for the first half of the prompts and only the answer for the second', () => {
    const groups = [group(['7', '3'], [0, 1]), group([null, '3'], [0, 1]), group(['9', '3'], [0, 1])]
    const { items } = recycleRollouts(groups, new Random(1), options)
    expect(items.filter(item => item.kind === 'reflectReasoning').map(item => item.promptIndex)).toEqual([0, 1])
    expect(items.filter(item => item.kind === 'reflectAnswer')).toMatchObject([{ promptIndex: 2, answer: '9' }])
  })

  it('keeps at most the cap of each part, in order', () => {
    const groups = Array.from({ length: 10 }, () => group(['7', '3'], [0, 1]))
    const { items } = recycleRollouts(groups, new Random(1), { ...options, cap: 3 })
    expect(items).toHaveLength(6)
    const prompts = items.slice(0, 3).map(item => item.promptIndex)
    expect(prompts).toEqual(prompts.toSorted((a, b) => a - b))
  })

  it('refuses partial credit and too few draws', () => {
    expect(() => recycleRollouts([group(['3'], [0.5])], [0.1], options)).toThrow(/0 or 1; got 0.5/)
    expect(() => recycleRollouts([group(['3'], [1])], [], options)).toThrow(/more than 0 uniform draws/)
    expect(recycleRollouts([], [])).toEqual({ items: [], drawsUsed: 0 })
    expect(releasedPointwiseTemplates).toHaveLength(24)
  })
})

describe('templates', () => {
  it('are balanced and fill every slot', () => {
    const kinds = sparkTemplates.pointwise.map(template => template.labels)
    expect(kinds.filter(kind => kind === 'ab')).toHaveLength(kinds.length / 2)
    const context = { question: 'Q {answer}?', reasoning: 'R' }
    const prompt = recycledPrompt(
      { kind: 'pairwise', promptIndex: 0, template: 0, label: 'A', answerA: '$1', answerB: '2' },
      context,
    )
    expect(prompt).toContain('Q {answer}?')
    expect(prompt).toContain('A: $1')
    expect(
      recycledPrompt({ kind: 'reflectReasoning', promptIndex: 0, template: 0, label: 'x', rolloutIndex: 0 }, context),
    ).toContain('wrong:\nR')
    expect(() =>
      recycledPrompt({ kind: 'reflectAnswer', promptIndex: 0, template: 9, label: 'x', answer: '1' }, context),
    ).toThrow(/number 9/)
  })
})

describe('firstBoxedAnswer', () => {
  it.each([
    ['a \\boxed{ 5 } b \\boxed{6}', '5', '5'],
    ['\\boxed{}', null, null],
    ['\\boxed{ }', null, ''],
    ['none', null, null],
    ['\\boxed{open', 'open', 'open'],
  ])('%s', (text, sound, released) => {
    expect(firstBoxedAnswer(text)).toBe(sound)
    expect(firstBoxedAnswer(text, { compat: 'released' })).toBe(released)
  })
})

it('takes the oldest items only when a batch is full', () => {
  expect(takeRewardBatch([1, 2, 3], { size: 4 })).toEqual({ batch: [], rest: [1, 2, 3] })
  expect(takeRewardBatch([1, 2, 3], { size: 2 })).toEqual({ batch: [1, 2], rest: [3] })
})

describe('reflectionLoop', () => {
  it.each([
    [['Yes'], 2, { answer: '5', rounds: 1, accepted: true }],
    [['No', 'Yes'], 2, { answer: '6', rounds: 2, accepted: true }],
    [['yes', null], 2, { answer: '7', rounds: 2, accepted: false }],
    [['No'], 0, { answer: '5', rounds: 0, accepted: false }],
  ] as const)('%j in %i rounds', (verdicts, maxRounds, expected) => {
    expect(reflectionLoop('5', { verdicts, revised: ['6', '7'] }, { maxRounds })).toEqual(expected)
  })
})

describe('sparkAdvantages', () => {
  it('normalises run by run and gives 0 where nothing differs', () => {
    const advantages = sparkAdvantages([1, 0, 1, 1], 2)
    expect(advantages[0]).toBeCloseTo(Math.SQRT1_2, 7)
    expect([...advantages.slice(2)]).toEqual([0, 0])
    expect([...sparkAdvantages([1, 0], 1)]).toEqual([0, 0])
    expect(sparkAdvantages([], 4)).toHaveLength(0)
    expect(
      [
        ...sparkAdvantages(
          Float32Array.from({ length: 15 }, () => 0.98),
          15,
        ),
      ].every(a => a === 0),
    ).toBe(true)
    expect(() => sparkAdvantages([1, 0, 1], 2)).toThrow(/whole groups of 2/)
  })
})

describe('sparkLoss', () => {
  const data = (logProb: number, advantage: number) => ({
    logProbs: [[logProb]],
    oldLogProbs: [[-1]],
    refLogProbs: [[-1]],
    advantages: [[advantage]],
    mask: [[1]],
  })
  type Data = Record<'logProbs' | 'oldLogProbs' | 'refLogProbs' | 'advantages' | 'mask', Tensor>
  const loss = (input: Data) => sparkLoss(input, { klCoefficient: 0 }).loss

  it('clips gains and not losses: no dual clip', () => {
    const run = interpret(valueAndGrad(loss))
    expect(run(data(0, 1)).value.data[0]).toBeCloseTo(-1.2, 12)
    expect(run(data(0, 1)).gradient.logProbs.data[0]).toBeCloseTo(0, 12)
    // ρ = e³ ≈ 20 is past any dual clip of 3 and still counts in full
    expect(run(data(2, -1)).value.data[0]).toBeCloseTo(Math.exp(3), 9)
    expect(run(data(2, -1)).gradient.logProbs.data[0]).toBeCloseTo(Math.exp(3), 9)
  })

  it('does not clamp k3 however far the reference is', () => {
    const { kl } = interpret((input: Data) => ({ ...sparkLoss(input) }))(data(-6, 0))
    // d = −1 − (−6) = 5
    expect(kl.data[0]).toBeCloseTo(Math.exp(5) - 6, 9)
  })
})

describe('stage', () => {
  const rollout = (id: string, outcome: unknown, answer: string) => ({
    id,
    group: 'q',
    prompt: '1 + 2?',
    response: `so \\boxed{${answer}}`,
    reference: '3',
    outcome,
  })

  it('makes no reflection tasks without a reference', async () => {
    const batch = batchFromRollouts([
      { ...rollout('a', 0, '4'), reference: null },
      { ...rollout('b', 0, '5'), group: 'r', prompt: '2 + 2?', reference: 4 },
    ])
    const stage = bindStage(sparkStage)
    const { columns } = await stage.apply(batch, stage.initial())
    const tasks = columns['group.sparkItems'].values as { kind: string }[][]
    const kinds = tasks.map(items => items.map(item => item.kind))
    expect(kinds).toEqual([['pointwise'], ['pointwise', 'reflectAnswer']])
  })

  it('recycles, caches, and replays from its state', async () => {
    const failure = { status: 'failed', failure: { class: 'timeout', message: 'verifier' } }
    const batch = batchFromRollouts([rollout('a', 1, '3'), rollout('b', 0, '4'), rollout('c', failure, '5')])
    const stage = bindStage(sparkStage, { rewardBatch: 3 })
    const first = await stage.apply(batch, stage.initial())
    const advantages = numbersIn(first.columns['rollout.advantage'])
    expect(advantages[0]).toBe(-advantages[1])
    expect(advantages[2]).toBeNaN()
    const tasks = first.columns['group.sparkItems'].values[0] as { prompt: string; label: string }[]
    expect(tasks).toHaveLength(2)
    expect(tasks.some(task => task.prompt.includes('\\boxed{5}'))).toBe(false)
    const saved = JSON.parse(JSON.stringify(first.state))
    const second = await stage.apply(batch, saved)
    expect(second.columns['group.sparkRewardBatch'].values[0]).toHaveLength(3)
    expect(second).toEqual(await stage.apply(batch, first.state))
  })
})

function numbersIn(column: ColumnData): Float64Array {
  if (column.kind !== 'number') throw new Error('expected numbers')
  return column.values
}
