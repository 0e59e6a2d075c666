import { assertInRange, assertInteger, assertProbability, GuerdonError, type Random } from '@guerdon/core'
import { annealedLearningRate, learnerSettings, ppoLoss } from '@guerdon/methods/control/envs-and-baselines-rl'
import { adam, type Concrete, jit, type NdArray, type OptimiserState, type Tensor, valueAndGrad } from '@guerdon/tensor'
import { sizeOf } from '@guerdon/worlds/world/space'
import type { VectorWorld } from '@guerdon/worlds/world/vector-world'
import { type ActorCritic, actionTerms } from './actor-critic.ts'
import { type Experience, experienceAdvantages } from './experience.ts'
import {
  assertUpdate,
  type ControlLearner,
  type OnPolicyOptions,
  type OnPolicyRule,
  onPolicyLearner,
  type Trained,
} from './on-policy.ts'

/** Choices of PPO. Defaults are CleanRL's; where two are given, the second is that of continuous actions. */
export interface PpoOptions extends OnPolicyOptions {
  /** Steps of all copies over which the learning rate falls to 0. Default 500 000; 1 000 000. */
  readonly totalSteps?: number
  /** T, steps of each copy an update. Default 128; 2048. */
  readonly steps?: number
  /** Must divide T·N. Default 4; 32. */
  readonly miniBatches?: number
  /** Default 4; 10. */
  readonly epochs?: number
  /** Default 2.5e-4; 3e-4. */
  readonly learningRate?: number
  /** Whether the learning rate falls linearly to 0 over `totalSteps`. Default true. */
  readonly anneal?: boolean
  /** λ. Default 0.95. */
  readonly lambda?: number
  /** Range of the ratio and of the change of values. Default 0.2. */
  readonly clip?: number
  /** Default 0.01; 0. */
  readonly entropyCoefficient?: number
  /** Default 0.5. */
  readonly valueCoefficient?: number
  /** Default 0.5. */
  readonly maximumGradientNorm?: number
  /**
   * Scale observations and rewards by running statistics. Default false; true. Scaled rewards hide the scale of a reward
   * design: switch it off to compare designs.
   */
  readonly normalise?: boolean
}

interface MiniBatch<T = Tensor> {
  observations: T
  actions: T
  logProbs: T
  advantages: T
  values: T
  returns: T
}

/**
 * Proximal policy optimisation (Schulman et al. 2017) as CleanRL has it, on N copies of a world. An update gathers T·N
 * steps and makes `epochs` passes over them in shuffled mini-batches; each mini-batch — forward pass, gradient, clipping,
 * Adam — is one compiled graph and one call.
 *
 * Departs from CleanRL where a time limit ends an episode: the value of the true last observation is bootstrapped there,
 * not 0, because the episode was cut off and did not end. CleanRL's defaults are for 4 copies (1 with continuous actions).
 */
export function createPpo(world: VectorWorld, options: PpoOptions): ControlLearner {
  return onPolicyLearner(world, options, ppoRule(world, options))
}

/** PPO's rule, for learners that put something before it. */
export function ppoRule(world: VectorWorld, options: PpoOptions): OnPolicyRule {
  const discrete = world.actionSpace.kind === 'discrete'
  const preset = discrete ? learnerSettings.ppoDiscrete : learnerSettings.ppoContinuous
  const { totalSteps = preset.totalSteps, steps = preset.steps, miniBatches = preset.miniBatches } = options
  const { epochs = preset.epochs, learningRate = preset.learningRate, anneal = true, gamma = 0.99 } = options
  const { lambda = preset.lambda, clip = preset.clip, entropyCoefficient = preset.entropyCoefficient } = options
  const { valueCoefficient = preset.valueCoefficient, maximumGradientNorm = preset.maxGradNorm } = options
  const { normalise = !discrete, threads = 1 } = options
  for (const [name, value] of Object.entries({ totalSteps, steps, miniBatches, epochs })) assertInteger(value, name, 1)
  assertProbability(gamma, 'gamma')
  assertInRange(learningRate, 'learningRate', 0, Number.MAX_VALUE)
  const length = steps * world.copies
  if (length % miniBatches !== 0) {
    throw new GuerdonError(
      'invalid_option',
      `expected miniBatches to divide the ${length} steps of an update; got ${miniBatches}`,
      { path: ['miniBatches'] },
    )
  }
  const iterations = Math.max(1, Math.floor(totalSteps / length))
  const size = sizeOf(world.observationSpace)
  const batch = emptyBatch(length / miniBatches, size, discrete ? null : sizeOf(world.actionSpace))
  const optimiser = adam({ learningRate, epsilon: preset.adamEpsilon, clipNorm: maximumGradientNorm })
  const differentiated = valueAndGrad(
    (parameters: ActorCritic, mini: MiniBatch) => {
      const { logProb, entropy, value } = actionTerms(parameters, mini.observations, mini.actions)
      const { loss, ...measured } = ppoLoss(
        {
          newLogProb: logProb,
          oldLogProb: mini.logProbs,
          advantages: mini.advantages,
          newValues: value,
          oldValues: mini.values,
          returns: mini.returns,
          entropy,
        },
        { clip, entropyCoefficient, valueCoefficient },
      )
      return [loss, measured] as const
    },
    { hasAux: true },
  )
  const step = jit(
    (parameters: ActorCritic, state: OptimiserState, rate: Tensor, mini: MiniBatch) => {
      const { value, gradient, aux } = differentiated(parameters, mini)
      return {
        ...optimiser.update(gradient as ActorCritic, state, parameters, { learningRate: rate }),
        loss: value,
        aux,
      }
    },
    { threads },
  )

  async function learn(trained: Trained, experience: Experience, random: Random, update: number) {
    const { advantages, returns } = experienceAdvantages(experience, { gamma, lambda })
    const rate = anneal ? Math.max(0, annealedLearningRate(learningRate, update + 1, iterations)) : learningRate
    const rateArray: NdArray = { dtype: 'float32', shape: [], data: Float32Array.of(rate) }
    const sums = new Map<string, number>()
    let { parameters, optimiser: state } = trained
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = random.permutation(length)
      for (let start = 0; start < length; start += length / miniBatches) {
        gatherRows(batch, experience, { advantages, returns }, order, start)
        const args = [parameters, state, rateArray, batch] as unknown as Concrete<
          [ActorCritic, OptimiserState, Tensor, MiniBatch]
        >
        const result = await step(...args)
        const measured: Record<string, NdArray> = {
          ...result.aux,
          loss: result.loss,
          gradientNorm: result.gradientNorm,
        }
        assertUpdate(result.loss.data[0], result.gradientNorm.data[0], update + 1)
        for (const [name, { data }] of Object.entries(measured)) sums.set(name, (sums.get(name) ?? 0) + data[0])
        parameters = result.parameters as ActorCritic<NdArray>
        state = result.state as OptimiserState<NdArray>
      }
    }
    trained.parameters = parameters
    trained.optimiser = state
    const means = [...sums].map(([name, sum]) => [name, sum / (epochs * miniBatches)])
    return { ...(Object.fromEntries(means) as Record<string, number>), learningRate: rate }
  }

  return {
    name: 'ppo',
    settings: {
      totalSteps,
      steps,
      miniBatches,
      epochs,
      learningRate,
      anneal,
      lambda,
      clip,
      entropyCoefficient,
      valueCoefficient,
      maximumGradientNorm,
      normalise,
    },
    steps,
    blocks: 1,
    normalise,
    initialOptimiser: parameters => optimiser.initial(parameters),
    learn,
  }
}

function emptyBatch(rows: number, size: number, actionSize: number | null): MiniBatch<NdArray> {
  const column = (): NdArray => ({ dtype: 'float32', shape: [rows], data: new Float32Array(rows) })
  return {
    observations: { dtype: 'float32', shape: [rows, size], data: new Float32Array(rows * size) },
    actions:
      actionSize === null
        ? { dtype: 'int32', shape: [rows], data: new Int32Array(rows) }
        : { dtype: 'float32', shape: [rows, actionSize], data: new Float32Array(rows * actionSize) },
    logProbs: column(),
    advantages: column(),
    values: column(),
    returns: column(),
  }
}

/** Fills a mini-batch with the rows `order[start …]`. */
function gatherRows(
  batch: MiniBatch<NdArray>,
  experience: Experience,
  targets: { readonly advantages: Float64Array; readonly returns: Float64Array },
  order: Int32Array,
  start: number,
): void {
  const [rows, size] = batch.observations.shape
  const actionSize = batch.actions.shape[1] ?? 1
  for (let i = 0; i < rows; i++) {
    const row = order[start + i]
    for (let k = 0; k < size; k++) batch.observations.data[i * size + k] = experience.observations[row * size + k]
    for (let a = 0; a < actionSize; a++) {
      batch.actions.data[i * actionSize + a] = experience.actions[row * actionSize + a]
    }
    batch.logProbs.data[i] = experience.logProbs[row]
    batch.advantages.data[i] = targets.advantages[row]
    batch.values.data[i] = experience.values[row]
    batch.returns.data[i] = targets.returns[row]
  }
}
