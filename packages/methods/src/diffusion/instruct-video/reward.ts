import { assertInteger, assertSameLength, GuerdonError, type Random } from '@guerdon/core'
import { clip, exp, isFinite as isFiniteEach, mean, mul, sub, type Tensor, where } from '@guerdon/tensor'

/** Frames of a video and the segments its reward is read from. */
export interface SegmentLayout {
  /** F */
  readonly numFrames: number
  /** S; default 4. Frames beyond S·⌊F/S⌋ are never scored. */
  readonly numSegments?: number
}

/** ⌊F/S⌋. Throws `invalid_option` when there are more segments than frames. */
export function segmentSpan({ numFrames, numSegments = 4 }: SegmentLayout): number {
  assertInteger(numFrames, 'numFrames', 1)
  assertInteger(numSegments, 'numSegments', 1)
  if (numSegments <= numFrames) return Math.floor(numFrames / numSegments)
  throw new GuerdonError(
    'invalid_option',
    `expected at most ${numFrames} segments for ${numFrames} frames; got ${numSegments}`,
    {
      path: ['numSegments'],
    },
  )
}

/** Local frame indices u_s ~ uniform {0 … span − 1}, one a segment, drawn in segment order; draw anew for each video. */
export function drawSegmentFrames(layout: SegmentLayout, random: Random): number[] {
  const span = segmentSpan(layout)
  return Array.from({ length: layout.numSegments ?? 4 }, () => random.integer(span))
}

/** First frame of each segment: what is scored in evaluation. */
export function fixedFirstFrames(layout: SegmentLayout): {
  readonly frameIndex: number[]
  readonly segmentSpan: number
} {
  const span = segmentSpan(layout)
  return { frameIndex: Array.from({ length: layout.numSegments ?? 4 }, (_, s) => s * span), segmentSpan: span }
}

/** Choices of the attenuated reward. */
export interface AttenuationOptions extends SegmentLayout {
  /** λ_tar ≥ 0; 0 is a plain mean. Default 1. */
  readonly lambda?: number
}

/** Frames of one video that are scored, and how much each counts. */
export interface AttenuatedFrames {
  /** [S] g_s = s·span + u_s */
  readonly globalIndex: number[]
  /** [S] exp(−λ·|g_s − ⌊F/2⌋|) */
  readonly coefficients: number[]
}

/**
 * The frames behind local indices and their attenuation exp(−λ|g − ⌊F/2⌋|): frames far from the centre count less, so that
 * not all are pushed to one high-scoring pose. The weights do not sum to one, and as ⌊F/2⌋ is 0-based they are not symmetric.
 */
export function attenuatedFrames(localIndex: readonly number[], options: AttenuationOptions): AttenuatedFrames {
  const { numFrames, numSegments = 4, lambda = 1 } = options
  const span = segmentSpan(options)
  if (!(lambda >= 0))
    throw new GuerdonError('invalid_option', `expected lambda ≥ 0; got ${lambda}`, { path: ['lambda'] })
  if (localIndex.length !== numSegments) {
    throw new GuerdonError('shape_mismatch', `expected ${numSegments} frame indices; got ${localIndex.length}`, {
      path: ['localIndex'],
    })
  }
  const globalIndex = localIndex.map((local, s) => {
    if (Number.isInteger(local) && local >= 0 && local < span) return s * span + local
    throw new GuerdonError('invalid_input', `expected frame indices within [0, ${span}) of a segment; got ${local}`, {
      path: ['localIndex', s],
    })
  })
  const centre = Math.floor(numFrames / 2)
  return { globalIndex, coefficients: globalIndex.map(frame => Math.exp(-lambda * Math.abs(frame - centre))) }
}

/** Choices of `segmentalRewardLoss`. */
export interface SegmentalLossOptions {
  /** c: weigh each video's loss by exp(−c·reconstruction error), the error detached. Default: no weight. */
  readonly alignCoefficient?: number
  /** `released`: an infinite loss becomes ±5, without a gradient. NaN stays NaN. */
  readonly compat?: 'released'
}

/** Reward and loss of a batch of videos, as graphs. */
export interface SegmentalReward {
  /** [B] R = (1/S)·Σ_s f_s·r_s */
  readonly reward: Tensor
  /** [B] (1 − R), weighed if asked to */
  readonly perVideoLoss: Tensor
  /** mean of `perVideoLoss` */
  readonly loss: Tensor
}

/**
 * SegVR with TAR: the mean over sampled frames of attenuated frame rewards, not divided by the sum of weights; the loss is
 * mean(1 − R).
 *
 * @param frameScores [B][S] differentiable rewards of the sampled frames
 * @param coefficients [B][S] of `attenuatedFrames`; ones for plain SegVR
 * @param reconstructionError [B], for the optional alignment weight
 */
export function segmentalRewardLoss(
  frameScores: Tensor,
  coefficients: Tensor,
  options: SegmentalLossOptions = {},
  reconstructionError?: Tensor,
): SegmentalReward {
  const reward = mean(mul(frameScores, coefficients), { axis: 1 })
  const plain = sub(1, reward)
  const perVideoLoss =
    reconstructionError && options.alignCoefficient !== undefined
      ? mul(plain, exp(mul(reconstructionError, -options.alignCoefficient)))
      : plain
  const loss = mean(perVideoLoss)
  if (options.compat !== 'released') return { reward, perVideoLoss, loss }
  return { reward, perVideoLoss, loss: where(isFiniteEach(loss), loss, clip(loss, { minimum: -5, maximum: 5 })) }
}

/** Reward-weighted regression, the baseline without a gradient through the reward: mean R_i·reconstruction loss_i. */
export function rewardWeightedRegressionLoss(reward: Tensor, reconstructionLoss: Tensor): Tensor {
  return mean(mul(reward, reconstructionLoss))
}

/**
 * Weight of every frame in R, 0 for frames that were not sampled: w_g = f_s/S. Credit over steps for trainers that take no
 * gradient through the reward; serves any ordered trajectory (turns, control steps).
 *
 * @returns [F]
 */
export function frameWeights(localIndex: readonly number[], options: AttenuationOptions): Float64Array {
  const { globalIndex, coefficients } = attenuatedFrames(localIndex, options)
  const weights = new Float64Array(options.numFrames)
  for (const [s, frame] of globalIndex.entries()) weights[frame] = coefficients[s] / globalIndex.length
  return weights
}

/** R of one trajectory from scores of its sampled steps; what the stage uses. */
export function segmentalReward(
  frameScores: readonly number[],
  localIndex: readonly number[],
  options: AttenuationOptions,
): number {
  const { coefficients } = attenuatedFrames(localIndex, options)
  assertSameLength(coefficients, 'localIndex', frameScores, 'frameScores')
  return frameScores.reduce((total, score, s) => total + score * coefficients[s], 0) / frameScores.length
}
