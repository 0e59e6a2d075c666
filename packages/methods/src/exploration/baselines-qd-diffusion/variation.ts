import { assertSameLength, type Random } from '@guerdon/core'

/** Bounds of every gene. */
export type GenomeBounds = readonly [lower: number, upper: number]

/** A genome with σ·N(0, 1) added to each gene, held in the bounds. Draws one normal a gene, in order. */
export function gaussianVariation(
  genome: ArrayLike<number>,
  sigma: number,
  random: Random,
  bounds?: GenomeBounds,
): Float64Array {
  return Float64Array.from(genome, gene => {
    const moved = gene + sigma * random.normal()
    return bounds === undefined ? moved : Math.min(Math.max(moved, bounds[0]), bounds[1])
  })
}

/** Choices of `isoLineVariation`. */
export interface IsoLineOptions {
  /** Deviation of the isotropic part. Default 0.01. */
  readonly isoSigma?: number
  /** Deviation along the line through both parents. Default 0.2. */
  readonly lineSigma?: number
}

/**
 * Iso-line variation: x_a + σ_iso·z + σ_line·u·(x_b − x_a). Elites tend to lie on a common manifold; a step along the line
 * between two of them stays near it.
 *
 * Vassiliades & Mouret, arXiv 1804.03906.
 *
 * @param parentA [D]; @param parentB [D]
 * @param draws standard normals: z [D], then one u
 */
export function isoLineVariation(
  parentA: ArrayLike<number>,
  parentB: ArrayLike<number>,
  draws: { readonly isotropic: ArrayLike<number>; readonly line: number },
  options: IsoLineOptions = {},
): Float64Array {
  const { isoSigma = 0.01, lineSigma = 0.2 } = options
  assertSameLength(parentA, 'parentA', parentB, 'parentB')
  assertSameLength(parentA, 'parentA', draws.isotropic, 'draws.isotropic')
  return Float64Array.from(
    parentA,
    (gene, d) => gene + isoSigma * draws.isotropic[d] + lineSigma * draws.line * (parentB[d] - gene),
  )
}
