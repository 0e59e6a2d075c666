import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '@guerdon/core'
import {
  createDenoiserLearner,
  diffusionModel,
  loadCheckpoint,
  mlpDenoiser,
  type RewardedSamples,
  saveCheckpoint,
  trainLearner,
} from '@guerdon/learn'
import type { Dense, Evaluated } from '@guerdon/tensor'
import { sampleMixture } from '@guerdon/worlds/images/gaussian-mixture'
import { ringMixture } from '@guerdon/worlds/images/mixture-shapes'

/** Eight modes on a circle of radius 2. */
export const ring = ringMixture({ deviation: 0.2 })

/** Dense layers of 64 and 64 that denoise points. */
export const ringModel = diffusionModel(mlpDenoiser())

/** −‖x − μ₀‖²/8: the nearer to mode 0, the better. */
export function nearness({ samples, count }: RewardedSamples): Float64Array {
  const [x, y] = ring.means[0]
  return Float64Array.from(
    { length: count },
    (_, i) => -((samples[2 * i] - x) ** 2 + (samples[2 * i + 1] - y) ** 2) / 8,
  )
}

/** Trains a denoiser of the ring and keeps it in a folder. */
export async function prepareRing(folder: string, updates: number, random: Random, signal: AbortSignal): Promise<void> {
  const samples = Float32Array.from(sampleMixture(ring, 4096, random.split('points')).points)
  const learner = createDenoiserLearner(
    ringModel,
    { samples },
    { seed: random.split('learner').integer(2 ** 31), learningRate: 3e-3, batchSize: 256 },
  )
  await trainLearner(learner, { updates, signal })
  writeFileSync(join(folder, fileName), saveCheckpoint(learner.parameters()))
}

/** The denoiser of a folder. */
export function loadRing(folder: string): Evaluated<Dense[]> {
  return loadCheckpoint(new Uint8Array(readFileSync(join(folder, fileName))), ringModel.network.initial(new Random(0)))
}

const fileName = 'ring.safetensors'
