import { Random } from '@guerdon/core'
import { createDdpo, createDenoiserLearner, diffusionModel, mlpDenoiser, unetDenoiser } from '@guerdon/learn'
import { timed } from './timed.mjs'

const batchSize = 64

/** A learner that trains the 8×8 U-Net on images of noise: the work is that of digits. */
export function unetLearner({ threads = 1, channels = [16, 32] } = {}) {
  const model = diffusionModel(unetDenoiser({ height: 8, width: 8, classes: 10, channels }))
  const samples = new Random(1).normals(64 * 200)
  const labels = Array.from({ length: 200 }, (_, i) => i % 10)
  return createDenoiserLearner(model, { samples, labels }, { seed: 1, learningRate: 1e-3, batchSize, threads })
}

/** DDPO on points, 32 chains of 20 steps an update. */
export function ddpoLearner() {
  const model = diffusionModel(mlpDenoiser())
  const initial = model.network.initial(new Random(1))
  const reward = ({ samples, count }) => Float64Array.from({ length: count }, (_, i) => -Math.abs(samples[2 * i]))
  return createDdpo(model, reward, { seed: 1, initial, learningRate: 1e-4, samples: 32 })
}

/** Updates a second of the denoiser of 8×8 images. */
export async function diffusionRate() {
  const runs = []
  for (const channels of [
    [8, 16],
    [16, 32],
  ]) {
    for (const threads of [1, 2]) {
      const learner = unetLearner({ threads, channels })
      for (let update = 0; update < 10; update++) await learner.update()
      const updates = 100
      const { seconds, cpuSeconds, others } = await timed(async () => {
        for (let update = 0; update < updates; update++) await learner.update()
      })
      runs.push({ channels, threads, perSecond: updates / seconds, cpuPerUpdate: cpuSeconds / updates, others })
    }
  }
  return runs
}
