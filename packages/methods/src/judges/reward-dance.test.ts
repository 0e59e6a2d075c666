import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bothOrders,
  comparativeRewards,
  gsbScore,
  noHackingMonitor,
  orderBias,
  pairwiseGenerativeLoss,
  pointwiseGenerativeLoss,
  prunePaths,
  rankReferences,
  reflLoss,
  restrictedAccuracy,
  rewardDanceMonitorStage,
  rewardDanceStage,
  varianceTrace,
  watchRewards,
  yesProbability,
} from './reward-dance.ts'

const f64 = (given: number[] | number[][]) => ndarray(given, { dtype: 'float64' })
const sigma = (x: number) => 1 / (1 + Math.exp(-x))

describe('yesProbability', () => {
  const logits = [Math.log(6), Math.log(2), Math.log(1), Math.log(1)]

  it('by hand: 6 of 10 in the vocabulary, 6 of 8 among yes and no', () => {
    const p = yesProbability(logits, { yes: [0], no: [1] })
    expect(p.fullVocabulary).toBeCloseTo(0.6, 12)
    expect(p.restricted).toBeCloseTo(0.75, 12)
    expect(p.logFull).toBeCloseTo(Math.log(0.6), 12)
  })

  it('sums surface forms', () => {
    const p = yesProbability(logits, { yes: [0, 2], no: [1, 3] })
    expect(p.fullVocabulary).toBeCloseTo(0.7, 12)
    expect(p.restricted).toBeCloseTo(0.7, 12)
  })

  it('survives logits of ±1000 and names what it cannot use', () => {
    const p = yesProbability([-1000, 1000, 0], { yes: [0], no: [1] })
    expect(p).toMatchObject({ fullVocabulary: 0, restricted: 0, logFull: -2000 })
    expect(() => yesProbability([0, Number.NaN], { yes: [0], no: [1] })).toThrow('logits[1]')
    expect(() => yesProbability([0, 1], { yes: [], no: [1] })).toThrow('yes ids in [0, 2)')
  })
})

describe('losses', () => {
  it('pairwise: cross-entropy of the label, gradient softmax − label', () => {
    const { value, gradient } = interpret(
      valueAndGrad((logits: Tensor, labels: Tensor) => pairwiseGenerativeLoss(logits, labels, { yes: [0], no: [1] })),
    )(
      f64([
        [Math.log(2), 0, 0],
        [0, 0, 0],
      ]),
      f64([1, 0]),
    )
    expect(value.data[0]).toBeCloseTo((Math.log(2) + Math.log(3)) / 2, 12)
    const want = [-0.25, 0.125, 0.125, 1 / 6, -1 / 3, 1 / 6]
    want.forEach((expected, i) => {
      expect(gradient.data[i]).toBeCloseTo(expected, 12)
    })
    expect(restrictedAccuracy([1, -1, 0], [true, true, false])).toBeCloseTo(2 / 3, 12)
  })

  it('both orders flip the label', () => {
    expect(bothOrders([{ first: 'a', second: 'b', secondBetter: true }])).toEqual([
      { reference: 'a', candidate: 'b', candidateBetter: true },
      { reference: 'b', candidate: 'a', candidateBetter: false },
    ])
  })

  it('pointwise: bounded in probability space, not in logit space', () => {
    const run = (scoreSpace: 'probability' | 'logit', preferred: number, rejected: number) =>
      interpret((w: Tensor, l: Tensor) => pointwiseGenerativeLoss(w, l, { scoreSpace, ceWeight: 0.5 }))(
        f64([preferred]),
        f64([rejected]),
      )
    expect(run('probability', 100, -100).bradleyTerry.data[0]).toBeCloseTo(Math.log(1 + Math.exp(-1)), 12)
    expect(run('logit', 100, -100).bradleyTerry.data[0]).toBeCloseTo(0, 12)
    const even = run('logit', 0, 0)
    expect(even.crossEntropy.data[0]).toBeCloseTo(Math.LN2, 12)
    expect(even.total.data[0]).toBeCloseTo(1.5 * Math.LN2, 12)
  })

  it('ReFL: the probability saturates, its logarithm does not', () => {
    const slope = (objective: 'probability' | 'logProbability' | 'logit', z: number) =>
      interpret(valueAndGrad((margins: Tensor) => reflLoss(margins, { objective })))(f64([[z]])).gradient.data[0]
    const p = sigma(-8)
    expect(slope('probability', -8)).toBeCloseTo(-p * (1 - p), 12)
    expect(slope('logProbability', -8)).toBeCloseTo(-(1 - p), 12)
    expect(slope('logit', -8)).toBe(-1)
  })
})

describe('rankReferences', () => {
  it('wins, then probability, then index; the diagonal is not read', () => {
    const cycle = [
      [Number.NaN, 0.7, 0.2],
      [0.3, Number.NaN, 0.8],
      [0.8, 0.2, Number.NaN],
    ]
    expect(rankReferences(cycle)).toMatchObject({ ranking: [1, 2, 0], top: [1, 2], bottom: [0, 2] })
    const even = [
      [0, 0.5],
      [0.5, 0],
    ]
    expect(rankReferences(even, { numReferences: 1 })).toMatchObject({ top: [0], bottom: [1] })
    expect([...rankReferences(even).wins]).toEqual([0.5, 0.5])
    expect(rankReferences([[0]]).top).toEqual([0])
    expect(() =>
      rankReferences([
        [0, 2],
        [0, 0],
      ]),
    ).toThrow('beats[0][1]')
  })
})

describe('comparativeRewards', () => {
  it('means over references, deviation over candidates', () => {
    const { rewards, mean, std } = comparativeRewards([
      [0, Math.log(3)],
      [0, 0],
    ])
    expect([...rewards]).toEqual([expect.closeTo(0.625, 12), 0.5])
    expect(mean).toBeCloseTo(0.5625, 12)
    expect(std).toBeCloseTo(0.0625, 12)
    expect(comparativeRewards([]).mean).toBe(0)
  })

  it('swapping candidate and reference mirrors the reward', () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 30, noNaN: true }), z => {
        const [forward, backward] = comparativeRewards([[z], [-z]]).rewards
        expect(forward + backward).toBeCloseTo(1, 12)
        expect(orderBias({ self: 0.5, forward, backward }).swap).toBeCloseTo(0, 12)
      }),
    )
  })
})

describe('monitor', () => {
  it('alarms from windows, never from short histories', () => {
    expect(varianceTrace([0, 1, 1, 1], { window: 2, collapseStd: 0.1 })).toEqual({
      runningStd: Float64Array.of(0, 0.5, 0, 0),
      firstCollapse: 2,
    })
    expect(varianceTrace([1], { window: 2, collapseStd: 0.1 }).firstCollapse).toBeNull()
  })

  it('needs a collapse and a rising reward or a falling gold', () => {
    const options = { window: 4 }
    const start = watchRewards(noHackingMonitor, [0, 1, 0, 1], [1], options).monitor
    expect(start.initial).toEqual({ mean: 0.5, std: 0.5, gold: 1 })
    expect(watchRewards(start, [0.9, 0.9, 0.9, 0.9], [], options).report).toMatchObject({ ratio: 0, alarm: true })
    expect(watchRewards(start, [0.4, 0.4, 0.4, 0.4], [], options).report.alarm).toBe(false)
    expect(watchRewards(start, [0.4, 0.4, 0.4, 0.4], [0, 0, 0, 0], options).report.alarm).toBe(true)
    expect(watchRewards(start, [0, 1, 0, 1], [], options).report.alarm).toBe(false)
    expect(watchRewards(noHackingMonitor, [], [], options).report).toMatchObject({ mean: 0, ratio: null, alarm: false })
  })
})

it('paths and votes', () => {
  expect(prunePaths([0.25, 0.25, 0.75, 0.75], { keep: 3 })).toEqual([2, 3, 0])
  expect(prunePaths([1], { keep: 5 })).toEqual([0])
  expect(gsbScore({ good: 49, same: 40, bad: 11 })).toBeCloseTo(0.38, 12)
  expect(gsbScore({ good: 0, same: 0, bad: 0 })).toBeNull()
})

describe('stages', () => {
  const batch = batchFromRollouts([
    { id: 'a', prompt: 'p', columns: { yesMinusNo: [0, Math.log(3)] } },
    { id: 'b', prompt: 'p', columns: { yesMinusNo: [] } },
    { id: 'c', prompt: 'p' },
  ])

  it('scores what was compared', async () => {
    const { columns } = await bindStage(rewardDanceStage).apply(batch, null)
    const reward = columns['rollout.reward'] as Signal
    expect(reward.values[0]).toBeCloseTo(0.625, 12)
    expect([1, 2].map(i => outcomeAt(reward, i).status)).toEqual(['failed', 'abstained'])
    expect((columns['rollout.rewardDanceReferenceSpread'] as Signal).values[0]).toBeCloseTo(0.25, 12)
  })

  it('the monitor resumes from its saved state', async () => {
    const rewarded = (reward: number) =>
      batchFromRollouts([0, 1].map(i => ({ id: `${i}`, prompt: 'p', columns: { reward: reward * i } })))
    const stage = bindStage(rewardDanceMonitorStage, { window: 2 })
    const first = await stage.apply(rewarded(1), stage.initial())
    const saved = JSON.parse(JSON.stringify(first.state))
    const equal = batchFromRollouts([0, 1].map(i => ({ id: `${i}`, prompt: 'p', columns: { reward: 0.9 } })))
    const second = await stage.apply(equal, saved)
    expect((second.columns['rollout.rewardDanceAlarm'] as Signal).values[0]).toBe(1)
  })
})
