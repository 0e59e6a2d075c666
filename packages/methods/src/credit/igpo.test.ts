import { batchFromRollouts, bindStage, numbers, withColumns } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupItems } from '../shared/group-normalise.ts'
import { flatten } from '../shared/ragged.ts'
import {
  f1OutcomeReward,
  igpoOutcomeStage,
  igpoReleasedStage,
  igpoStage,
  igpoTurnAdvantages,
  informationGain,
  placeTurnRewards,
  releasedAdvantages,
  releasedDiscountedAdvantages,
  turnsOnTokens,
  zeroAdvantageGroupFraction,
} from './igpo.ts'

const rows = (values: readonly ArrayLike<number>[]) => values.map(row => Array.from(row))
const close = (values: readonly number[], digits = 7) => values.map(value => expect.closeTo(value, digits))
const one = (n: number) => groupItems(new Array(n).fill('g'))

describe('information gain', () => {
  it('is the rise of the geometric mean probability', () => {
    // e^−2, e^−1, e^−1.5
    const { beliefs, gains } = informationGain([
      [-1, -3],
      [-1, -1],
      [-1.5, -1.5],
    ])
    expect([...beliefs]).toEqual(close([Math.exp(-2), Math.exp(-1), Math.exp(-1.5)]))
    expect([...gains]).toEqual(close([Math.exp(-1) - Math.exp(-2), Math.exp(-1.5) - Math.exp(-1)]))
    expect([
      ...informationGain(
        [
          [-1, -3],
          [-1, -1],
        ],
        { mode: 'logProbDiff' },
      ).gains,
    ]).toEqual([1])
  })

  it('telescopes', () => {
    const boundary = fc.array(fc.double({ min: -9, max: 0, noNaN: true }), { minLength: 2, maxLength: 2 })
    fc.assert(
      fc.property(fc.array(boundary, { minLength: 1, maxLength: 6 }), given => {
        const { beliefs, gains } = informationGain(given)
        expect(gains.reduce((a, b) => a + b, 0)).toBeCloseTo(beliefs[beliefs.length - 1] - beliefs[0], 12)
      }),
      { numRuns: 40, seed: 1 },
    )
  })

  it('keeps the belief where a log-probability is not finite', () => {
    const { gains, kept } = informationGain([[-1], [Number.NaN], [Number.NEGATIVE_INFINITY], [-2]])
    expect([...gains]).toEqual(close([0, 0, Math.exp(-2) - Math.exp(-1)]))
    expect([...kept]).toEqual([0, 1, 1, 0])
    expect([...informationGain([[Number.NaN], [-1]]).gains]).toEqual([0])
    expect(() => informationGain([])).toThrow(/one boundary at least/)
    expect(() => informationGain([[]])).toThrow(/answer to have tokens; boundary 0/)
    expect(() => informationGain([[Number.NaN]])).toThrow(/finite log-probability/)
  })
})

describe('the outcome', () => {
  it.each([
    ['<answer>a b</answer>', 'b c', 0.5], // P = R = 1/2
    ['<answer>b b b</answer>', 'b', 1], // sets
    ['<answer>New-York, city</answer>', 'new york', 0.8],
    ['<answer>x</answer> <answer>y</answer>', 'x', 1],
    ['<answer>Z</answer>', 'q<|answer_split|>z', 1],
    ['<answer></answer>', 'q', 0],
    ['no tags', 'q', -2],
    ['<tool_call><answer>q</answer>', 'q', -2],
    ['</think><think><answer>q</answer>', 'q', -2],
  ])('%s against %s', (response, reference, want) => {
    expect(f1OutcomeReward(response, reference)).toBeCloseTo(want, 12)
  })
  it('has modes', () => {
    expect(f1OutcomeReward('none', 'q', { mode: 'noformatf1' })).toBe(0)
    expect(f1OutcomeReward('none', 'q', { formatPenalty: -1 })).toBe(-1)
    expect(f1OutcomeReward('<answer>The Q!</answer>', 'the q', { mode: 'em' })).toBe(1)
    expect(f1OutcomeReward('<answer>q</answer>', 'the q', { mode: 'em' })).toBe(0)
  })
})

describe('turn advantages', () => {
  it('accumulate z-scores backwards', () => {
    // pool [1, 0, 0, −1]: mean 0, biased variance 1/2
    const d = Math.sqrt(0.5 + 1e-8) + 1e-6
    const { normalizedRewards, turnAdvantages } = igpoTurnAdvantages([[1], [0]], [0, -1], one(2), { gamma: 0.5 })
    expect(rows(normalizedRewards)).toEqual([close([1 / d, 0]), close([0, -1 / d])])
    expect(rows(turnAdvantages)).toEqual([close([1 / d, 0]), close([-0.5 / d, -1 / d])])
  })

  it('pools apart when asked and weighs before normalising', () => {
    const apart = igpoTurnAdvantages([[5], [5]], [1, 0], one(2), { normalisation: 'separate', normaliseByStd: false })
    expect(rows(apart.normalizedRewards)).toEqual([
      [0, 0.5],
      [0, -0.5],
    ])
    const weighed = igpoTurnAdvantages([[2]], [1], one(1), { gainWeight: 0.5, outcomeWeight: 3, normaliseByStd: false })
    expect(rows(weighed.normalizedRewards)).toEqual([[-1, 1]])
  })

  it('without tool turns it is GRPO with the biased deviation', () => {
    const { turnAdvantages } = igpoTurnAdvantages([[], []], [1, 0], one(2))
    expect(rows(turnAdvantages)).toEqual([close([1], 4), close([-1], 4)])
  })

  it('are 0 for equal rewards and for a lone reward; a zero gain stays a turn', () => {
    expect(rows(igpoTurnAdvantages([[0.98], [0.98]], [0.98, 0.98], one(2)).turnAdvantages).flat()).toEqual([0, 0, 0, 0])
    expect(rows(igpoTurnAdvantages([[]], [7], one(1)).turnAdvantages)).toEqual([[0]])
    expect(rows(igpoTurnAdvantages([[0, 0]], [1], one(1)).turnAdvantages)[0]).toHaveLength(3)
    expect(igpoTurnAdvantages([], [], groupItems([])).turnAdvantages).toEqual([])
  })

  it('sum to zero before accumulation, follow a permutation, ignore a common shift', () => {
    const rollout = fc.tuple(
      fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 3 }),
      fc.integer({ min: -3, max: 3 }),
    )
    fc.assert(
      fc.property(fc.array(rollout, { minLength: 2, maxLength: 4 }), given => {
        const f = (list: typeof given) =>
          igpoTurnAdvantages(
            list.map(([gains]) => gains),
            list.map(([, outcome]) => outcome),
            one(list.length),
          )
        const { normalizedRewards, turnAdvantages } = f(given)
        expect(
          rows(normalizedRewards)
            .flat()
            .reduce((a, b) => a + b, 0),
        ).toBeCloseTo(0, 6)
        expect(rows(f([...given].reverse()).turnAdvantages).reverse()).toEqual(rows(turnAdvantages).map(r => close(r)))
        const shifted = given.map(([gains, outcome]): [number[], number] => [gains.map(x => x + 2), outcome + 2])
        expect(rows(f(shifted).turnAdvantages)).toEqual(rows(turnAdvantages).map(r => close(r, 6)))
      }),
      { numRuns: 40, seed: 2 },
    )
  })

  it('fill the tokens of their turns', () => {
    expect([...turnsOnTokens([1, 2, 3], [0, 2], 5)]).toEqual([1, 2, 2, 3, 3])
    expect(() => turnsOnTokens([1, 2], [7], 5)).toThrow(/increasing turn ends below 5; got 7/)
    expect(() => turnsOnTokens([1], [2], 5)).toThrow(/same length/)
  })
})

describe('placement and the released estimators', () => {
  it('place gains on turn ends; released drops them when the count is wrong', () => {
    expect([...placeTurnRewards([0.5], 1, [1], 4)]).toEqual([0, 0.5, 0, 1])
    expect(() => placeTurnRewards([0.5], 1, [1, 2], 4)).toThrow(/same length/)
    expect([...placeTurnRewards([0.5], 1, [1, 2], 4, { compat: 'released' })]).toEqual([0, 0, 0, 1])
    const ends = Array.from({ length: 11 }, (_, t) => t)
    const long = placeTurnRewards(Array(10).fill(0.1), 1, ends, 12, { compat: 'released' })
    expect([...long]).toEqual([...Array(10).fill(0.1), 0, 1])
  })

  it('compare rollouts at the same token position', () => {
    const { values, offsets } = flatten([
      [0, 1],
      [0, 0],
    ])
    const both = releasedAdvantages(values, { offsets, mask: [1, 1, 1, 0] }, one(2))
    expect([[...both.returns], [...both.advantages]]).toEqual([
      [1, 1, 0, 0],
      [0.5, 0.5, -0.5, 0],
    ])
    const lone = releasedAdvantages(Float64Array.of(1, 2), { offsets: [0, 2] }, one(1))
    expect([...lone.advantages]).toEqual([0, 0])
  })

  it('centre on the first return without the deviation when asked', () => {
    const { values, offsets } = flatten([
      [0, 1],
      [0, 0],
    ])
    const plain = releasedDiscountedAdvantages(values, { offsets }, one(2), { normaliseByStd: false })
    // returns [.5, 1], [0, 0]; mean at position 0 is .25
    expect([...plain.advantages]).toEqual([0.25, 0.75, -0.25, -0.25])
  })

  it('count collapsed groups', () => {
    expect(zeroAdvantageGroupFraction([1, 1, 0, 1, 5], groupItems(['a', 'a', 'b', 'b', 'c']))).toBeCloseTo(2 / 3)
    expect(zeroAdvantageGroupFraction([1, 1.05], one(2), { tolerance: 0.1 })).toBe(1)
    expect(zeroAdvantageGroupFraction([], groupItems([]))).toBeUndefined()
  })
})

describe('the igpo stages', () => {
  const rollout = (id: string, outcome: unknown, answerLogProbs: unknown, turns: number) => ({
    id,
    group: 'g',
    prompt: 'p',
    outcome,
    turns: Array.from({ length: turns }, () => ({ action: 'search' })),
    columns: { answerLogProbs },
  })
  it('give turns credit, report bad boundaries and leave failed rollouts out', async () => {
    const base = batchFromRollouts([
      rollout('a', 1, [[-2], [-1]], 2),
      rollout('b', 1, [[-2], [-2]], 2),
      rollout('c', { status: 'failed', failure: { class: 'timeout', message: 'slow' } }, [[-2]], 1),
      rollout('d', 0, [[-2]], 2),
      rollout('e', 0, [[null], [-1]], 2),
    ])
    const batch = withColumns(base, { 'rollout.score': numbers(base, 'rollout.outcome') })
    const result = withColumns(batch, (await bindStage(igpoStage).apply(batch, null)).columns)
    const advantage = numbers(result, 'turn.advantage')
    const gain = Math.exp(-1) - Math.exp(-2)
    const want = igpoTurnAdvantages([[gain], [0], [0]], [1, 1, 0], one(3)).turnAdvantages
    expect([...advantage.values.slice(0, 4)]).toEqual(close(rows(want.slice(0, 2)).flat(), 10))
    expect([...advantage.status]).toEqual([0, 0, 0, 0, 2, 2, 2, 0, 0])
    expect(advantage.failures.get(5)?.message).toMatch(/at 2 boundaries, one before each turn; got 1/)
    expect([...numbers(result, 'turn.igpoGain').status.slice(0, 2)]).toEqual([0, 1])
    expect([...numbers(result, 'group.igpoCollapsed').values]).toEqual([0])
  })

  it('released: compares token returns at the same position, cut at tokens the policy did not write', async () => {
    const of = (id: string, outcome: unknown, answerLogProbs: unknown, spans: [number, number][], mask: number[]) => ({
      id,
      group: 'g',
      prompt: 'p',
      outcome,
      turns: spans.map(span => ({ action: 'search', span })),
      tokens: { mask },
      columns: { answerLogProbs },
    })
    const base = batchFromRollouts([
      of(
        'a',
        1,
        [[-2], [-1]],
        [
          [0, 2],
          [3, 5],
        ],
        [1, 1, 0, 1, 1],
      ),
      of(
        'b',
        0,
        [[-2], [-2]],
        [
          [0, 1],
          [2, 3],
        ],
        [1, 0, 1],
      ),
      of('c', { status: 'failed', failure: { class: 'timeout', message: 'slow' } }, [[-2]], [[0, 1]], [1]),
      of('d', 1, [[-2]], [[0, 1]], [0]),
    ])
    const batch = withColumns(base, { 'rollout.score': numbers(base, 'rollout.outcome') })
    const run = async (options: object) =>
      withColumns(batch, (await bindStage(igpoReleasedStage, options).apply(batch, null)).columns)
    // a: gain g on token 1, outcome 1 on token 4, returns g g 1 1 1 (the masked token cuts); b: all 0; means are halves.
    const half = (Math.exp(-1) - Math.exp(-2)) / 2
    const result = await run({})
    const advantage = numbers(result, 'token.advantage')
    expect([...advantage.values.slice(0, 8)]).toEqual(close([half, half, 0, 0.5, 0.5, -half, 0, -0.5], 12))
    expect([...numbers(result, 'token.igpoReturn').values.slice(0, 5)]).toEqual(
      close([2 * half, 2 * half, 1, 1, 1], 12),
    )
    expect([...advantage.status.slice(8)]).toEqual([2, 2])
    expect(advantage.failures.get(9)?.message).toMatch(/policy tokens in the span of every turn/)
    // First returns γ·g and 0: mean γ·g/2, no deviation asked for; token 1 holds g.
    const discounted = await run({ estimator: 'discounted', gamma: 0.5, normaliseByStd: false })
    expect([...numbers(discounted, 'token.advantage').values.slice(0, 2)]).toEqual(close([half / 2, 1.5 * half], 12))
  })

  it('released: drops gains whose number does not match the tool turns', async () => {
    const base = batchFromRollouts([
      {
        id: 'a',
        prompt: 'p',
        outcome: 1,
        turns: [{ action: 'x', span: [0, 1] as [number, number] }],
        tokens: { mask: [1] },
        columns: { answerLogProbs: [[-2], [-1], [-1]] },
      },
    ])
    const batch = withColumns(base, { 'rollout.score': numbers(base, 'rollout.outcome') })
    const { columns } = await bindStage(igpoReleasedStage).apply(batch, null)
    expect([...numbers(withColumns(batch, columns), 'token.igpoReturn').values]).toEqual([1])
  })

  it('score answers', async () => {
    const batch = batchFromRollouts([
      { id: 'a', prompt: 'p', response: '<answer>Rome</answer>', reference: ['rome', 'Roma'] },
      { id: 'b', prompt: 'p', response: 'Rome', reference: 'rome' },
      { id: 'c', prompt: 'p', response: 'Rome' },
    ])
    const { columns } = await bindStage(igpoOutcomeStage).apply(batch, null)
    const score = numbers(withColumns(batch, columns), 'rollout.score')
    expect([...score.values]).toEqual([1, -2, Number.NaN])
    expect(score.failures.get(2)?.message).toMatch(/a reference answer/)
  })
})
