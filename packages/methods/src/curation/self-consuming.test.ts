import { batchFromRollouts, bindStage, type ColumnData, Random } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestOfKDistribution } from './raft.ts'
import {
  choiceProbabilities,
  clippedDistanceRewards,
  collapseReport,
  curate,
  curationWeights,
  entropy,
  infiniteKStep,
  klDivergence,
  loopWithRealData,
  modeShares,
  pickByUniform,
  planRound,
  populationStep,
  recordedPicks,
  retrainingLoss,
  selfConsumingStage,
  syntheticOnlyLoop,
} from './self-consuming.ts'

const discrete = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.double({ min: -2, max: 2, noNaN: true })), {
    minLength: 1,
    maxLength: 4,
  })
  .map(rows => {
    const total = rows.reduce((a, [w]) => a + w, 0)
    return { p: rows.map(([w]) => w / total), rewards: rows.map(([, r]) => r) }
  })

describe('choiceProbabilities', () => {
  it('is a softmax that neither overflows nor counts what is missing', () => {
    // e^0 : e^ln3 = 1 : 3
    expect([...choiceProbabilities([0, Math.log(3)])].map(p => +p.toFixed(12))).toEqual([0.25, 0.75])
    expect([...choiceProbabilities([800, Number.NaN, Number.NEGATIVE_INFINITY])]).toEqual([1, 0, 0])
    expect([...choiceProbabilities([Number.NaN])]).toEqual([0])
    expect(choiceProbabilities([1, 2], { rewardScale: 0 })[0]).toBe(0.5)
    expect(() => choiceProbabilities([Number.POSITIVE_INFINITY])).toThrow(/item 0/)
  })
})

describe('curate', () => {
  it('picks the first item whose cumulative probability exceeds u', () => {
    expect(pickByUniform([0.25, 0.75], 0.25)).toBe(1)
    expect(pickByUniform([0.25, 0.75], 0.2499)).toBe(0)
    expect(pickByUniform([0, 1 - 1e-12, 0], 1 - 1e-16)).toBe(1)
    expect(pickByUniform([0, 0], 0.5)).toBeUndefined()
  })

  it('takes one draw a group, and the best when there is no noise', () => {
    const groups = [[0, 9], [9, 0], [Number.NaN, Number.NaN], [1]]
    const { picked, effectiveK } = curate(groups, new Random(1), { rewardScale: 50 })
    expect(picked).toEqual([1, 0, undefined, 0])
    expect([...effectiveK]).toEqual([2, 2, 0, 1])
    expect(curate(groups, [0, 0, 0, 0], { choice: 'bestOfK' }).picked).toEqual([1, 0, undefined, 0])
    expect(() => curate(groups, [0.5])).toThrow(/same length/)
  })

  it('counts abstentions of people', () => {
    expect(recordedPicks([1, null])).toEqual({ picked: [1, undefined], abstentionRate: 0.5 })
    expect(recordedPicks([]).abstentionRate).toBe(0)
  })
})

describe('population dynamics', () => {
  it('re-weights two outcomes by hand for K = 2', () => {
    // H(x) = Σ_y p(y)·2e^{r(x)}/(e^{r(x)} + e^{r(y)}); with e^r = 1, 3: H(0) = ½·1 + ½·½ = 0.75, H(1) = ½·1.5 + ½·1 = 1.25
    const step = populationStep([0.5, 0.5], [0, Math.log(3)], 2)
    expect([...step.weights].map(h => +h.toFixed(12))).toEqual([0.75, 1.25])
    expect(step.expRewardBefore).toBeCloseTo(2, 12)
    // ½·Var/e^{r*} = ½·1/3
    expect(step.lowerBoundAfter).toBeCloseTo(2 + 1 / 6, 12)
    expect(step.expRewardAfter).toBeCloseTo(2.25, 12)
  })

  it('keeps its inequalities', () => {
    fc.assert(
      fc.property(discrete, fc.integer({ min: 1, max: 5 }), ({ p, rewards }, K) => {
        const { weights, next, expRewardAfter, lowerBoundAfter } = populationStep(p, rewards, K)
        for (const weight of weights) {
          expect(weight).toBeGreaterThan(0)
          expect(weight).toBeLessThanOrEqual(K + 1e-9)
        }
        expect(next.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9)
        expect(expRewardAfter).toBeGreaterThanOrEqual(lowerBoundAfter - 1e-9)
      }),
      { numRuns: 60 },
    )
  })

  it('does nothing for K = 1 or equal rewards', () => {
    expect([...curationWeights([0.3, 0.7], [5, -5], 1)]).toEqual([1, 1])
    expect([...curationWeights([0.3, 0.7], [2, 2], 4)].map(h => +h.toFixed(12))).toEqual([1, 1])
  })

  it('goes to one step of KL-regularised RLHF as K grows, and to best-of-K as rewards grow apart', () => {
    const p = [0.5, 0.3, 0.2]
    const rewards = [0, 0.4, -0.3]
    const large = populationStep(p, rewards, 400).next
    const limit = infiniteKStep(p, rewards)
    for (let x = 0; x < 3; x++) expect(large[x]).toBeCloseTo(limit[x], 3)
    const many = populationStep([0.5, 0.5], [0, 1], 5000).next
    expect(many[1]).toBeCloseTo(Math.E / (1 + Math.E), 3)
    const sharp = populationStep(
      p,
      rewards.map(r => r * 1000),
      4,
    ).next
    const best = bestOfKDistribution(p, rewards, 4).selected
    for (let x = 0; x < 3; x++) expect(sharp[x]).toBeCloseTo(best[x], 9)
  })

  it('weighs outcomes that have no probability yet, however good', () => {
    // alone against K − 1 samples of e^0: H = K·e^r/(e^r + K − 1)
    expect(curationWeights([1, 0], [0, 1], 4)[1]).toBeCloseTo((4 * Math.E) / (Math.E + 3), 12)
    expect([...curationWeights([1, 0, 0], [0, 900, -900], 4)]).toEqual([1, 4, 0])
  })

  it('refuses an enumeration that would never end', () => {
    const p = Array.from({ length: 40 }, () => 1 / 40)
    expect(() =>
      curationWeights(
        p,
        p.map((_, i) => i),
        32,
      ),
    ).toThrow(/small K/)
  })

  it('survives huge rewards in the limit of many samples', () => {
    expect(infiniteKStep([0.5, 0.5], [1000, 1000])[0]).toBeCloseTo(0.5, 9)
  })
})

describe('loops', () => {
  it('on curated data alone end on the best part of the start', () => {
    const loop = syntheticOnlyLoop([0.1, 0.6, 0.3], [1, 0, 1], { K: 4, steps: 60 })
    expect([...loop.limit].map(q => +q.toFixed(12))).toEqual([0.25, 0, 0.75])
    expect(loop.klFromLimit).toBeLessThan(1e-6)
    expect(loop.expReward).toHaveLength(61)
    expect(loop.expRewardVariance[60]).toBeLessThan(1e-5)
    for (let t = 1; t <= 60; t++) expect(loop.expReward[t]).toBeGreaterThanOrEqual(loop.expReward[t - 1] - 1e-12)
  })

  it('with real data stay within the bound and keep a gain', () => {
    fc.assert(
      fc.property(discrete, fc.double({ min: 0, max: 0.3, noNaN: true }), ({ p, rewards }, lambda) => {
        const loop = loopWithRealData(p, rewards, { K: 4, lambda, steps: 6 })
        for (const kl of loop.klFromReference) expect(kl).toBeLessThanOrEqual((loop.klBound ?? 0) + 1e-9)
        for (const value of loop.expReward.slice(1)) expect(value).toBeGreaterThanOrEqual(loop.expRewardBound - 1e-9)
      }),
      { numRuns: 40 },
    )
  })

  it('have no bound from λ(K−1) = 1 on, and stand still for λ = 0', () => {
    expect(loopWithRealData([0.5, 0.5], [0, 1], { K: 3, lambda: 0.5, steps: 1 }).klBound).toBeNull()
    const still = loopWithRealData([0.5, 0.5], [0, 1], { K: 3, lambda: 0, steps: 3 })
    expect([...still.final]).toEqual([0.5, 0.5])
    expect(still.klBound).toBe(0)
  })
})

describe('retraining', () => {
  it('weights real and curated data by the ratio λ', () => {
    const loss = (lambda: number | null) => (real: Tensor, curated: Tensor) => retrainingLoss(real, curated, { lambda })
    expect(interpret(loss(0.5))([-1, -3], [-4]).data[0]).toBeCloseTo((2 + 0.5 * 4) / 1.5, 12)
    expect(interpret(loss(null))([-1], [-4, -2]).data[0]).toBe(3)
    const run = interpret(valueAndGrad(loss(1)))
    expect([...run([-1, -1], [-1]).gradient.data]).toEqual([-0.25, -0.25])
  })

  it('plans λ·n picks of K samples', () => {
    expect(planRound(2000, { lambda: 0.25, K: 4 })).toEqual({ curated: 500, samples: 2000 })
  })

  it('reports collapse', () => {
    const shares = modeShares(['a', 'a', 'a', 'b'], ['a', 'b'])
    expect([...shares]).toEqual([0.75, 0.25])
    expect(() => modeShares(['z'], ['a'])).toThrow(/"z"/)
    const report = collapseReport(shares, [0.5, 0.5], ['x', 'x', 'y', 'z'], {
      maxKl: 0.1,
      minModeShare: 0.3,
      minEntropyRatio: 0.5,
    })
    expect(report.kl).toBeCloseTo(klDivergence([0.75, 0.25], [0.5, 0.5]), 12)
    expect(report.uniqueShare).toBe(0.75)
    expect(report.entropyRatio).toBeCloseTo(entropy([0.75, 0.25]) / Math.LN2, 12)
    expect(report.broken).toEqual(['maxKl', 'minModeShare'])
    expect(collapseReport([1], [1], []).entropyRatio).toBe(1)
  })

  it('is flat within the radius of the centre', () => {
    expect([
      ...clippedDistanceRewards(
        [
          [0, 0],
          [1, 0],
          [3, 4],
        ],
        [0, 0],
      ),
    ]).toEqual([0, 0, -40])
  })
})

describe('stage', () => {
  const rollout = (id: string, score: unknown, group = 'q', picked: unknown = null) => ({
    id,
    group,
    prompt: 'p',
    columns: { score, picked },
  })
  const failure = { status: 'failed', failure: { class: 'timeout', message: 'model' } }

  it('picks one of each group, leaves failures and small groups out, and replays', async () => {
    const batch = batchFromRollouts([rollout('a', 9), rollout('b', 0), rollout('c', failure), rollout('d', 1, 'alone')])
    const stage = bindStage(selfConsumingStage)
    const first = await stage.apply(batch, stage.initial())
    expect([...numbersIn(first.columns['rollout.selfConsumingPicked'])]).toEqual([1, 0, NaN, NaN])
    expect([...numbersIn(first.columns['group.selfConsumingK'])]).toEqual([2, 1])
    expect(first.state).toMatchObject({ groups: 2, withoutPick: 1 })
    expect(await stage.apply(batch, stage.initial())).toEqual(first)
  })

  it('takes people at their word', async () => {
    const batch = batchFromRollouts([
      rollout('a', 9, 'q', 0),
      rollout('b', 0, 'q', 1),
      rollout('c', 1, 'none', 0),
      rollout('d', 2, 'none', 0),
    ])
    const stage = bindStage(selfConsumingStage, { choice: 'humanPicks' })
    const { columns, state } = await stage.apply(batch, stage.initial())
    expect([...numbersIn(columns['rollout.selfConsumingPicked'])]).toEqual([0, 1, NaN, NaN])
    expect(state).toMatchObject({ withoutPick: 1 })
  })

  it('is RAFT without noise', async () => {
    const batch = batchFromRollouts([rollout('a', 1), rollout('b', 3), rollout('c', 3)])
    const stage = bindStage(selfConsumingStage, { choice: 'bestOfK' })
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...numbersIn(columns['rollout.selfConsumingPicked'])]).toEqual([0, 1, 0])
  })
})

function numbersIn(column: ColumnData): Float64Array {
  if (column.kind !== 'number') throw new Error('expected numbers')
  return column.values
}
