import { assertInteger, assertProbability, Random } from '@guerdon/core'
import { noisePredictionLoss } from '@guerdon/methods/exploration/baselines-qd-diffusion'
import { add, type Evaluated, mul, type NdArray, sub, type Tensor } from '@guerdon/tensor'
import { dataHash } from '../language/policy-settings.ts'
import {
  createGradientLearner,
  type GradientLearner,
  type GradientLearnerOptions,
} from '../training/gradient-learner.ts'
import { type CheckedData, checkedData, type DiffusionData } from './diffusion-data.ts'
import { type DiffusionModel, parametersHash } from './model.ts'
import { sampleSize } from './network.ts'

/** Choices of denoiser training. */
export interface DenoiserLearnerOptions<P> extends GradientLearnerOptions {
  /** Parameters to go on from. Default: new ones. */
  readonly initial?: Evaluated<P>
  /** Default 128. */
  readonly batchSize?: number
  /** Share of labels replaced by the empty condition, for guidance. Default 0.1. */
  readonly dropCondition?: number
}

interface NoisedBatch<T = Tensor> {
  clean: T
  noise: T
  /** [B][1]…: √ᾱ_t */
  signal: T
  /** [B][1]…: √(1 − ᾱ_t) */
  spread: T
  timesteps: T
  labels: T
}

/**
 * Trains a denoiser: the mean square of the network's output less its target — ε, x₀ or v — at timesteps drawn uniformly (Ho
 * et al., arXiv 2006.11239, Eq. 14). Draws a sample: which one, whether its label is dropped, t, D normals. Points: `loss`,
 * `gradientNorm`, with held-out samples `heldOutLoss` at noise that stays the same, and `stale`.
 *
 * @throws shape_mismatch, not_finite naming the sample, invalid_input for labels out of range
 */
export function createDenoiserLearner<P>(
  model: DiffusionModel<P>,
  data: DiffusionData,
  options: DenoiserLearnerOptions<P>,
): GradientLearner<P> {
  const { initial, batchSize = 128, dropCondition = 0.1 } = options
  assertInteger(batchSize, 'batchSize', 1)
  assertProbability(dropCondition, 'dropCondition')
  const { network, prediction } = model
  const training = checkedData(model, data, 'samples')
  const heldOut = data.heldOut && checkedData(model, data.heldOut, 'heldOut')
  return createGradientLearner<P, NoisedBatch>(
    {
      name: 'denoiser',
      settings: {
        ...model.settings,
        ...(initial && { initial: parametersHash(initial) }),
        batchSize,
        dropCondition,
        data: dataHash(training.samples, training.labels),
      },
      initial: random => initial ?? network.initial(random),
      loss: (parameters, { clean, noise, signal, spread, timesteps, labels }) => {
        const noisy = add(mul(clean, signal), mul(noise, spread))
        const output = network.apply(parameters, noisy, timesteps, labels)
        const target =
          prediction === 'sample'
            ? clean
            : prediction === 'velocity'
              ? sub(mul(noise, signal), mul(clean, spread))
              : noise
        return { loss: noisePredictionLoss(output, target), measured: {} }
      },
      nextBatch: random => {
        const rows = Int32Array.from({ length: batchSize }, () => random.integer(training.count))
        return noisedBatch(model, training, rows, random, dropCondition) as Evaluated<NoisedBatch>
      },
      ...(heldOut && {
        heldOut: heldOutBatches(model, heldOut, options),
      }),
    },
    options,
  )
}

function heldOutBatches<P>(
  model: DiffusionModel<P>,
  data: CheckedData,
  options: { readonly seed: number },
): { batch: Evaluated<NoisedBatch>; count: number }[] {
  const rows = Int32Array.from({ length: data.count }, (_, i) => i)
  const random = new Random(options.seed).split('held out')
  return [{ batch: noisedBatch(model, data, rows, random, 0) as Evaluated<NoisedBatch>, count: data.count }]
}

function noisedBatch<P>(
  { network, schedule, trainSteps }: DiffusionModel<P>,
  data: CheckedData,
  rows: Int32Array,
  random: Random,
  dropCondition: number,
): NoisedBatch<NdArray> {
  const size = sampleSize(network)
  const count = rows.length
  const clean = new Float32Array(count * size)
  const noise = new Float32Array(count * size)
  const labels = new Int32Array(count)
  const [signal, spread, timesteps] = [new Float32Array(count), new Float32Array(count), new Float32Array(count)]
  for (let i = 0; i < count; i++) {
    labels[i] = random.bernoulli(dropCondition) ? network.classes : data.labels[rows[i]]
    const t = random.integer(trainSteps)
    const alpha = schedule.alphasCumulative[t]
    timesteps[i] = t
    signal[i] = Math.sqrt(alpha)
    spread[i] = Math.sqrt(1 - alpha)
    for (let k = 0; k < size; k++) {
      clean[i * size + k] = data.samples[rows[i] * size + k]
      noise[i * size + k] = random.normal()
    }
  }
  const shape = [count, ...network.shape]
  const column = [count, ...network.shape.map(() => 1)]
  return {
    clean: { dtype: 'float32', shape, data: clean },
    noise: { dtype: 'float32', shape, data: noise },
    signal: { dtype: 'float32', shape: column, data: signal },
    spread: { dtype: 'float32', shape: column, data: spread },
    timesteps: { dtype: 'float32', shape: [count], data: timesteps },
    labels: { dtype: 'int32', shape: [count], data: labels },
  }
}
