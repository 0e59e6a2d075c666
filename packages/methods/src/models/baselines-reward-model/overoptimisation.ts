import { assertInRange, assertNotEmpty, assertOneOf, assertSameLength, GuerdonError } from '@guerdon/core'

/** The two curves of Gao et al. 2022 (arXiv 2210.10760) in d = √KL (natural logarithm). */
export const overoptimisationKinds = ['bestOfN', 'rl'] as const
/** `bestOfN`: R = d·(α − β·d). `rl`: R = d·(α − β·log d). */
export type OveroptimisationKind = (typeof overoptimisationKinds)[number]

/** A curve of gold reward over the distance d = √KL from the initial policy. */
export interface OveroptimisationCurve {
  readonly kind: OveroptimisationKind
  readonly alpha: number
  readonly beta: number
}

/** Gold reward, relative to the initial policy, at a KL of `kl` nats; 0 at 0. */
export function goldAt(kl: number, curve: OveroptimisationCurve): number {
  assertInRange(kl, 'kl', 0, Number.MAX_VALUE)
  const distance = Math.sqrt(kl)
  if (distance === 0) return 0
  const { alpha, beta } = curve
  return distance * (alpha - beta * (curve.kind === 'bestOfN' ? distance : Math.log(distance)))
}

/** Where a curve peaks. */
export interface OveroptimisationPeak {
  /** √KL: α/(2β) for best-of-n, e^{α/β − 1} for RL. */
  readonly distance: number
  readonly kl: number
  readonly gold: number
}

/** The peak of a curve; undefined when gold never falls (β ≤ 0) or never rises (α ≤ 0 for best-of-n). */
export function overoptimisationPeak(curve: OveroptimisationCurve): OveroptimisationPeak | undefined {
  const { kind, alpha, beta } = curve
  if (beta <= 0 || (kind === 'bestOfN' && alpha <= 0)) return undefined
  const distance = kind === 'bestOfN' ? alpha / (2 * beta) : Math.exp(alpha / beta - 1)
  const gold = kind === 'bestOfN' ? (alpha * alpha) / (4 * beta) : beta * distance
  return { distance, kl: distance * distance, gold }
}

/** A fitted curve and what it leaves unexplained. */
export interface OveroptimisationFit extends OveroptimisationCurve {
  readonly residualSumOfSquares: number
}

/**
 * α and β by linear least squares on [d, −d²] or [d, −d·log d]. Points with KL = 0 carry nothing and are left out.
 *
 * @param kl [n] nats
 * @param gold [n] gold reward minus that of the initial policy
 * @throws invalid_input when fewer than two different distances remain
 */
export function fitOveroptimisation(
  kl: ArrayLike<number>,
  gold: ArrayLike<number>,
  options: { readonly kind: OveroptimisationKind },
): OveroptimisationFit {
  const { kind } = options
  assertOneOf(kind, 'kind', overoptimisationKinds)
  assertNotEmpty(kl, 'kl')
  assertSameLength(kl, 'kl', gold, 'gold')
  const points: { first: number; second: number; value: number }[] = []
  for (let i = 0; i < kl.length; i++) {
    assertInRange(kl[i], `kl[${i}]`, 0, Number.MAX_VALUE)
    assertInRange(gold[i], `gold[${i}]`, -Number.MAX_VALUE, Number.MAX_VALUE)
    const distance = Math.sqrt(kl[i])
    if (distance === 0) continue
    points.push({
      first: distance,
      second: -distance * (kind === 'bestOfN' ? distance : Math.log(distance)),
      value: gold[i],
    })
  }
  let aa = 0
  let ab = 0
  let bb = 0
  let ay = 0
  let by = 0
  for (const { first, second, value } of points) {
    aa += first * first
    ab += first * second
    bb += second * second
    ay += first * value
    by += second * value
  }
  const determinant = aa * bb - ab * ab
  if (!(determinant > 1e-12 * aa * bb)) {
    throw new GuerdonError('invalid_input', 'expected at least two different KL values above 0 to fit two parameters', {
      path: ['kl'],
    })
  }
  const alpha = (ay * bb - by * ab) / determinant
  const beta = (by * aa - ay * ab) / determinant
  let residualSumOfSquares = 0
  for (const { first, second, value } of points) residualSumOfSquares += (value - alpha * first - beta * second) ** 2
  return { kind, alpha, beta, residualSumOfSquares }
}
