import { Random } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  asafEpoch,
  asafLoss,
  asafSettings,
  coachedPolicyLoss,
  coachRegularisation,
  coachWeights,
  constraintStep,
  episodeLimits,
  episodeWindows,
  gumbelOneHot,
  initialMultipliers,
  maskHidden,
  multiCriticPolicyLoss,
  multiCriticTargets,
  multiplierLoss,
  occurrenceRate,
  slidingWindows,
  teamRegularisationContinuous,
  teamRegularisationDiscrete,
  weightedTeamLoss,
} from './effective-reward-spec.ts'

const real = fc.double({ min: -3, max: 3, noNaN: true })

describe('ASAF', () => {
  it('splits episodes, leaving an unfinished tail out', () => {
    const episodes = episodeLimits([1, 0, 1, 1, 0, 1])
    expect(episodes).toEqual({ starts: [0, 2], ends: [1, 4] })
    expect(episodeWindows(episodes, 2)).toEqual({ starts: [0, 2, 4], ends: [1, 3, 4] })
    expect(slidingWindows(7, 3, 2)).toEqual({ starts: [0, 2, 4], ends: [2, 4, 6] })
    expect(slidingWindows(3, 3, 5).starts).toEqual([0])
    expect(() => slidingWindows(2, 3)).toThrow(/at least 3 transitions/)
  })

  it('draws every learner window once and expert windows with replacement', () => {
    const epoch = asafEpoch(7, 2, 3, new Random(4))
    expect(epoch).toHaveLength(2)
    expect(new Set(epoch.flatMap(batch => batch.learner)).size).toBe(6)
    expect(epoch.every(batch => batch.expert.every(i => i < 2))).toBe(true)
    expect(asafSettings.full.normClip).toBe(10)
  })

  it('is log 2 for equal policies and cares for sums only', () => {
    const run = (lengths: number[], learner: number) =>
      interpret((now: Tensor, old: Tensor) => asafLoss(now, old, lengths, learner).loss)
    expect(run([2, 1], 1)([-1, -2, -3], [-1, -2, -3]).data[0]).toBeCloseTo(Math.LN2, 14)
    // moving probability between steps of one window changes nothing
    const shared = run([2, 1], 1)
    expect(shared([-1, -2, -3], [0, 0, 0]).data[0]).toBeCloseTo(shared([-2.5, -0.5, -3], [0, 0, 0]).data[0], 12)
    // S_new − S_old = −800 for the expert: loss 800, no overflow
    expect(run([1], 0)([-800], [0]).data[0]).toBe(800)
    expect(() => run([2], 1)([-1, -2, -3], [0, 0, 0])).toThrow(/windows of 3 steps/)
  })

  it('pulls expert windows up and learner windows down, by ½ each at the start', () => {
    const run = interpret(valueAndGrad((now: Tensor, old: Tensor) => asafLoss(now, old, [1, 1], 1).loss))
    expect([...run([0, 0], [0, 0]).gradient.data]).toEqual([0.25, -0.25])
  })
})

describe('team regularisation', () => {
  it('is 0 for perfect predictions and never negative', () => {
    const discrete = interpret(teamRegularisationDiscrete)
    fc.assert(
      fc.property(
        fc.array(real, { minLength: 4, maxLength: 4 }),
        fc.array(real, { minLength: 4, maxLength: 4 }),
        (a, b) => {
          const shape = (x: number[]) => [
            [
              [x[0], x[1]],
              [x[2], x[3]],
            ],
          ]
          expect(discrete(shape(a), shape(b)).data[0]).toBeGreaterThanOrEqual(-1e-12)
          expect(discrete(shape(a), shape(a)).data[0]).toBeCloseTo(0, 12)
        },
      ),
      { numRuns: 20 },
    )
    expect(
      interpret(teamRegularisationContinuous)(
        [
          [
            [0, 0],
            [0, 0],
          ],
        ],
        [
          [
            [1, 2],
            [3, 0],
          ],
        ],
      ).data[0],
    ).toBe(7)
  })

  it('weighs the two sides of the gradient apart', () => {
    const run = (own: number, mates: number) =>
      interpret(
        valueAndGrad((both: { real: Tensor; predicted: Tensor }) =>
          weightedTeamLoss(teamRegularisationContinuous, both.real, both.predicted, { own, mates }),
        ),
      )({ real: [[[0]]], predicted: [[[1]]] }).gradient
    expect(run(1, 0).real.data[0]).toBeCloseTo(0, 14)
    expect(run(1, 0).predicted.data[0]).toBe(2)
    expect(run(0, 3).real.data[0]).toBe(-6)
  })

  it('selects sub-policies by a tiled one-hot with a soft gradient', () => {
    expect([...interpret(maskHidden)([[1, 2, 3, 4]], [[0, 1]]).data]).toEqual([0, 2, 0, 4])
    expect(() => interpret(maskHidden)([[1, 2, 3]], [[0, 1]])).toThrow(/that 2 divides/)
    const one = interpret((l: Tensor, g: Tensor) => gumbelOneHot(l, g))
    expect([...one([[0, 1, 0]], [[5, 0, 0]]).data].map(x => Math.round(x * 1e12) / 1e12)).toEqual([1, 0, 0])
    const soft = interpret(valueAndGrad((l: Tensor, w: Tensor) => coachedPolicyLoss(maskHidden(w, gumbelOneHot(l)))))
    expect(Math.abs(soft([[0.3, 0]], [[1, 2]]).gradient.data[0])).toBeGreaterThan(0)
    expect(interpret(coachRegularisation)([[0, 0]], [[[0, 0]], [[1, 1]]]).loss.data[0]).toBeCloseTo(0, 14)
    expect(coachWeights.coachOnPolicy).toBe(1)
  })
})

describe('constraints', () => {
  const upper = [{ upper: 0.1 }]

  it('start even and move weight to a violated bound', () => {
    let state = initialMultipliers(1)
    const first = constraintStep(state, [0.6], { thresholds: upper, updateEvery: 1 })
    expect(first.weights).toEqual({ rewardWeight: 0.5, costWeights: Float64Array.of(-0.5) })
    for (let k = 0; k < 50; k++) state = constraintStep(state, [0.6], { thresholds: upper, updateEvery: 1 }).state
    const violated = constraintStep(state, [0], { thresholds: upper }).weights
    expect(violated.costWeights[0]).toBeLessThan(-0.8)
    for (let k = 0; k < 200; k++) state = constraintStep(state, [0], { thresholds: upper, updateEvery: 1 }).state
    // relaxing is slower than tightening: the slack is 0.1, the violation was 0.5
    expect(constraintStep(state, [0], { thresholds: upper }).weights.rewardWeight).toBeGreaterThan(
      violated.rewardWeight,
    )
  })

  it('always add up to 1 when normalised, and lend the success weight to the reward', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(real, fc.boolean()), { minLength: 1, maxLength: 4 }), real, (items, dummy) => {
        const thresholds = items.map(([, lower]) => (lower ? { lower: 0.9 } : { upper: 0.1 }))
        const state = { ...initialMultipliers(items.length), parameters: [dummy, ...items.map(([p]) => p)] }
        const { rewardWeight, costWeights } = constraintStep(state, [], { thresholds }).weights
        expect(rewardWeight + costWeights.reduce((sum, w) => sum + Math.abs(w), 0)).toBeCloseTo(1, 12)
        const lent = constraintStep(state, [], { thresholds, bootstrap: 0 }).weights.rewardWeight
        expect(lent).toBe(Math.max(rewardWeight, costWeights[0]))
      }),
      { numRuns: 30 },
    )
  })

  it('follow the gradient of the multiplier loss', () => {
    for (const normalised of [true, false]) {
      const parameters = normalised ? [0.1, 0.4, -0.2] : [0.4, -0.2]
      const slopes = [0.5, -0.3]
      const graph = interpret(valueAndGrad((p: Tensor, s: Tensor) => multiplierLoss(p, s, { normalised })))(
        parameters,
        slopes,
      )
      const thresholds = [{ lower: 0 }, { lower: 0 }]
      const { state } = constraintStep({ ...initialMultipliers(2, { normalised }), parameters }, slopes, {
        thresholds,
        normalised,
        updateEvery: 1,
        beta1: 0,
      })
      state.firstMoments.forEach((moment, j) => {
        expect(moment).toBeCloseTo(graph.gradient.data[j], 12)
      })
    }
  })

  it('move only every tenth call, never for a constraint without data, and refuse double bounds', () => {
    let state = initialMultipliers(1)
    const seen = new Set<number>()
    for (let k = 0; k < 11; k++) {
      state = constraintStep(state, [1], { thresholds: upper }).state
      seen.add(state.parameters[0])
    }
    expect(seen.size).toBe(2)
    expect(state).toMatchObject({ steps: 2, updates: 11 })
    expect(
      constraintStep(initialMultipliers(1), [undefined], { thresholds: upper, updateEvery: 1 }).state.parameters,
    ).toEqual([0.02, 0.02])
    expect(() => constraintStep(initialMultipliers(1), [0], { thresholds: [{ lower: 0, upper: 1 }] })).toThrow(
      /got both/,
    )
    expect(() => constraintStep(initialMultipliers(1), [0], { thresholds: [{}] })).toThrow(/got neither/)
    expect(() => constraintStep(initialMultipliers(2), [0], { thresholds: upper })).toThrow(/1 constraints; got 2/)
    expect(occurrenceRate([1, null, 0, Number.NaN])).toBe(0.5)
    expect(occurrenceRate([null])).toBeUndefined()
  })

  it('let un-normalised multipliers die below zero', () => {
    const dead = { ...initialMultipliers(1, { normalised: false }), parameters: [-0.5] }
    const step = constraintStep(dead, [1], { thresholds: upper, normalised: false, updateEvery: 1 })
    expect(Math.abs(step.weights.costWeights[0])).toBe(0)
    expect(step.state.parameters).toEqual([-0.5])
  })

  it('weigh separate critics', () => {
    const loss = interpret((q: Tensor, w: Tensor, l: Tensor) => multiCriticPolicyLoss(q, w, l, 0.5))
    expect(loss([[2, 4]], [1, -0.25], [1]).data[0]).toBe(-0.5)
    const targets = interpret((r: Tensor, q: Tensor, g: Tensor, l: Tensor, d: Tensor) =>
      multiCriticTargets(r, q, q, g, l, d, 1),
    )
    expect([
      ...targets(
        [
          [1, 0],
          [1, 0],
        ],
        [
          [4, 2],
          [4, 2],
        ],
        [0.5, 1],
        [[1], [1]],
        [[0], [1]],
      ).data,
    ]).toEqual([2.5, 1, 1, 0])
  })
})
