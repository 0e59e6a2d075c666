import { assertInRange, assertInteger } from '@guerdon/core'
import { type GaussianMixture, gaussianMixture } from './gaussian-mixture.ts'

/** Choices of a ring. */
export interface RingOptions {
  /** Default 8. */
  readonly modes?: number
  /** Default 2. */
  readonly radius?: number
  /** σ of each mode. Default 0.15. */
  readonly deviation?: number
  /** [modes] relative weights. Default: equal. */
  readonly weights?: ArrayLike<number>
}

/** Modes at equal distances on a circle, mode j at the angle 2πj/modes: what the small diffusion claims are tested on. */
export function ringMixture(options: RingOptions = {}): GaussianMixture {
  const { modes = 8, radius = 2, deviation = 0.15, weights } = options
  assertInteger(modes, 'modes', 1)
  assertInRange(radius, 'radius', 0, Number.MAX_VALUE)
  const means = Array.from({ length: modes }, (_, j) => {
    const angle = (2 * Math.PI * j) / modes
    return [radius * Math.cos(angle), radius * Math.sin(angle)]
  })
  return gaussianMixture({ means, deviations: deviation, ...(weights && { weights }) })
}

/** Choices of a grid. */
export interface MixtureGridOptions {
  /** Modes along a side. Default 5. */
  readonly side?: number
  /** Distance of neighbours. Default 1. */
  readonly spacing?: number
  /** σ of each mode. Default 0.1. */
  readonly deviation?: number
}

/** side² modes on a square lattice about the origin; mode side·row + column, rows upwards. */
export function gridMixture(options: MixtureGridOptions = {}): GaussianMixture {
  const { side = 5, spacing = 1, deviation = 0.1 } = options
  assertInteger(side, 'side', 1)
  assertInRange(spacing, 'spacing', 0, Number.MAX_VALUE)
  const place = (k: number) => spacing * (k - (side - 1) / 2)
  const means = Array.from({ length: side * side }, (_, j) => [place(j % side), place(Math.floor(j / side))])
  return gaussianMixture({ means, deviations: deviation })
}

/** Choices of the two moons. */
export interface TwoMoonsOptions {
  /** Components along each half circle. Default 32. */
  readonly componentsPerMoon?: number
  /** σ across the half circles. Default 0.1. */
  readonly deviation?: number
}

/**
 * Two interlocking half circles of radius 1: the upper one about (0, 0), the lower one about (1, 1/2), the places of
 * scikit-learn's `make_moons`. Each is a row of Gaussians at equal angles instead of a noised curve, so that density,
 * score and denoiser are exact. Components below `componentsPerMoon` are the upper moon.
 */
export function twoMoonsMixture(options: TwoMoonsOptions = {}): GaussianMixture {
  const { componentsPerMoon = 32, deviation = 0.1 } = options
  assertInteger(componentsPerMoon, 'componentsPerMoon', 2)
  const means = Array.from({ length: 2 * componentsPerMoon }, (_, j) => {
    const angle = (Math.PI * (j % componentsPerMoon)) / (componentsPerMoon - 1)
    const [x, y] = [Math.cos(angle), Math.sin(angle)]
    return j < componentsPerMoon ? [x, y] : [1 - x, 0.5 - y]
  })
  return gaussianMixture({ means, deviations: deviation })
}
