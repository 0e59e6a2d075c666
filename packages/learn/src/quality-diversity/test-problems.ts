import { assertInteger } from '@guerdon/core'
import type { QdProblem } from './problem.ts'

/**
 * The redundant arm: D joints of equal length, reach 1, angles in ±π from one link to the next. The descriptor is where the
 * hand is, fitness −variance of the angles: the smoothest pose of each place. All places within the unit disc can be reached.
 *
 * Cully et al., "Robots that can adapt like animals", arXiv 1407.3501 (a common stand-in).
 */
export function armProblem(options: { /** D. Default 8. */ readonly joints?: number } = {}): QdProblem {
  const { joints = 8 } = options
  assertInteger(joints, 'joints', 2)
  return {
    name: `arm of ${joints} joints`,
    genomeSize: joints,
    descriptorSize: 2,
    bounds: [-Math.PI, Math.PI],
    initial: random => Float64Array.from({ length: joints }, () => random.uniform(-Math.PI, Math.PI)),
    evaluate: genomes => genomes.map(armPose),
  }
}

/** Fitness of the angles [D], and where the hand is. */
export function armPose(angles: Float64Array): {
  readonly fitness: number
  readonly descriptor: readonly [number, number]
} {
  const mean = angles.reduce((total, angle) => total + angle, 0) / angles.length
  let direction = 0
  let [x, y, spread] = [0, 0, 0]
  for (let i = 0; i < angles.length; i++) {
    direction += angles[i]
    x += Math.cos(direction) / angles.length
    y += Math.sin(direction) / angles.length
    spread += (angles[i] - mean) ** 2
  }
  return { fitness: -spread / angles.length, descriptor: [x, y] }
}

/**
 * Linear projection (Fontaine et al., arXiv 1912.02400): fitness 0–100 on the sphere or Rastrigin's function with its optimum
 * at 0.4·5.12 in each gene, descriptor the sums of both halves of the genome after clip(x) = x within ±5.12, 5.12/x beyond.
 * Most random genomes crowd around the middle, and the rims are hard to reach.
 */
export function linearProjection(
  landscape: 'sphere' | 'rastrigin',
  options: { /** D, even. Default 20. */ readonly size?: number } = {},
): QdProblem & { /** Rim of the descriptor, D/2·5.12. */ readonly rim: number } {
  const { size = 20 } = options
  assertInteger(size / 2, 'size / 2', 1)
  const [reach, optimum] = [5.12, 0.4 * 5.12]
  const cost = landscape === 'sphere' ? sphere : rastrigin
  const from = (genome: Float64Array) => cost(genome.map(gene => gene - optimum))
  const worst = from(new Float64Array(size).fill(-reach))
  const clip = (x: number): number => (Math.abs(x) <= reach ? x : reach / x)
  const half = (genome: Float64Array, start: number): number =>
    genome.subarray(start, start + size / 2).reduce((total, gene) => total + clip(gene), 0)
  return {
    name: `linear projection of ${landscape} in ${size} dimensions`,
    genomeSize: size,
    descriptorSize: 2,
    rim: (reach * size) / 2,
    initial: random => random.normals(size),
    evaluate: genomes =>
      genomes.map(genome => ({
        fitness: 100 * (1 - from(genome) / worst),
        descriptor: [half(genome, 0), half(genome, size / 2)],
      })),
  }
}

/** A function to be maximised, without behaviour. */
export function functionProblem(
  name: string,
  cost: (x: Float64Array) => number,
  options: { readonly size: number /** Deviation of first genomes. Default 1. */; readonly spread?: number },
): QdProblem {
  const { size, spread = 1 } = options
  return {
    name,
    genomeSize: size,
    descriptorSize: 0,
    initial: random => random.normals(size).map(value => spread * value),
    evaluate: genomes => genomes.map(genome => ({ fitness: -cost(genome) })),
  }
}

/** Σx² */
export function sphere(x: Float64Array): number {
  return x.reduce((total, value) => total + value * value, 0)
}

/** 10·D + Σ(x² − 10·cos 2πx) */
export function rastrigin(x: Float64Array): number {
  return x.reduce((total, value) => total + value * value - 10 * Math.cos(2 * Math.PI * value), 10 * x.length)
}

/** Σ 100·(x_{i+1} − x_i²)² + (1 − x_i)² */
export function rosenbrock(x: Float64Array): number {
  let total = 0
  for (let i = 0; i + 1 < x.length; i++) total += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
  return total
}
