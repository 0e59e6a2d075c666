import { assertInteger, GuerdonError, Random, type RandomState } from '@guerdon/core'
import {
  type DenseAutoencoder,
  denseAutoencoder,
  denseAutoencoderParameters,
  reconstructionLoss,
} from '@guerdon/methods/exploration/stax'
import { type Concrete, type Evaluated, jit, type NdArray, type Tensor } from '@guerdon/tensor'
import type { Settings } from '../run/learner.ts'
import { arraysLike } from '../training/checkpoint.ts'
import { createTrainer, type TrainerState } from '../training/trainer.ts'

/** Where observations lie in a learnt behaviour space. */
export interface LearntBehaviour {
  /** [b] the code. */
  readonly descriptor: Float64Array
  /** Mean squared error of the reconstruction: large for what was not seen before. */
  readonly surprise: number
}

/** A behaviour space that is learnt while a search runs. */
export interface DescriptorSpace {
  readonly settings: Settings
  describe(observations: readonly ArrayLike<number>[]): Promise<LearntBehaviour[]>
  /** Learns from observations, going on from what it knows; returns the mean loss of the last pass. */
  train(observations: readonly ArrayLike<number>[]): Promise<number>
  save(): { readonly arrays: TrainerState<DenseAutoencoder>; readonly random: RandomState }
  restore(arrays: Readonly<Record<string, NdArray>>, random: RandomState): void
}

/** Choices of an auto-encoder's space. */
export interface AutoencoderSpaceOptions {
  /** A safe integer. */
  readonly seed: number
  /** p, numbers of an observation, best scaled to [0, 1]: the reconstruction is never negative. */
  readonly observationSize: number
  /** Widths between observation and code; the decoder mirrors them. Default [32]. */
  readonly hidden?: readonly number[]
  /** b, numbers of a descriptor. Default 10. */
  readonly features?: number
  /** Passes over the observations in one training. Default 5. */
  readonly epochs?: number
  /** Default 128. */
  readonly batchSize?: number
  /** Default 1e-3. */
  readonly learningRate?: number
  /** Threads of the runtime. Default 1. */
  readonly threads?: number
}

/**
 * The behaviour space of TAXONS: the code of an auto-encoder with SELU layers, trained on observations as the search finds
 * them. Codes of different trainings must not be compared: describe anew after `train`.
 *
 * Paolo et al., arXiv 1909.05508; the layers are `denseAutoencoder` of the methods package.
 */
export function autoencoderSpace(options: AutoencoderSpaceOptions): DescriptorSpace {
  const { seed, observationSize, hidden = [32], features = 10, epochs = 5, batchSize = 128 } = options
  const { learningRate = 1e-3, threads = 1 } = options
  const sizes = { observationSize, features, epochs, batchSize }
  for (const [name, value] of Object.entries(sizes)) assertInteger(value, name, 1)
  const root = new Random(seed)
  let random = root.split('batches')
  const trainer = createTrainer(
    denseAutoencoderParameters(root.split('parameters'), [
      observationSize,
      ...hidden,
      features,
    ]) as unknown as Evaluated<DenseAutoencoder>,
    (parameters: DenseAutoencoder, views: Tensor) => ({
      loss: reconstructionLoss(denseAutoencoder(parameters, views)),
      measured: {},
    }),
    { learningRate, threads },
  )
  const encode = jit(
    (parameters: DenseAutoencoder, views: Tensor) => {
      const { features: codes, errors } = denseAutoencoder(parameters, views)
      return { codes, errors }
    },
    { threads },
  )

  /** Rows `order[start …]`, around the end of the order if need be, so that all batches have one size. */
  function batchOf(rows: readonly ArrayLike<number>[], order: ArrayLike<number>, start: number): NdArray {
    const data = new Float32Array(batchSize * observationSize)
    for (let i = 0; i < batchSize; i++) data.set(rows[order[(start + i) % order.length]], i * observationSize)
    return { dtype: 'float32', shape: [batchSize, observationSize], data }
  }

  function assertRows(rows: readonly ArrayLike<number>[]): void {
    const row = rows.findIndex(({ length }) => length !== observationSize)
    if (row < 0) return
    throw new GuerdonError(
      'shape_mismatch',
      `expected observations of ${observationSize} numbers; got ${rows[row].length} — observation ${row}`,
      { path: ['observations', row], hint: 'make evaluate return an observation for each genome' },
    )
  }

  return {
    settings: { space: 'autoencoder', spaceSeed: seed, hidden, ...sizes, learningRate },
    async describe(observations) {
      assertRows(observations)
      const order = Int32Array.from(observations.keys())
      const behaviours: LearntBehaviour[] = []
      for (let start = 0; start < observations.length; start += batchSize) {
        const args = [trainer.parameters(), batchOf(observations, order, start)]
        const { codes, errors } = await encode(...(args as unknown as Concrete<[DenseAutoencoder, Tensor]>))
        for (let i = 0; i < Math.min(batchSize, observations.length - start); i++) {
          const descriptor = Float64Array.from(codes.data.subarray(i * features, (i + 1) * features))
          behaviours.push({ descriptor, surprise: errors.data[i] })
        }
      }
      return behaviours
    },
    async train(observations) {
      assertRows(observations)
      let total = 0
      const batches = Math.ceil(observations.length / batchSize)
      for (let epoch = 0; epoch < epochs; epoch++) {
        const order = random.permutation(observations.length)
        total = 0
        for (let k = 0; k < batches; k++) {
          total += (await trainer.step(batchOf(observations, order, k * batchSize))).loss
        }
      }
      return total / Math.max(1, batches)
    },
    save: () => ({ arrays: trainer.state(), random: random.state() }),
    restore(arrays, state) {
      trainer.restore(arraysLike(arrays, trainer.state()))
      random = new Random(state)
    },
  }
}
