import { Random } from '@guerdon/core'
import { attenuatedFrames, segmentalRewardLoss } from '@guerdon/methods/diffusion/instruct-video'
import { concat, constant, mean, reshape, slice, type Tensor } from '@guerdon/tensor'
import { movingDigits } from '@guerdon/worlds/images/moving-digits'
import { expect, it } from 'vitest'
import { trainLearner } from '../run/learner.ts'
import { diffusionModel } from './model.ts'
import { createRewardEditor } from './reward-editor.ts'
import { unetDenoiser } from './unet-denoiser.ts'

it('videos, frames being channels, are edited towards rewards of a few of their frames', async () => {
  const frames = 4
  const videos = movingDigits({ count: 16, frames, size: 8, speed: [1, 1] }, new Random(1))
  const model = diffusionModel(unetDenoiser({ height: 8, width: 8, imageChannels: frames, channels: [4, 8] }))
  // the second frame of each half, both a step from the middle
  const { globalIndex, coefficients } = attenuatedFrames([1, 1], { numFrames: frames, numSegments: 2 })
  const brightness = (samples: Tensor) => {
    const scores = globalIndex.map(frame =>
      reshape(mean(slice(samples, { starts: [frame], ends: [frame + 1], axes: [1] }), { axis: [1, 2, 3] }), [-1, 1]),
    )
    return segmentalRewardLoss(concat(scores, { axis: 1 }), constant(coefficients)).reward
  }
  const learner = createRewardEditor(
    model,
    { brightness: { reward: brightness } },
    {
      seed: 1,
      learningRate: 3e-3,
      initial: model.network.initial(new Random(2)),
      data: { samples: videos.pixels.map(value => 2 * value - 1) },
      steps: 10,
      noiseLevel: 0.3,
      batchSize: 8,
    },
  )
  const points = await trainLearner(learner, { updates: 15 })
  expect(points[0]).toMatchObject({ denoiserCalls: 24, gradientCalls: 8 })
  expect(points.at(-1)?.['brightness']).toBeGreaterThan((points[0]['brightness'] as number) + 0.05)
})
