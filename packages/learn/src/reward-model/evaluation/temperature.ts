import { assertFinite, assertNotEmpty, sigmoid, softplus } from '@guerdon/core'

/** A temperature and what it costs. */
export interface FittedTemperature {
  /** T > 0: p = σ(d/T). */
  readonly temperature: number
  /** Mean −log σ(d/T) at this temperature and at 1. */
  readonly loss: number
  readonly lossAtOne: number
  /** False when the best T lies beyond the range: every pair is right (or wrong), and nothing fixes the scale. */
  readonly inRange: boolean
}

const largestRate = 100

/**
 * The temperature that makes P(chosen ≻ rejected) = σ(d/T) best calibrated: minimises mean −log σ(β·d) over β = 1/T in
 * [1/100, 100], a convex function, by bisection of its slope. Changes no order. Guo et al. 2017, arXiv 1706.04599. Fit it on
 * pairs that were neither trained on nor are reported on.
 *
 * @param differences [N] score of the preferred response minus that of the other
 */
export function fitTemperature(differences: ArrayLike<number>): FittedTemperature {
  assertNotEmpty(differences, 'differences')
  assertFinite(differences, 'differences')
  const all = Float64Array.from(differences)
  const lossAt = (rate: number): number => all.reduce((total, d) => total + softplus(-rate * d), 0) / all.length
  const slopeAt = (rate: number): number => all.reduce((total, d) => total - d * sigmoid(-rate * d), 0)
  let [low, high] = [1 / largestRate, largestRate]
  const inRange = slopeAt(low) < 0 && slopeAt(high) > 0
  if (!inRange) {
    const rate = lossAt(low) < lossAt(high) ? low : high
    return { temperature: 1 / rate, loss: lossAt(rate), lossAtOne: lossAt(1), inRange }
  }
  for (let i = 0; i < 60; i++) {
    const middle = Math.sqrt(low * high)
    if (slopeAt(middle) < 0) low = middle
    else high = middle
  }
  const rate = Math.sqrt(low * high)
  return { temperature: 1 / rate, loss: lossAt(rate), lossAtOne: lossAt(1), inRange }
}
