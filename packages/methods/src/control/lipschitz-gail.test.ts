import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import { add, interpret, mul, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  absorbingObservation,
  discriminatorLogit,
  discriminatorLoss,
  expertBatchSize,
  flaggedObservation,
  forwardJacobianNorms,
  forwardModelLoss,
  gradientPenalty,
  imitationReward,
  imitationShaper,
  initialPenaltyScale,
  type LipschitzState,
  lipschitzStage,
  logitGradientNorms,
  lookahead,
  powerIteration,
  preconditionBatch,
  preconditionPerSample,
  qLipschitzBound,
  redReward,
  softMinimum,
  updatePenaltyScale,
  validityMultiplier,
} from './lipschitz-gail.ts'

type Layers = Parameters<typeof discriminatorLogit>[0]

// one linear layer: D(s, a) = 3s + 4a + 1, gradient (3, 4), norm 5
const linear = [{ weight: [[3, 4]], bias: [1] }] as never as Layers

describe('discriminator', () => {
  it('is clamped in the observation, and its gradient vanishes beyond', () => {
    const logit = interpret((l: Layers, s: Tensor, a: Tensor) => discriminatorLogit(l, s, a))
    expect([...logit(linear as never, [[1], [9]], [[1], [1]]).data]).toEqual([8, 20])
    const norms = interpret((l: Layers, s: Tensor, a: Tensor) => logitGradientNorms(l, s, a))
    expect([...norms(linear as never, [[1], [9]], [[1], [1]]).data]).toEqual([5, 4])
  })

  it('can be divided by its spectral norm', () => {
    const weight = [3, 0, 0, 1]
    const estimate = powerIteration(weight, [1, 1], { iterations: 50 })
    expect(estimate.norm).toBeCloseTo(3, 9)
    const logit = interpret((l: Layers, s: Tensor, a: Tensor, left: Tensor, right: Tensor) =>
      discriminatorLogit(l, s, a, { spectral: [{ left, right }] }),
    )
    const layers = [
      {
        weight: [
          [3, 0],
          [0, 1],
        ],
        bias: [0, 0],
      },
      { weight: [[1, 1]], bias: [0] },
    ]
    // the first layer becomes diag(1, 1/3)
    expect(logit(layers as never, [[1]], [[3]], estimate.left, estimate.right).data[0]).toBeCloseTo(2, 9)
  })
})

describe('gradient penalty', () => {
  const points = {
    policyObservations: [[1]],
    policyActions: [[0]],
    expertObservations: [[3]],
    expertActions: [[2]],
    observationDraws: [0.5],
    actionDraws: [0.25],
  }
  type Batch = Parameters<typeof gradientPenalty>[1]
  const run = (options: Parameters<typeof gradientPenalty>[2], batch: object = points) =>
    interpret((l: Layers, b: Batch) => gradientPenalty(l, b, options))(linear as never, batch as never)

  it('is the squared excess, one- or two-sided', () => {
    expect(run({ target: 1 }).penalty.data[0]).toBe(16)
    expect(run({ target: 7 }).penalty.data[0]).toBe(0)
    expect(run({ target: 7, oneSided: false }).penalty.data[0]).toBe(4)
    expect(run({ target: 7, oneSided: false, points: 'bare' }).penalty.data[0]).toBe(0)
  })

  it('evaluates around the points it names', () => {
    // beyond the clamp the gradient loses its first entry, which shows where the point lies
    const far = { ...points, expertObservations: [[20]], observationDraws: [1] }
    expect(run({}, far).norms.data[0]).toBe(5)
    expect(run({}, { ...far, observationDraws: [0] }).norms.data[0]).toBe(4)
    expect(run({ points: 'dragan' }, { ...far, observationDraws: [[-18]], actionDraws: [[0]] }).norms.data[0]).toBe(5)
    expect(run({ points: 'nagard' }, { ...far, observationDraws: [[18]], actionDraws: [[0]] }).norms.data[0]).toBe(4)
    expect(() => run({ points: 'wgan' }, { policyObservations: [[1]], policyActions: [[0]] })).toThrow(
      /observationDraws/,
    )
  })

  it('has a second-order gradient, and none at a dead point', () => {
    const trained = interpret(valueAndGrad((l: Layers, b: Batch) => gradientPenalty(l, b, {}).penalty))
    const { gradient } = trained(linear as never, points as never)
    // ∂/∂w (‖w‖ − 1)² = 2(5 − 1)·w/5
    const weight = (gradient as never as { weight: { data: Float64Array } }[])[0].weight
    expect(weight.data[0]).toBeCloseTo(4.8, 12)
    expect(weight.data[1]).toBeCloseTo(6.4, 12)
    const dead = trained([{ weight: [[0, 0]], bias: [1] }] as never, points as never)
    expect(dead.value.data[0]).toBe(0)
    expect([...(dead.gradient as never as { weight: { data: Float64Array } }[])[0].weight.data].map(Math.abs)).toEqual([
      0, 0,
    ])
    expect(interpret(validityMultiplier)([0, 1]).data[1]).toBeCloseTo(Math.exp(-1), 14)
  })
})

describe('losses', () => {
  it('are 2·log 2 when nothing is told apart, and safe at ±800', () => {
    const run = interpret(
      (p: Tensor, e: Tensor, f: Tensor, r: Tensor) => discriminatorLoss(p, e, f, r, { entropyCoefficient: 0 }).loss,
    )
    expect(run([0], [0], [0], [1]).data[0]).toBeCloseTo(2 * Math.LN2, 14)
    expect(run([-800], [800], [0], [1]).data[0]).toBe(0)
    expect(run([800], [-800], [0], [1]).data[0]).toBe(1600)
  })

  it('reward entropy and know the positive-unlabelled form', () => {
    const run = interpret((p: Tensor, e: Tensor, l: Tensor) => discriminatorLoss(p, e, l, l, { unlabelledPrior: 0.25 }))
    const result = run([0], [0], [0])
    expect(result.entropyLoss.data[0]).toBeCloseTo(-0.001 * Math.LN2, 14)
    // −0.25·log(½ + 1e-8) − max(0, −¾·log 2)
    expect(result.classificationLoss.data[0]).toBeCloseTo(-0.25 * Math.log(0.5 + 1e-8), 12)
  })

  it('measure a forward model', () => {
    const norms = interpret((s: Tensor, a: Tensor) => forwardJacobianNorms((x, y) => add(mul(x, 3), mul(y, 4)), s, a))
    expect(norms([[1]], [[1]]).data[0]).toBe(5)
    expect(interpret(forwardModelLoss)([[1, 2]], [[0, 0]]).data[0]).toBe(2.5)
    expect(interpret((a: Tensor, b: Tensor) => softMinimum(a, b))([1], [5]).data[0]).toBe(2)
  })
})

describe('rewards', () => {
  it('saturate by their epsilon', () => {
    expect(imitationReward(800)).toBeCloseTo(-Math.log(1e-8), 12)
    expect(imitationReward(0)).toBeCloseTo(Math.LN2, 7)
    expect(imitationReward(3, { form: 'minimax-plus-non-saturating' })).toBeCloseTo(3, 6)
    expect(redReward(0.7, 0.7)).toBeCloseTo(Math.exp(-1), 14)
    expect(() => redReward(1, 0)).toThrow(/above 0/)
  })

  it('are never raised by preconditioning and untouched inside the bound', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0, max: 5, noNaN: true }), fc.double({ min: 0, max: 20, noNaN: true })), {
          minLength: 1,
          maxLength: 8,
        }),
        items => {
          const rewards = items.map(([r]) => r)
          const norms = items.map(([, n]) => n)
          const each = preconditionPerSample(rewards, norms, { threshold: 3 })
          const all = preconditionBatch(rewards, norms, { threshold: 3 })
          rewards.forEach((r, i) => {
            expect(each.rewards[i]).toBeLessThanOrEqual(r)
            expect(all.rewards[i]).toBeLessThanOrEqual(r)
            if (norms[i] <= 3) expect(each.rewards[i]).toBe(r)
          })
          expect(all.kappa).toBeGreaterThanOrEqual(0.7)
        },
      ),
    )
  })

  it('scale the batch penalty by its own recent spread', () => {
    const first = updatePenaltyScale(initialPenaltyScale, 4)
    expect(first.state.recent).toEqual([4])
    let state = first.state
    for (let k = 0; k < 20; k++) state = updatePenaltyScale(state, 1).state
    expect(state.recent).toHaveLength(10)
    expect(updatePenaltyScale(state, 1).std).toBeGreaterThanOrEqual(0.1)
  })

  it('bound Q, the triangle inequality above the reported form', () => {
    const bound = qLipschitzBound({ reward: 2, dynamics: 0.5, policy: 1, discount: 0.9 })
    // C = ¼: 2/√(1 − 0.2025); L = ½√2: 2/(1 − 0.9·L)
    expect(bound.reported).toBeCloseTo(2 / Math.sqrt(0.7975), 12)
    expect(bound.triangleInequality).toBeCloseTo(2 / (1 - 0.45 * Math.SQRT2), 12)
    expect(qLipschitzBound({ reward: 1, dynamics: 2, policy: 1, discount: 0.9 }).reported).toBeNull()
    expect(qLipschitzBound({ reward: 3, dynamics: 2, policy: 1, discount: 0.9, remainingSteps: 1 }).reported).toBe(3)
  })
})

describe('replay', () => {
  it('cuts after a terminal; released code bootstraps through one on the last index', () => {
    const rewards = [1, 2, 3, 4]
    expect(lookahead(rewards, [0, 1, 0, 0], 0, { n: 3, discount: 1 })).toEqual({
      return: 3,
      length: 2,
      done: true,
      bootstrapIndex: 2,
    })
    expect(lookahead(rewards, [0, 0, 1, 0], 0, { n: 3, discount: 1 })).toMatchObject({ return: 6, done: true })
    expect(lookahead(rewards, [0, 0, 1, 0], 0, { n: 3, discount: 1, compat: 'released' })).toMatchObject({
      return: 6,
      done: false,
    })
    expect(lookahead(rewards, [0, 0, 0, 0], 3, { n: 3, discount: 1 })).toEqual({
      return: 4,
      length: 1,
      done: false,
      bootstrapIndex: 4,
    })
  })

  it('wraps ends and sizes batches', () => {
    expect([...absorbingObservation(2)]).toEqual([0, 0, 1])
    expect([...flaggedObservation([3, 4])]).toEqual([3, 4, 0])
    expect(expertBatchSize(50)).toBe(50)
    expect(expertBatchSize(500)).toBe(64)
    expect(() => expertBatchSize(0)).toThrow(/expertPairs/)
  })
})

describe('stage and shaper', () => {
  const failure = { status: 'failed', failure: { class: 'transport', message: 'no scorer' } }
  const batch = batchFromRollouts([
    { id: 'a', prompt: 'p', columns: { score: 0, gradientNorm: 0.5 } },
    { id: 'b', prompt: 'p', columns: { score: 0, gradientNorm: 2 } },
    { id: 'c', prompt: 'p', columns: { score: failure, gradientNorm: 2 } },
    { id: 'd', prompt: 'p', columns: { score: 0 } },
  ])

  it('lower rewards of steep rollouts only', async () => {
    const stage = bindStage(lipschitzStage, {})
    const { columns } = await stage.apply(batch, stage.initial())
    const reward = columns['rollout.reward'] as Signal
    expect(reward.values[1] / reward.values[0]).toBeCloseTo(Math.exp(-1), 12)
    expect(reward.values[3]).toBe(reward.values[0])
    expect(outcomeAt(reward, 2)).toMatchObject({ status: 'failed', failure: { class: 'transport' } })
  })

  it('carry the running scale of the batch form as plain state', async () => {
    const stage = bindStage(lipschitzStage, { precondition: 'batch', form: 'none' })
    const first = await stage.apply(batch, stage.initial())
    const saved = JSON.parse(JSON.stringify(first.state)) as LipschitzState
    expect(saved.scale.recent).toHaveLength(1)
    const again = await stage.apply(batch, saved)
    expect(outcomeAt(again.columns['rollout.lipschitzGailKappa'] as Signal, 0)).toMatchObject({ status: 'scored' })
    const none = bindStage(lipschitzStage, { precondition: 'none' })
    expect(((await none.apply(batch, none.initial())).columns['rollout.lipschitzGailKappa'] as Signal).values[1]).toBe(
      1,
    )
  })

  it('recompute rewards on transitions', () => {
    const transitions = {
      reward: Float64Array.of(100),
      auxiliary: { logit: Float64Array.of(0), gradientNorm: Float64Array.of(2) },
      costs: {},
      terminated: new Uint8Array(1),
      truncated: new Uint8Array(1),
    }
    expect(imitationShaper().shape(transitions, null).reward[0]).toBeCloseTo(Math.LN2, 7)
    expect(imitationShaper({ threshold: 1 }).shape(transitions, null).reward[0]).toBeCloseTo(Math.LN2 / Math.E, 7)
  })
})
