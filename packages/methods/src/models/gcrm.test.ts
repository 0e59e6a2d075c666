import { batchFromRollouts, bindStage, outcomeAt, Random, type Signal } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  auroc,
  contrastiveGoalLoss,
  drawGoalStates,
  filteredMajorityVote,
  type GoalIndexTensors,
  type GoalStates,
  gcrmLoss,
  gcrmStage,
  goalHead,
  goalIndices,
  goalState,
  guidedScore,
  initialGoalHead,
  normaliseReward,
  prefixReward,
  qValues,
  stateIndex,
  stopEarly,
} from './gcrm.ts'

describe('state sampling', () => {
  it.each([
    // u = 0: the end-of-text-inclusive start; u → 1: the last token
    [0, 4, 9, 0, -5],
    [0.999, 4, 9, 0, -1],
    [0.5, 4, 9, 1, -5],
    [0, 40, 9, 0, -8],
    [0.3, 0, 9, 0, -1],
    [0.3, 5, 1, 0, 0],
  ])('u = %d, %d tokens of %d, percentile %d → %d', (u, actions, sequenceLength, percentile, expected) => {
    expect(stateIndex(u, { actions, sequenceLength, percentile })).toBe(expected)
  })

  it('sorts each pair of draws: the source never lies after the goal', () => {
    const draws = drawGoalStates(new Random(3), { batch: 2, similarSamples: 8, dissimilarSamples: 3 })
    const indices = goalIndices(draws, { chosenActions: [10, 4], rejectedActions: [2, 7], sequenceLength: 16 })
    indices.source.forEach((row, b) => {
      row.forEach((position, s) => {
        expect(position).toBeLessThanOrEqual(indices.goal[b][s])
      })
    })
    expect(indices.rejected[0].every(position => position >= -3)).toBe(true)
    expect(drawGoalStates(new Random(3), { batch: 2, similarSamples: 8, dissimilarSamples: 3 })).toEqual(draws)
  })
})

describe('contrastive loss', () => {
  const last = { source: [[-1, -2]], goal: [[-1, -2]], chosen: [[-1, -2]], rejected: [[-1, -2]] }
  const run = (chosen: number[][][], rejected: number[][][], strategy: 'cosine' | 'cosineAverage' = 'cosine') =>
    interpret(valueAndGrad((s: GoalStates, i: GoalIndexTensors) => contrastiveGoalLoss(s, i, { strategy })))(
      { chosen, rejected },
      last,
    )
  const sigma = 1 / (1 + Math.exp(-1))

  it('same everywhere: ½·(−log σ(1) − log(1 − σ(1))); opposite: both terms −log σ(1)', () => {
    const states = [
      [
        [1, 0],
        [2, 0],
      ],
    ]
    expect(run(states, states).value.data[0]).toBeCloseTo(0.5 * (-Math.log(sigma) - Math.log(1 - sigma)), 12)
    expect(
      run(states, [
        [
          [-3, 0],
          [-1, 0],
        ],
      ]).value.data[0],
    ).toBeCloseTo(-Math.log(sigma), 12)
  })

  it('takes the logarithm of the mean over all pairs, not only matched ones', () => {
    // orthogonal states: cosines 1, 0, 0, 1 → A = (σ(1) + ½)/2
    const value = run(
      [
        [
          [1, 0],
          [0, 1],
        ],
      ],
      [
        [
          [-1, 0],
          [-1, 0],
        ],
      ],
    ).value.data[0]
    const a = (sigma + 0.5) / 2
    const b = (1 - sigma + 0.5) / 2
    expect(value).toBeCloseTo(0.5 * (-Math.log(a) - Math.log(1 - b)), 12)
  })

  it('averaging goals first is another loss', () => {
    const states = [
      [
        [1, 0],
        [0, 1],
      ],
    ]
    // averaged goal (½, ½): both cosines 1/√2
    const b = 1 / (1 + Math.exp(-Math.SQRT1_2))
    expect(run(states, states, 'cosineAverage').value.data[0]).toBeCloseTo(0.5 * (-Math.log(b) - Math.log(1 - b)), 12)
  })

  it('a zero state has cosine 0 and a finite gradient', () => {
    const { value, gradient } = run(
      [
        [
          [0, 0],
          [1, 0],
        ],
      ],
      [
        [
          [1, 0],
          [1, 0],
        ],
      ],
    )
    expect(Number.isFinite(value.data[0])).toBe(true)
    expect([...gradient.chosen.data].every(Number.isFinite)).toBe(true)
  })

  it('stays within its bounds', () => {
    const state = fc.array(fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 2, maxLength: 2 }), {
      minLength: 2,
      maxLength: 2,
    })
    fc.assert(
      fc.property(state, state, (chosen, rejected) => {
        const loss = run([chosen], [rejected]).value.data[0]
        expect(loss).toBeGreaterThan(0.5 * 0.6265 - 1e-3)
        expect(loss).toBeLessThan(0.5 * 2.6266 + 1e-3)
      }),
      { numRuns: 25 },
    )
  })

  it('adds the preference loss, with a margin when given', () => {
    const loss = interpret((c: Tensor, r: Tensor) => gcrmLoss(c, r, 0.25, { margin: 1 }))([1], [0])
    expect(loss.total.data[0]).toBeCloseTo(Math.LN2 + 0.25, 12)
  })
})

describe('goal states and filtering', () => {
  it('averages states and reads Q-values as cosines', () => {
    const goal = goalState([
      [2, 0],
      [0, 2],
    ])
    expect([...goal]).toEqual([1, 1])
    expect(
      [
        ...qValues(
          [
            [3, 3],
            [0, 0],
            [-1, -1],
          ],
          goal,
        ),
      ].map(q => Math.round(q * 1e9) / 1e9),
    ).toEqual([1, 0, -1])
    expect(
      guidedScore(
        -2,
        [
          [1, 0],
          [0, 1],
        ],
        goal,
      ),
    ).toBeCloseTo(-1, 12)
    expect(() => qValues([[1]], goal)).toThrow(/same length/)
  })

  it('stops at the first low cosine after the noisy start', () => {
    expect(stopEarly([-1, -1, 0.2, -0.1, 0.3], { dropFirst: 2 })).toEqual({ stopped: true, at: 3, saved: 2, tokens: 3 })
    expect(stopEarly([-1, -1], { dropFirst: 2 })).toEqual({ stopped: false, at: undefined, saved: 0, tokens: 0 })
    expect(stopEarly([0, 0], { dropFirst: 0 }).stopped).toBe(false)
  })

  const sample = (question: string, correct: boolean, answer: string, low: boolean) => ({
    question,
    correct,
    answer,
    cosines: [low ? -1 : 1],
  })

  it('votes over kept samples; ties with a wrong answer count as correct', () => {
    const vote = filteredMajorityVote(
      [
        sample('a', true, 'x', false),
        sample('a', false, 'y', true),
        sample('a', false, 'z', false),
        sample('b', false, 'y', false),
        sample('b', false, 'y', false),
        sample('b', true, 'x', false),
      ],
      { dropFirst: 0 },
    )
    expect(vote.accuracy).toBe(0.5)
    expect(vote.questions[0]).toMatchObject({ correct: true, stopped: 1, tokensSaved: 1, shareCorrectKept: 0.5 })
    expect(vote.questions[1]).toMatchObject({ correct: false, stopped: 0, shareCorrect: 1 / 3 })
  })

  it('filters nothing when everything would be filtered', () => {
    const vote = filteredMajorityVote([sample('a', true, 'x', true), sample('a', false, 'y', true)], { dropFirst: 0 })
    expect(vote.questions[0]).toMatchObject({ correct: true, stopped: 0, tokensSaved: 0, shareCorrectKept: 0.5 })
    expect(() => filteredMajorityVote([])).toThrow(/at least one entry/)
  })

  it('reads the reward of a prefix at ⌊n·share⌋ − 1', () => {
    const rewards = [9, 9, 1, 2, 3, 4]
    expect([0, 0.5, 1].map(share => prefixReward(rewards, { actions: 4, share }))).toEqual([1, 2, 4])
    expect(() => prefixReward([1], { actions: 2, share: 1 })).toThrow(/at least 2 token rewards; got 1/)
  })

  it('AUROC: order, ties and single classes', () => {
    expect(auroc([1, 2, 3, 4], [0, 0, 1, 1])).toBe(1)
    expect(auroc([4, 3, 2, 1], [0, 0, 1, 1])).toBe(0)
    expect(auroc([1, 1], [0, 1])).toBe(0.5)
    expect(auroc([1, 2], [1, 1])).toBeUndefined()
    expect(() => auroc([1], [2])).toThrow(/labels of 0 or 1/)
  })
})

describe('stage', () => {
  const batch = batchFromRollouts(
    [
      [1, 1, 1],
      [1, -1, 1],
      [-1, -1, -1],
      [-1, 1, 1],
    ].map((goalCosine, i) => ({
      id: `r${i}`,
      group: i < 2 ? 'a' : 'b',
      prompt: i < 2 ? 'p' : 'q',
      response: 'x',
      tokens: { ids: [1, 2, 3], goalCosine },
    })),
  )

  it('keeps what runs on, and a whole group that would be dropped', async () => {
    const stage = bindStage(gcrmStage, { dropFirst: 0 })
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...(columns['rollout.selected'] as Signal).values]).toEqual([1, 0, 1, 1])
    expect([...(columns['rollout.gcrmSaved'] as Signal).values]).toEqual([0, 2, 0, 0])
    expect([...(columns['rollout.gcrmStop'] as Signal).values]).toEqual([-1, 1, -1, -1])
  })

  it('fails a rollout without response tokens', async () => {
    const empty = batchFromRollouts([
      { id: 'a', prompt: 'p', response: '', tokens: { ids: [1], goalCosine: [0.5], mask: [0] } },
    ])
    const stage = bindStage(gcrmStage)
    const { columns } = await stage.apply(empty, stage.initial())
    expect(outcomeAt(columns['rollout.selected'] as Signal, 0)).toMatchObject({ status: 'failed' })
  })
})

describe('reward head', () => {
  it('is one row without bias, or three hidden layers before it', () => {
    const [linear] = initialGoalHead(400, new Random(1))
    expect(linear.bias).toBeUndefined()
    expect(linear.weight).toHaveLength(1)
    // deviation 1/401: 400 draws stay within a fifth of it
    const spread = Math.sqrt(linear.weight[0].reduce((total, w) => total + w * w, 0) / 400)
    expect(spread * 401).toBeGreaterThan(0.8)
    expect(spread * 401).toBeLessThan(1.2)
    const deep = initialGoalHead(5, new Random(1), { kind: 'mlp' })
    expect(deep.map(({ weight }) => [weight.length, weight[0].length])).toEqual([
      [2, 5],
      [2, 2],
      [5, 2],
      [1, 5],
    ])
    expect(deep.map(({ bias }) => bias?.length)).toEqual([2, 2, 5, undefined])
    expect(() => initialGoalHead(1, new Random(1), { kind: 'mlp' })).toThrow(/width/)
  })

  it('scores rows, with ReLU between layers only', () => {
    const run = interpret((hidden: Tensor, weight: Tensor) => goalHead(hidden, [{ weight }]))
    expect([
      ...run(
        [
          [1, 2],
          [-1, 0],
        ],
        [[1, -1]],
      ).data,
    ]).toEqual([-1, -1])
    const deep = interpret((hidden: Tensor, first: Tensor, last: Tensor) =>
      goalHead(hidden, [{ weight: first }, { weight: last }]),
    )
    expect([...deep([[1], [-1]], [[1]], [[-3]]).data]).toEqual([-3, 0])
  })

  it('is brought to the scale of an evaluation set', () => {
    expect(normaliseReward(3, { mean: 1, std: 4 })).toBe(0.5)
    expect(() => normaliseReward(3, { mean: 1, std: 0 })).toThrow(/above 0/)
  })
})
