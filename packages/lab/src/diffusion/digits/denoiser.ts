import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Random, Random as Stream } from '@guerdon/core'
import { createDenoiserLearner, diffusionModel, loadCheckpoint, saveCheckpoint } from '@guerdon/learn'
import { type UNetParameters, unetDenoiser } from '@guerdon/learn/diffusion/unet-denoiser'
import type { Evaluated } from '@guerdon/tensor'
import { loadDigits } from '@guerdon/worlds/images/digits-node'
import { type LabelledImages, selectImages } from '@guerdon/worlds/images/image-set'

/** Pixels along a side. */
export const side = 8
/** Numbers of a sample. */
export const digitSize = side * side

/** A U-Net of digits that is told no class. */
export const digitModel = diffusionModel(unetDenoiser({ height: side, width: side, channels: [8, 16] }), {
  prediction: 'velocity',
  schedule: { schedule: 'cosine' },
})

const perDigit = 500
const forTraining = 300

/** Handwritten digits: 300 of each to train a denoiser on, 200 others of each to judge by. */
export function digitSets(): { readonly training: LabelledImages; readonly judging: LabelledImages } {
  const all = loadDigits({ size: side, perDigit })
  const places = Array.from({ length: all.count }, (_, i) => i)
  return {
    training: selectImages(
      all,
      places.filter(i => i % perDigit < forTraining),
    ),
    judging: selectImages(
      all,
      places.filter(i => i % perDigit >= forTraining),
    ),
  }
}

/** How a denoiser is trained. */
export interface DenoiserTraining {
  readonly images: LabelledImages
  readonly updates: number
  readonly random: Random
  readonly signal: AbortSignal
  progress(fraction: number): void
}

/** Trains the U-Net on images, their pixels in 0 … 1. */
export async function trainDigitDenoiser(training: DenoiserTraining): Promise<Evaluated<UNetParameters>> {
  const { images, updates, random, signal, progress } = training
  const learner = createDenoiserLearner(
    digitModel,
    { samples: toSamples(images.pixels) },
    { seed: random.integer(2 ** 31), learningRate: 2e-3, batchSize: 64, maximumGradientNorm: 1 },
  )
  for (let update = 0; update < updates; update++) {
    signal.throwIfAborted()
    await learner.update()
    progress((update + 1) / updates)
  }
  return learner.parameters()
}

/** Pixels in 0 … 1 as samples in −1 … 1. */
export function toSamples(pixels: Float32Array): Float32Array {
  return pixels.map(value => 2 * value - 1)
}

/** The inverse of `toSamples`. */
export function toPixels(samples: Float32Array): Float32Array {
  return samples.map(value => (value + 1) / 2)
}

/** Keeps the denoiser of a seed in its folder. */
export function saveDigitDenoiser(folder: string, parameters: Evaluated<UNetParameters>): void {
  writeFileSync(join(folder, fileName), saveCheckpoint(parameters))
}

/** The denoiser of a seed. */
export function loadDigitDenoiser(folder: string): Evaluated<UNetParameters> {
  return loadCheckpoint(new Uint8Array(readFileSync(join(folder, fileName))), digitModel.network.initial(new Stream(0)))
}

const fileName = 'denoiser.safetensors'
