import { assertInteger, assertNotEmpty, assertProbability, assertSameLength, GuerdonError } from '@guerdon/core'

/** One bin of a reliability diagram. */
export interface CalibrationBin {
  /** Position, 0 … bins − 1. */
  readonly bin: number
  readonly count: number
  /** Mean predicted probability. */
  readonly confidence: number
  /** Share of positive outcomes. */
  readonly accuracy: number
}

/** How well predicted probabilities match what happened; 0 is best for each number. */
export interface Calibration {
  /** Expected calibration error: Σ (n_b/N)·|confidence − accuracy|. */
  readonly ece: number
  /** Largest |confidence − accuracy| of a bin. */
  readonly mce: number
  /** mean (p − y)². */
  readonly brier: number
  /** Mean negative log-likelihood with p held within [1e-12, 1 − 1e-12]. */
  readonly nll: number
  readonly nonEmptyBins: CalibrationBin[]
}

/**
 * Calibration of probabilities against outcomes. Bins are equally wide and closed on the left; p = 1 falls into the last.
 *
 * For pairwise reward models pass both orientations of each pair (`bothOrientations`), or the error is biased.
 *
 * @param probabilities [N] in [0, 1]
 * @param outcomes [N] 0 or 1
 */
export function calibration(
  probabilities: ArrayLike<number>,
  outcomes: ArrayLike<number>,
  options: { readonly bins?: number } = {},
): Calibration {
  const { bins = 10 } = options
  assertInteger(bins, 'bins', 1)
  assertNotEmpty(probabilities, 'probabilities')
  assertSameLength(probabilities, 'probabilities', outcomes, 'outcomes')
  const total = probabilities.length
  const counts = new Float64Array(bins)
  const confidence = new Float64Array(bins)
  const positive = new Float64Array(bins)
  let brier = 0
  let nll = 0
  for (let i = 0; i < total; i++) {
    const p = probabilities[i]
    const y = outcomes[i]
    assertProbability(p, `probabilities[${i}]`)
    if (y !== 0 && y !== 1) {
      throw new GuerdonError('invalid_input', `expected outcomes of 0 or 1; got ${y} at ${i}`, {
        path: ['outcomes', i],
      })
    }
    const bin = Math.min(Math.floor(p * bins), bins - 1)
    counts[bin]++
    confidence[bin] += p
    positive[bin] += y
    brier += (p - y) ** 2
    const held = Math.min(Math.max(p, 1e-12), 1 - 1e-12)
    nll -= y === 1 ? Math.log(held) : Math.log(1 - held)
  }
  const nonEmptyBins: CalibrationBin[] = []
  let ece = 0
  let mce = 0
  for (let bin = 0; bin < bins; bin++) {
    const count = counts[bin]
    if (count === 0) continue
    const entry = { bin, count, confidence: confidence[bin] / count, accuracy: positive[bin] / count }
    const gap = Math.abs(entry.confidence - entry.accuracy)
    ece += (count / total) * gap
    mce = Math.max(mce, gap)
    nonEmptyBins.push(entry)
  }
  return { ece, mce, brier: brier / total, nll: nll / total, nonEmptyBins }
}

/**
 * Each pair once in both orders: (p, 1) for chosen first and (1 − p, 0) for rejected first.
 *
 * @param probabilities [N] P(chosen ≻ rejected)
 */
export function bothOrientations(probabilities: ArrayLike<number>): {
  readonly probabilities: Float64Array
  readonly outcomes: Uint8Array
} {
  const count = probabilities.length
  const both = new Float64Array(2 * count)
  for (let i = 0; i < count; i++) {
    both[i] = probabilities[i]
    both[count + i] = 1 - probabilities[i]
  }
  return { probabilities: both, outcomes: new Uint8Array(2 * count).fill(1, 0, count) }
}
