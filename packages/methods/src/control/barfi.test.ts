import { batchFromRollouts, bindStage, outcomeAt, Random, type Signal } from '@guerdon/core'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AlignmentParameters,
  alignedGamma,
  alignedReward,
  alignedRewards,
  alignedShaper,
  barfiPlan,
  barfiSettings,
  barfiStage,
  boundedGammaParameter,
  controllerHeuristics,
  controllerReward,
  controllerVote,
  discountedRewards,
  type HypergradientOptions,
  hypergradient,
  initialController,
  innerEpisodes,
  type LinearSoftmax,
  linearSoftmaxPolicy,
  momentumReward,
  neumannInverseProduct,
  outerEpisodes,
  policyObjective,
  potentialShapedReturns,
  subtractReturnBaseline,
  type TrajectoryBatch,
} from './barfi.ts'

const trajectories = {
  features: [
    [
      [1, 0.5],
      [0.2, -1],
      [0, 0],
    ],
  ],
  actions: ndarray([[0, 1, 0]], { dtype: 'int32' }),
  primary: [[1, -0.5, 7]],
  auxiliary: [[0.5, 2, 7]],
  mask: [[1, 1, 0]],
}
const theta = {
  weight: [
    [0.3, -0.2],
    [0.1, 0.4],
  ],
  bias: [0.05, -0.1],
}
const alignment = {
  reward: {
    weight: [
      [0.2, 0.1],
      [0, 0],
      [-0.3, 0.4],
    ],
    bias: [0.1, 1, 0.2],
  },
  gamma: [0.7],
}

describe('reward head', () => {
  it('mixes offset, primary and heuristic in three ways', () => {
    // z = [1·2 + 0.5, 3, −1]
    const weights = { weight: [[1], [0], [0]], bias: [0.5, 3, -1] }
    expect(alignedReward(weights, [2], 10, 4).reward).toBe(2.5 + 10 - 4)
    expect(alignedReward(weights, [2], 10, 4, { variant: 'weighted-primary' }).reward).toBe(2.5 + 30 - 4)
    expect(alignedReward({ bias: [1, 1, 1] }, [], 10, 4, { variant: 'unit-offset' }).reward).toBe(14)
    expect(() => alignedReward(weights, [1, 2], 0, 0)).toThrow(/expected 1 features/)
    expect(alignedGamma(4.6)).toBeCloseTo(0.99, 4)
    expect([20, -20, 3].map(g => boundedGammaParameter(g))).toEqual([8, -8, 3])
  })

  it('gives the same as a graph', () => {
    fc.assert(
      fc.property(fc.constantFrom('additive-unit-primary', 'weighted-primary', 'unit-offset'), variant => {
        const run = interpret((p: AlignmentParameters['reward'], x: Tensor, r: Tensor, a: Tensor) =>
          alignedRewards(p, x, r, a, { variant }),
        )
        const graph = run(
          alignment.reward as never,
          trajectories.features,
          trajectories.primary,
          trajectories.auxiliary,
        )
        trajectories.features[0].forEach((x, t) => {
          const one = alignedReward(alignment.reward, x, trajectories.primary[0][t], trajectories.auxiliary[0][t], {
            variant,
          })
          expect(graph.data[t]).toBeCloseTo(one.reward, 12)
        })
      }),
      { numRuns: 3 },
    )
  })
})

describe('policy objective', () => {
  it('masks rewards and divides by the padded horizon', () => {
    // primary, γ = ½: returns 1 − ¼ = 0.75 and −0.5; uniform policy: log ½ each → (0.75 − 0.5)·log ½ / 3
    const run = interpret((t: LinearSoftmax, a: AlignmentParameters, b: TrajectoryBatch) =>
      policyObjective(linearSoftmaxPolicy(t, b), b, a, { mode: 'primary', primaryGamma: 0.5 }),
    )
    const flat = {
      weight: [
        [0, 0],
        [0, 0],
      ],
      bias: [0, 0],
    }
    expect(run(flat, alignment as never, trajectories).data[0]).toBeCloseTo((-0.25 * Math.LN2) / 3, 12)
  })

  it('adds the mean entropy of real steps only, and subtracts a baseline', () => {
    const flat = {
      weight: [
        [0, 0],
        [0, 0],
      ],
      bias: [0, 0],
    }
    const run = interpret((t: LinearSoftmax, a: AlignmentParameters, b: TrajectoryBatch, baseline: Tensor) =>
      policyObjective(linearSoftmaxPolicy(t, b), b, a, { mode: 'naive', entropyCoefficient: 2, baseline }),
    )
    const gamma = 1 / (1 + Math.exp(-0.7))
    const zero = run(flat, alignment as never, trajectories, [[0, 0, 0]]).data[0]
    expect(zero).toBeCloseTo((-(1.5 + gamma * 1.5 + 1.5) * Math.LN2) / 3 + 2 * Math.LN2, 12)
    const all = run(flat, alignment as never, trajectories, [[1.5 + gamma * 1.5, 1.5, 0]]).data[0]
    expect(all).toBeCloseTo(2 * Math.LN2, 12)
  })

  it('lets φ and γ through only when they are not held', () => {
    const gradientOf = (detach: boolean) =>
      interpret(
        valueAndGrad((a: AlignmentParameters, t: LinearSoftmax, b: TrajectoryBatch) =>
          policyObjective(linearSoftmaxPolicy(t, b), b, a, { mode: 'aligned', detach }),
        ),
      )(alignment as never, theta, trajectories).gradient as never as { gamma: { data: Float64Array } }
    expect(Math.abs(gradientOf(true).gamma.data[0])).toBe(0)
    expect(Math.abs(gradientOf(false).gamma.data[0])).toBeGreaterThan(0)
    const returns = interpret((a: AlignmentParameters, b: TrajectoryBatch) =>
      discountedRewards(b, a, { mode: 'aligned' }),
    )
    expect(returns(alignment as never, trajectories).data[2]).toBe(0)
  })
})

describe('hypergradient', () => {
  const run = (approximation: 'first-order' | { alpha: number; loops: number }, more: HypergradientOptions = {}) =>
    interpret((t: LinearSoftmax, a: AlignmentParameters, outer: TrajectoryBatch, inner: TrajectoryBatch) => {
      const result = hypergradient(linearSoftmaxPolicy, t, a, outer, inner, {
        approximation,
        entropyCoefficient: 0.3,
        rewardPenalty: 0,
        gammaPenalty: 0,
        ...more,
      })
      return { weight: result.reward.weight as Tensor, bias: result.reward.bias, gamma: result.gamma }
    })(theta, alignment as never, trajectories, trajectories)

  it('takes a baseline off the returns: nothing is left of one that equals them', () => {
    const along = interpret((t: LinearSoftmax, a: AlignmentParameters, b: TrajectoryBatch) => {
      const options = { approximation: 'first-order', gammaPenalty: 0, baseline: (returns: Tensor) => returns } as const
      return hypergradient(linearSoftmaxPolicy, t, a, b, b, options).gamma
    })
    expect(along(theta, alignment as never, trajectories).data[0]).toBeCloseTo(0, 15)
  })

  it('with no loops is the first order times α', () => {
    const first = run('first-order')
    const zero = run({ alpha: 0.01, loops: 0 })
    first.weight.data.forEach((value: number, i: number) => {
      expect(zero.weight.data[i]).toBeCloseTo(0.01 * value, 14)
    })
    expect(zero.gamma.data[0]).toBeCloseTo(0.01 * first.gamma.data[0], 14)
  })

  it('first order is the directional derivative of the aligned gradient along the primary one', () => {
    // ∂/∂φ of v·∇_θ J_aligned by central differences over the bias of the head
    const slopes = interpret(
      valueAndGrad((t: LinearSoftmax, a: AlignmentParameters, b: TrajectoryBatch) =>
        policyObjective(linearSoftmaxPolicy(t, b), b, a, { mode: 'aligned', entropyCoefficient: 0.3 }),
      ),
    )
    const primary = interpret(
      valueAndGrad((t: LinearSoftmax, a: AlignmentParameters, b: TrajectoryBatch) =>
        policyObjective(linearSoftmaxPolicy(t, b), b, a, { mode: 'primary' }),
      ),
    )(theta, alignment as never, trajectories).gradient
    const along = (bias: number[]) => {
      const g = slopes(theta, { ...alignment, reward: { ...alignment.reward, bias } } as never, trajectories).gradient
      const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
        Array.from(x).reduce((sum, value, i) => sum + value * y[i], 0)
      return dot(g.weight.data, primary.weight.data) + dot(g.bias.data, primary.bias.data)
    }
    const direction = run('first-order').bias
    for (const k of [0, 1, 2]) {
      const shifted = (step: number) => alignment.reward.bias.map((b, i) => (i === k ? b + step : b))
      expect(direction.data[k]).toBeCloseTo((along(shifted(1e-5)) - along(shifted(-1e-5))) / 2e-5, 7)
    }
  })

  it('stops a series that grows, as long as it is guarded', () => {
    const guarded = run({ alpha: 1e6, loops: 3 })
    const alone = run({ alpha: 1e6, loops: 0 })
    expect(guarded).toEqual(alone)
    const released = run({ alpha: 1e6, loops: 3 }, { guard: 'none' })
    expect(Math.abs(released.weight.data[0])).toBeGreaterThan(1e6 * Math.abs(alone.weight.data[0]))
    // near a maximum nothing is stopped
    expect(run({ alpha: 0.01, loops: 3 })).toEqual(run({ alpha: 0.01, loops: 3 }, { guard: 'none' }))
  })

  it('subtracts the penalties, safely at zero', () => {
    const plain = run('first-order')
    const pulled = run('first-order', { rewardPenalty: 0.1, gammaPenalty: 0.5 })
    const size = Math.hypot(...alignment.reward.bias)
    expect(pulled.bias.data[0]).toBeCloseTo(plain.bias.data[0] - (0.1 * alignment.reward.bias[0]) / size, 12)
    const gamma = alignedGamma(0.7)
    expect(pulled.gamma.data[0]).toBeCloseTo(plain.gamma.data[0] - 0.5 * gamma * (1 - gamma), 12)
  })
})

describe('Neumann series', () => {
  const diagonal = (d: number[]) => (x: Float64Array) => x.map((value, i) => d[i] * value)

  it('converges to H⁻¹v for a negative definite H', () => {
    const { approximation, diverged } = neumannInverseProduct(diagonal([-1, -4]), [2, 2], { alpha: 0.2, loops: 300 })
    expect(diverged).toBe(false)
    expect(approximation[0]).toBeCloseTo(-2, 9)
    expect(approximation[1]).toBeCloseTo(-0.5, 9)
  })

  it('is guarded where it does not contract', () => {
    const options = { alpha: 1, loops: 5 }
    expect(neumannInverseProduct(diagonal([3]), [1], options)).toEqual({
      approximation: Float64Array.of(-1),
      terms: 1,
      diverged: true,
    })
    expect([...neumannInverseProduct(diagonal([3]), [2], { ...options, guard: 'first-order' }).approximation]).toEqual([
      -2,
    ])
    // every term cut back to the first one's length
    expect(neumannInverseProduct(diagonal([3]), [1], { ...options, guard: 'cap', loops: 2 })).toEqual({
      approximation: Float64Array.of(-3),
      terms: 3,
      diverged: true,
    })
    // 1 + 4 + 16 + … without a guard
    expect([
      ...neumannInverseProduct(diagonal([3]), [1], { ...options, guard: 'none', loops: 2 }).approximation,
    ]).toEqual([-21])
    expect(() => neumannInverseProduct(diagonal([1e300]), [1], { ...options, guard: 'none' })).toThrow(/contracting/)
  })
})

describe('heuristics and loop', () => {
  it('make a potential a mere baseline', () => {
    expect([...potentialShapedReturns([1, 1], [0.5, 2], { discount: 1 })]).toEqual([1.5, -1])
    expect([...potentialShapedReturns([1, 9], [0, 0], { discount: 1, mask: [1, 0] })]).toEqual([1, 0])
    const first = subtractReturnBaseline([2, 4], { mean: null })
    expect([...first.returns]).toEqual([2, 4])
    expect([...subtractReturnBaseline([5], first.state).returns]).toEqual([2])
    expect(subtractReturnBaseline([5], first.state).state.mean).toBeCloseTo(0.9 * 3 + 0.1 * 5, 12)
  })

  it('vote with a PD controller whose previous error starts at 0', () => {
    const first = controllerVote(0.2, initialController)
    expect(first.signal).toBeCloseTo(0.02 + 0.1, 12)
    expect(controllerVote(0.1, first.state).signal).toBeCloseTo(0.01 - 0.05, 12)
    expect(controllerVote(0, initialController).action).toBe(0)
    expect(controllerReward(1, 1, controllerHeuristics.bad)).toBe(-5)
    expect(controllerReward(1, 0, controllerHeuristics.best)).toBe(-1)
    expect(controllerReward(1, 1, controllerHeuristics.best, { terminal: true })).toBe(0)
    expect(momentumReward(-1, -0.02)).toBe(5)
    expect(momentumReward(1, -0.02)).toBe(-5)
  })

  it('plan naive steps first, then a long inner phase, then outer steps', () => {
    expect(barfiPlan(1, true)).toEqual({ outerStep: false, naiveStep: false, alignedSteps: 0, firstPhase: true })
    expect(barfiPlan(3, true)).toEqual({ outerStep: false, naiveStep: true, alignedSteps: 0, firstPhase: true })
    expect(barfiPlan(156, true)).toEqual({ outerStep: false, naiveStep: true, alignedSteps: 165, firstPhase: false })
    expect(barfiPlan(159, false)).toEqual({ outerStep: true, naiveStep: false, alignedSteps: 15, firstPhase: false })
    expect(barfiSettings.gridworld.interval).toBe(3)
  })

  it('clamp where released code wraps around', () => {
    expect([...outerEpisodes(10)]).toEqual([6, 7, 8, 9])
    expect([...outerEpisodes(2)]).toEqual([0, 1])
    expect(innerEpisodes(3, new Random(1))).toHaveLength(0)
    const inner = innerEpisodes(8, new Random(1))
    expect(inner).toHaveLength(5)
    expect(Math.max(...inner)).toBeLessThan(5)
  })
})

describe('stage and shaper', () => {
  it('ignore the heuristic by default, and keep failures', async () => {
    const failure = { status: 'failed', failure: { class: 'timeout', message: 'late' } }
    const batch = batchFromRollouts([
      { id: 'a', prompt: 'p', columns: { score: 1, auxiliary: 9, features: [2] } },
      { id: 'b', prompt: 'p', columns: { score: failure, auxiliary: 9, features: [2] } },
      { id: 'c', prompt: 'p', columns: { score: 1, features: [2] } },
      { id: 'd', prompt: 'p', columns: { score: 1, auxiliary: 1, features: [2, 3] } },
    ])
    const plain = bindStage(barfiStage, {})
    expect((await plain.apply(batch, null)).columns['rollout.reward']).toMatchObject({
      values: Float64Array.of(1, Number.NaN, 1, 1),
    })
    const learned = bindStage(barfiStage, { weight: [[0], [0], [-0.5]], bias: [0.25, 0, 0] })
    const reward = (await learned.apply(batch, null)).columns['rollout.reward'] as Signal
    expect(reward.values[0]).toBe(0.25 + 1 - 9)
    expect(outcomeAt(reward, 1)).toMatchObject({ status: 'failed', failure: { class: 'timeout' } })
    expect(reward.values[2]).toBe(1.25)
    expect(outcomeAt(reward, 3)).toMatchObject({ status: 'failed', failure: { class: 'invalid_input' } })
  })

  it('shape transitions with the parts apart', () => {
    const { reward, components } = alignedShaper({ weight: [[1], [0], [2]], bias: [0, 0, 0] }).shape(
      {
        reward: Float64Array.of(1, 1),
        auxiliary: { heuristic: Float64Array.of(1, -1) },
        costs: {},
        terminated: new Uint8Array(2),
        truncated: new Uint8Array(2),
        features: Float64Array.of(1, 2),
      },
      null,
    )
    expect([...reward]).toEqual([4, -1])
    expect([...components['auxiliaryWeight']]).toEqual([2, 4])
  })
})
