import { GuerdonError } from './errors.ts'

const LOG_ROOT_TWO_PI = 0.5 * Math.log(2 * Math.PI)

/** Standard normal density φ(x). */
export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x - LOG_ROOT_TWO_PI)
}

/**
 * Standard normal distribution function Φ(x), to about 1e-15 absolutely.
 * ½ + φ(x)·(x + x³/3 + x⁵/(3·5) + …): G. Marsaglia, "Evaluating the normal distribution", J. Stat. Software 11(4), 2004.
 */
export function normalCdf(x: number): number {
  if (x < -8) return 0
  if (x > 8) return 1
  let total = x
  let term = x
  for (let odd = 3; ; odd += 2) {
    term *= (x * x) / odd
    const next = total + term
    if (next === total) break
    total = next
  }
  return Math.min(1, Math.max(0, 0.5 + total * normalDensity(x)))
}

/**
 * Φ⁻¹(p) for p in (0, 1): a rational start (Abramowitz and Stegun 26.2.23) refined by Halley steps on Φ, to about 1e-12 for
 * p between 1e-9 and 1 − 1e-9. Throws `invalid_option` outside (0, 1).
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) {
    throw new GuerdonError('invalid_option', `expected a probability inside (0, 1); got ${p}`, { path: ['p'] })
  }
  const tail = Math.min(p, 1 - p)
  const t = Math.sqrt(-2 * Math.log(tail))
  const start = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
  let x = -start
  for (let step = 0; step < 3; step++) {
    const newton = (normalCdf(x) - tail) / normalDensity(x)
    x -= newton / (1 + (x * newton) / 2)
  }
  return p <= 0.5 ? x : -x
}
