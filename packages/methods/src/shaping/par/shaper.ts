import { assertFinite, assertInRange, assertInteger, assertSameLength, GuerdonError, sigmoid } from '@guerdon/core'
import { addToMoments, type Moments, noMoments } from '../../shared/running-moments.ts'
import { fitSigmoid, fittedSigmoid } from './fitted-polynomial.ts'
import {
  centredReward,
  clippedReward,
  type LengthPenalty,
  logSigmoidCentred,
  minMaxReward,
  penaliseLength,
  preferenceAsReward,
  relativeFittedSigmoid,
  relativeTanh,
  slowGrowthReward,
  standardisedReward,
} from './shapes.ts'

/** The shapes in the order in which the released shaper applies them when several are chosen. */
export const shapeOrder = [
  'raw',
  'centred',
  'slowGrowth',
  'meanStd',
  'clip',
  'minMax',
  'par',
  'sigmoid',
  'relativeTanh',
  'tanh',
  'relativeFittedPolynomial',
  'fittedPolynomial',
  'logSigmoidCentred',
] as const

/** Name of a shape. */
export type Shape = (typeof shapeOrder)[number]

/** The shapes that compare with reference scores of the same prompt. */
export const shapesWithReferences: ReadonlySet<Shape> = new Set([
  'centred',
  'slowGrowth',
  'par',
  'relativeTanh',
  'relativeFittedPolynomial',
  'logSigmoidCentred',
])

/** What the released code subtracts from long answers unless it trains with ODIN. */
export const releasedLengthPenalty: LengthPenalty = { freeTokens: 300, perToken: 0.01 }

/** Choices of shaping. */
export interface ShapeOptions {
  /** One shape, or several applied in `shapeOrder`. Default `par`. */
  readonly shape?: Shape | readonly Shape[]
  /** k of `par`, `sigmoid` and `slowGrowth`. Default 1. */
  readonly steepness?: number
  /** References used by the relative shapes (not by `logSigmoidCentred`, which takes all). Default 10. */
  readonly maxReferences?: number
  /** Upper bound c of the raw score, applied again before `minMax`: min(r, c). Default null. */
  readonly ceiling?: number | null
  /** Price of long answers, subtracted from the raw score before any shape. Default null; 0.01 above 300 under `released`. */
  readonly lengthPenalty?: LengthPenalty | null | undefined
  /**
   * `released`: the length penalty is on by default (ODIN turns it off), and `minMax` starts from the extremes 10000 and
   * −10000 and gives NaN while all scores are equal. Default null: no length penalty, extremes of what was seen, 0.5 while
   * all are equal.
   */
  readonly compat?: 'released' | null
}

/** One batch of scores and what the shapes need to know of each. */
export interface ScoreBatch {
  /** [n] raw reward-model scores. */
  readonly scores: ArrayLike<number>
  /** [n][M] scores of reference responses to the same prompt. Needed by the relative shapes. */
  readonly references?: readonly ArrayLike<number>[]
  /** [n] response tokens. Needed by `lengthPenalty`. */
  readonly lengths?: ArrayLike<number>
}

/** Shaped rewards of a batch and the statistics to go on with. */
export interface ShapedBatch {
  /** [n] */
  readonly rewards: Float64Array
  /** Running statistics to hand to the next batch. */
  readonly moments: Moments
}

/**
 * Turns raw reward-model scores into training rewards: ceiling → length penalty → shapes in `shapeOrder`.
 *
 * `meanStd`, `clip` and `minMax` share running statistics over everything they have seen (population variance); the current
 * batch is added **first**. All other shapes are stateless. PAR, arXiv 2502.18770, section 4 and `trainers/reward_shaper.py`
 * of PorUna-byte/PAR.
 *
 * Unlike group normalisation (which undoes any affine shape), `par` and `logSigmoidCentred` change the gaps between the
 * scores of one group.
 *
 * @throws not_finite for a score or reference that is NaN or ±Infinity; invalid_input when references or lengths are needed
 * and missing; empty when an item has no reference
 */
export function shapeScores(batch: ScoreBatch, options: ShapeOptions = {}, moments: Moments = noMoments): ShapedBatch {
  const { steepness = 1, maxReferences = 10, ceiling = null, compat = null } = options
  const { lengthPenalty = compat === 'released' ? releasedLengthPenalty : null } = options
  assertInteger(maxReferences, 'maxReferences', 1)
  assertInRange(steepness, 'steepness', 0, Number.MAX_VALUE)
  assertFinite(batch.scores, 'scores')
  const shapes = chosenShapes(options.shape ?? 'par')
  const rewards = Float64Array.from(batch.scores)
  const bound = () => {
    if (ceiling !== null) for (let i = 0; i < rewards.length; i++) rewards[i] = Math.min(rewards[i], ceiling)
  }
  const relative = { steepness, maxReferences }
  let state = moments
  bound()
  if (lengthPenalty !== null) {
    const lengths = needed(batch.lengths, 'lengths', 'the length penalty', batch.scores)
    for (let i = 0; i < rewards.length; i++) rewards[i] = penaliseLength(rewards[i], lengths[i], lengthPenalty)
  }
  for (const shape of shapeOrder) {
    if (shape === 'minMax') bound()
    if (!shapes.has(shape)) continue
    if (shape === 'meanStd' || shape === 'clip' || shape === 'minMax') {
      state = addToMoments(compat === 'released' ? releasedExtremes(state) : state, rewards)
    }
    const apply = shapeFunction(shape, relative, state, compat)
    const references = shapesWithReferences.has(shape) ? checkedReferences(batch, shape) : undefined
    for (let i = 0; i < rewards.length; i++) rewards[i] = apply(rewards[i], references?.[i] ?? [])
  }
  return { rewards, moments: state }
}

function shapeFunction(
  shape: Shape,
  relative: { readonly steepness: number; readonly maxReferences: number },
  moments: Moments,
  compat: ShapeOptions['compat'],
): (score: number, references: ArrayLike<number>) => number {
  switch (shape) {
    case 'raw':
      return score => score
    case 'centred':
      return (score, references) => centredReward(score, references, relative)
    case 'slowGrowth':
      return (score, references) => slowGrowthReward(score, references, relative)
    case 'meanStd':
      return score => standardisedReward(score, moments)
    case 'clip':
      return score => clippedReward(score, moments)
    case 'minMax':
      return score => minMaxReward(score, moments, compat === 'released' ? Number.NaN : 0.5)
    case 'par':
      return (score, references) => preferenceAsReward(score, references, relative)
    case 'sigmoid':
      return score => sigmoid(relative.steepness * score)
    case 'relativeTanh':
      return (score, references) => relativeTanh(score, references, relative)
    case 'tanh':
      return Math.tanh
    case 'relativeFittedPolynomial': {
      const fit = fitSigmoid()
      return (score, references) => relativeFittedSigmoid(score, references, fit, relative)
    }
    case 'fittedPolynomial': {
      const fit = fitSigmoid()
      return score => fittedSigmoid(score, fit)
    }
    case 'logSigmoidCentred':
      return logSigmoidCentred
  }
}

function chosenShapes(shape: Shape | readonly Shape[]): ReadonlySet<Shape> {
  const names: readonly Shape[] = typeof shape === 'string' ? [shape] : shape
  for (const name of names) {
    if (!shapeOrder.includes(name)) {
      throw new GuerdonError('invalid_option', `expected shape to be one of ${shapeOrder.join(', ')}; got "${name}"`, {
        path: ['shape'],
      })
    }
  }
  return new Set(names)
}

function checkedReferences(batch: ScoreBatch, shape: Shape): readonly ArrayLike<number>[] {
  const references = needed(batch.references, 'references', `shape "${shape}"`, batch.scores)
  references.forEach((row, i) => {
    assertFinite(row, 'references', ['references', i])
    if (row.length === 0) {
      throw new GuerdonError('empty', `expected at least one reference score for item ${i}; got none`, {
        path: ['references', i],
        hint: 'score reference responses to the same prompt, or choose a shape without references such as "sigmoid"',
      })
    }
  })
  return references
}

function needed<T extends ArrayLike<unknown>>(
  given: T | undefined,
  name: string,
  reader: string,
  scores: ArrayLike<number>,
): T {
  if (given === undefined) {
    throw new GuerdonError('invalid_input', `expected ${name} for ${reader}; got none`, { path: [name] })
  }
  assertSameLength(scores, 'scores', given, name)
  return given
}

function releasedExtremes(moments: Moments): Moments {
  return { ...moments, minimum: moments.minimum ?? 10000, maximum: moments.maximum ?? -10000 }
}
