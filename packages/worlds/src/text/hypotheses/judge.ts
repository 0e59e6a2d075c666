import { assertFiniteNumber, GuerdonError, normalCdf, type Random } from '@guerdon/core'
import { type Hypothesis, hypothesisScore, type Landscape } from './landscape.ts'

/** How a judge compares. */
export interface JudgeOptions {
  /** Deepest level whose score counts. Default the last. */
  readonly upTo?: number
  /** Standard deviation of what the judge adds to the difference of scores, ≥ 0. Default 0. */
  readonly noise?: number
  /** What standing first is worth. Default 0. */
  readonly orderBias?: number
}

/**
 * Probability that the judge picks the first: Φ((s₁ − s₂ + bias)/σ). Without noise the second must be strictly better to be
 * picked.
 *
 * @throws invalid_option for a noise below 0
 */
export function pickFirstProbability(
  landscape: Landscape,
  first: Hypothesis,
  second: Hypothesis,
  options: JudgeOptions = {},
): number {
  const { noise = 0, orderBias = 0, ...depth } = options
  assertFiniteNumber(noise, 'noise')
  assertFiniteNumber(orderBias, 'orderBias')
  if (noise < 0) throw new GuerdonError('invalid_option', `expected noise ≥ 0; got ${noise}`, { path: ['noise'] })
  const lead = hypothesisScore(landscape, first, depth) - hypothesisScore(landscape, second, depth) + orderBias
  return noise === 0 ? Number(lead >= 0) : normalCdf(lead / noise)
}

/** Draws the judge's pick; one draw of `random`. */
export function judgeHypotheses(
  landscape: Landscape,
  first: Hypothesis,
  second: Hypothesis,
  options: JudgeOptions & { readonly random: Random },
): 1 | 2 {
  return options.random.bernoulli(pickFirstProbability(landscape, first, second, options)) ? 1 : 2
}

/**
 * How well a hypothesis covers each component of the best one, graded 0 to 3: 3 the same choice, then one less for each
 * step away, 0 where nothing is decided.
 *
 * @returns [levels·sites]
 */
export function componentCoverage({ optimum }: Landscape, hypothesis: Hypothesis): number[] {
  return optimum.flatMap((row, level) =>
    row.map((best, site) => {
      const choice = hypothesis[level][site]
      return choice === null || best === null ? 0 : Math.max(0, 3 - Math.abs(choice - best))
    }),
  )
}

/** Share of the best hypothesis's components that a hypothesis has exactly, in [0, 1]. */
export function componentRecallOf(landscape: Landscape, hypothesis: Hypothesis): number {
  const coverage = componentCoverage(landscape, hypothesis)
  return coverage.filter(grade => grade === 3).length / coverage.length
}

/** Options of `proposeEdit`. */
export interface ProposalOptions {
  /** Levels that may be edited. */
  readonly levels: readonly number[]
  readonly random: Random
  /** Hypotheses to recombine: the edit takes over one of their choices where it can. */
  readonly optima?: readonly Hypothesis[]
}

/** A hypothesis with one choice of the given levels changed. */
export function proposeEdit({ spec }: Landscape, hypothesis: Hypothesis, options: ProposalOptions): Hypothesis {
  const { levels, random, optima = [] } = options
  const offered = optima.flatMap(optimum =>
    levels.flatMap(level =>
      optimum[level].flatMap((choice, site) =>
        choice !== null && choice !== hypothesis[level][site] ? [{ level, site, choice }] : [],
      ),
    ),
  )
  if (offered.length > 0) return withChoice(hypothesis, random.choice(offered))
  const level = random.choice(levels)
  const site = random.integer(spec.sites)
  const current = hypothesis[level][site]
  const draw = random.integer(current === null ? spec.options : spec.options - 1)
  return withChoice(hypothesis, { level, site, choice: current !== null && draw >= current ? draw + 1 : draw })
}

/** The same hypothesis with one choice replaced. */
export function withChoice(
  hypothesis: Hypothesis,
  { level, site, choice }: { readonly level: number; readonly site: number; readonly choice: number },
): Hypothesis {
  return hypothesis.map((row, l) => (l === level ? row.map((old, s) => (s === site ? choice : old)) : row))
}
