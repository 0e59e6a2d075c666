import { assertInRange, assertInteger, GuerdonError, Random } from '@guerdon/core'
import { bestChoices } from './optimum.ts'

/** What a landscape is drawn from; plain JSON. */
export interface LandscapeSpec {
  /** Levels of detail, abstract to concrete, in [1, 5]. */
  readonly levels: number
  /** Components of each level, in [1, 3]. */
  readonly sites: number
  /** Choices for each component, in [2, 10]. */
  readonly options: number
  /** 0: every component has one peak of its own and depends on nothing; 1: pure chance tables; in between a mixture. */
  readonly ruggedness: number
  readonly seed: number
}

/** A choice for every component, [levels][sites]; null where nothing is decided yet. */
export type Hypothesis = readonly (readonly (number | null)[])[]

/** A judged landscape whose best hypothesis is known. */
export interface Landscape {
  readonly spec: LandscapeSpec
  /** [levels] how much each level counts. */
  readonly weights: readonly number[]
  /** [levels][sites][options of the parent][options] value of a choice under the same site's choice one level up. */
  readonly byParent: readonly (readonly (readonly (readonly number[])[])[])[]
  /** [levels][sites][options of the left neighbour][options] value beside the site before it; zeros for the first. */
  readonly byNeighbour: readonly (readonly (readonly (readonly number[])[])[])[]
  /** The best hypothesis there is, and its score. */
  readonly optimum: Hypothesis
  readonly optimumScore: number
}

/** Weights of up to five levels: abstract choices count more. */
export const levelWeights: readonly number[] = [1.6, 1.3, 1, 0.8, 0.6]

/**
 * Draws a landscape. With r the ruggedness, a choice o is worth (1 − r)·(1 − 2·((o − o*)/(options − 1))²) + r·ε under its
 * parent and r·ε beside its neighbour, o* a peak drawn for the site and ε ~ N(0, 1) drawn for each cell. The first level
 * has the parent choice 0. The optimum is exact (`bestChoices`).
 *
 * @throws invalid_option for sizes or a ruggedness outside their ranges
 */
export function hypothesisLandscape(spec: LandscapeSpec): Landscape {
  const { levels, sites, options, ruggedness, seed } = spec
  for (const [name, value, least, most] of [
    ['levels', levels, 1, levelWeights.length],
    ['sites', sites, 1, 3],
    ['options', options, 2, 10],
  ] as const) {
    assertInteger(value, name)
    assertInRange(value, name, least, most)
  }
  assertInRange(ruggedness, 'ruggedness', 0, 1)
  const random = new Random(seed).split('landscape')
  const chances = () => Array.from({ length: options }, () => ruggedness * random.normal())
  const tables = <T>(table: (level: number, site: number) => T): T[][] =>
    Array.from({ length: levels }, (_, level) => Array.from({ length: sites }, (_, site) => table(level, site)))
  const byParent = tables(() => {
    const peak = random.integer(options)
    const smooth = Array.from({ length: options }, (_, o) => 1 - 2 * ((o - peak) / (options - 1)) ** 2)
    return Array.from({ length: options }, () => chances().map((chance, o) => chance + (1 - ruggedness) * smooth[o]))
  })
  const byNeighbour = tables((_, site) =>
    Array.from({ length: options }, () => (site === 0 ? new Array<number>(options).fill(0) : chances())),
  )
  const weights = levelWeights.slice(0, levels)
  const best = bestChoices({ sites, options, weights, byParent, byNeighbour })
  return { spec, weights, byParent, byNeighbour, optimum: best.choices, optimumScore: best.score }
}

/**
 * Score of a hypothesis: Σ over levels l ≤ `upTo` of w_l·Σ_s (parent term + neighbour term). Terms of undecided choices,
 * parents or neighbours are 0.
 *
 * @throws shape_mismatch for a hypothesis of another size, invalid_input for a choice that does not exist
 */
export function hypothesisScore(
  landscape: Landscape,
  hypothesis: Hypothesis,
  options: { readonly upTo?: number } = {},
): number {
  const { spec, weights, byParent, byNeighbour } = landscape
  const { upTo = spec.levels - 1 } = options
  assertHypothesis(spec, hypothesis)
  let score = 0
  for (let level = 0; level <= upTo && level < spec.levels; level++) {
    hypothesis[level].forEach((choice, site) => {
      if (choice === null) return
      const parent = level === 0 ? 0 : hypothesis[level - 1][site]
      const neighbour = site === 0 ? 0 : hypothesis[level][site - 1]
      if (parent !== null) score += weights[level] * byParent[level][site][parent][choice]
      if (neighbour !== null) score += weights[level] * byNeighbour[level][site][neighbour][choice]
    })
  }
  return score
}

function assertHypothesis({ levels, sites, options }: LandscapeSpec, hypothesis: Hypothesis): void {
  if (hypothesis.length !== levels || hypothesis.some(row => row.length !== sites)) {
    throw new GuerdonError('shape_mismatch', `expected ${levels} levels of ${sites} choices; got another size`, {
      path: ['hypothesis'],
    })
  }
  hypothesis.forEach((row, level) => {
    row.forEach((choice, site) => {
      if (choice === null || (Number.isInteger(choice) && choice >= 0 && choice < options)) return
      throw new GuerdonError('invalid_input', `expected a choice in 0 … ${options - 1} or null; got ${choice}`, {
        path: ['hypothesis', level, site],
      })
    })
  })
}
