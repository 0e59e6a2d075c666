import { logSumExp } from '@guerdon/core'
import { type SampleReward, sampleAt } from '@guerdon/learn'
import { centroidClassifier, nearestImageClassifier } from '@guerdon/worlds/images/image-classifiers'
import type { LabelledImages } from '@guerdon/worlds/images/image-set'
import { digitSize, toPixels } from './denoiser.ts'

/** How good samples are as one digit: by what is learnt from, and by what tells whether it was learnt. */
export interface DigitJudges {
  /** log P(digit | image), the classes weighing exp(−squared distance to their mean image). */
  readonly reward: SampleReward
  /** [count] whether the nearest handwritten image shows the digit, and how far it is. */
  examine(samples: Float32Array): { readonly isDigit: boolean; readonly distance: number }[]
}

/** Judges of one digit, from images that no denoiser was trained on. */
export function digitJudges(images: LabelledImages, digit: number): DigitJudges {
  const centroids = centroidClassifier(images)
  const nearest = nearestImageClassifier(images)
  const place = centroids.labels.indexOf(digit)
  return {
    reward: ({ samples, count }) =>
      Float64Array.from({ length: count }, (_, i) => {
        const scores = centroids.distances(toPixels(sampleAt(samples, i, digitSize))).map(distance => -distance)
        return scores[place] - logSumExp(scores)
      }),
    examine: samples =>
      Array.from({ length: samples.length / digitSize }, (_, i) => {
        const distances = nearest.distances(toPixels(sampleAt(samples, i, digitSize)))
        const distance = Math.min(...distances)
        return { isDigit: distances[place] === distance, distance: Math.sqrt(distance) }
      }),
  }
}
