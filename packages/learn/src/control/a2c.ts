import { assertInRange, assertInteger, assertProbability } from '@guerdon/core'
import { a2cLoss, learnerSettings } from '@guerdon/methods/control/envs-and-baselines-rl'
import {
  type Concrete,
  jit,
  type NdArray,
  type OptimiserState,
  rmsProp,
  type Tensor,
  valueAndGrad,
} from '@guerdon/tensor'
import { sizeOf } from '@guerdon/worlds/world/space'
import type { VectorWorld } from '@guerdon/worlds/world/vector-world'
import { type ActorCritic, actionTerms } from './actor-critic.ts'
import { type Experience, experienceAdvantages } from './experience.ts'
import { assertUpdate, type ControlLearner, type OnPolicyOptions, onPolicyLearner, type Trained } from './on-policy.ts'

const preset = learnerSettings.a2c

/** Choices of A2C. */
export interface A2cOptions extends OnPolicyOptions {
  /** T, steps of each copy a gradient. Default 5. */
  readonly steps?: number
  /** λ; 1 gives n-step returns. Default 1. */
  readonly lambda?: number
  /** Default 7e-4. */
  readonly learningRate?: number
  /** Default 0.01. */
  readonly entropyCoefficient?: number
  /** Default 0.5. */
  readonly valueCoefficient?: number
  /** Default 0.5. */
  readonly maximumGradientNorm?: number
  /** Gradient steps of one update of the learner, which is one point of its curve. Default 25. */
  readonly gradientsPerUpdate?: number
  /** Scale observations and rewards by running statistics. Default false. */
  readonly normalise?: boolean
}

interface Batch<T = Tensor> {
  observations: T
  actions: T
  targets: T
}

/**
 * Advantage actor–critic (Mnih et al. 2016, the synchronous form) on N copies of a world, usually 16: every T steps one
 * RMSProp step on all T·N of them, −log π·Â − entropy + value error, where Â = target − V. Targets are n-step returns that
 * bootstrap at the end of the block and where a time limit cut an episode off, not where it terminated. Forward pass,
 * gradient, clipping and update are one compiled graph and one call.
 */
export function createA2c(world: VectorWorld, options: A2cOptions): ControlLearner {
  const { steps = preset.nSteps, lambda = preset.lambda, learningRate = preset.learningRate, gamma = 0.99 } = options
  const { entropyCoefficient = preset.entropyCoefficient, valueCoefficient = preset.valueCoefficient } = options
  const { maximumGradientNorm = preset.maxGradNorm, gradientsPerUpdate = 25 } = options
  const { normalise = false, threads = 1 } = options
  assertInteger(steps, 'steps', 1)
  assertInteger(gradientsPerUpdate, 'gradientsPerUpdate', 1)
  assertProbability(gamma, 'gamma')
  assertInRange(learningRate, 'learningRate', 0, Number.MAX_VALUE)
  const length = steps * world.copies
  const size = sizeOf(world.observationSpace)
  const discrete = world.actionSpace.kind === 'discrete'
  const actionShape = discrete ? [length] : [length, sizeOf(world.actionSpace)]
  const optimiser = rmsProp({
    learningRate,
    decay: preset.rmsDecay,
    epsilon: preset.rmsEpsilon,
    clipNorm: maximumGradientNorm,
  })
  const differentiated = valueAndGrad((parameters: ActorCritic, { observations, actions, targets }: Batch) => {
    const { logProb, entropy, value } = actionTerms(parameters, observations, actions)
    return a2cLoss({ logProb, values: value, targets, entropy }, { entropyCoefficient, valueCoefficient })
  })
  const step = jit(
    (parameters: ActorCritic, state: OptimiserState, batch: Batch) => {
      const { value, gradient } = differentiated(parameters, batch)
      return { ...optimiser.update(gradient as ActorCritic, state, parameters), loss: value }
    },
    { threads },
  )

  async function learn(trained: Trained, experience: Experience, _random: unknown, update: number) {
    const { returns } = experienceAdvantages(experience, { gamma, lambda })
    const { observations, actions } = experience
    const batch: Batch<NdArray> = {
      observations: { dtype: 'float32', shape: [length, size], data: observations.subarray(0, length * size) },
      actions: { dtype: discrete ? 'int32' : 'float32', shape: actionShape, data: actions },
      targets: { dtype: 'float32', shape: [length], data: Float32Array.from(returns) },
    }
    const args = [trained.parameters, trained.optimiser, batch] as unknown as Concrete<
      [ActorCritic, OptimiserState, Batch]
    >
    const result = await step(...args)
    const [loss, gradientNorm] = [result.loss.data[0], result.gradientNorm.data[0]]
    assertUpdate(loss, gradientNorm, update + 1)
    trained.parameters = result.parameters as ActorCritic<NdArray>
    trained.optimiser = result.state as OptimiserState<NdArray>
    return { loss, gradientNorm }
  }

  return onPolicyLearner(world, options, {
    name: 'a2c',
    settings: {
      steps,
      lambda,
      learningRate,
      entropyCoefficient,
      valueCoefficient,
      maximumGradientNorm,
      gradientsPerUpdate,
      normalise,
    },
    steps,
    blocks: gradientsPerUpdate,
    normalise,
    initialOptimiser: parameters => optimiser.initial(parameters),
    learn,
  })
}
