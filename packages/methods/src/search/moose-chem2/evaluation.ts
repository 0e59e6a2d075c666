import { assertInteger, GuerdonError, standardDeviation } from '@guerdon/core'
import type { Pick } from './verdicts.ts'

/** Outcome of a pair from its picks, already mapped to one order: more than half for the first is a win, half a tie. */
export function sixVoteOutcome(votes: readonly Pick[]): 'win' | 'tie' | 'lose' {
  const wins = votes.filter(vote => vote === 1).length
  if (wins * 2 === votes.length) return 'tie'
  return wins * 2 > votes.length ? 'win' : 'lose'
}

/** How much of an expert's hypothesis a generated one covers. */
export interface ComponentRecall {
  readonly recall: number
  readonly precision: number
  readonly f1: number
  readonly weightedRecall: number
  readonly weightedPrecision: number
  readonly weightedF1: number
}

/**
 * Recall, precision and F1 from graded coverage, levels 0 (absent) to 3 (complete):
 *
 *   recall = #{level > 0}/n,  weighted recall = Σ level/(3n);  precisions the same with the generated count; F1 is 0 when
 *   either is.
 *
 * @param coverage [n] best level each truth component reached
 */
export function componentRecall(
  coverage: readonly number[],
  counts: { readonly truthComponents: number; readonly generatedComponents: number },
): ComponentRecall {
  const { truthComponents, generatedComponents } = counts
  assertInteger(truthComponents, 'truthComponents', 1)
  assertInteger(generatedComponents, 'generatedComponents', 0)
  for (const [i, level] of coverage.entries()) {
    if (!Number.isInteger(level) || level < 0 || level > 3) {
      throw new GuerdonError('invalid_input', `expected coverage levels 0 to 3; got ${level} for component ${i}`, {
        path: ['coverage', i],
      })
    }
  }
  const covered = coverage.filter(level => level > 0).length
  const graded = coverage.reduce((total, level) => total + level, 0) / 3
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)
  const [recall, precision] = [share(covered, truthComponents), share(covered, generatedComponents)]
  const [weightedRecall, weightedPrecision] = [share(graded, truthComponents), share(graded, generatedComponents)]
  return {
    recall,
    precision,
    f1: harmonicMean(recall, precision),
    weightedRecall,
    weightedPrecision,
    weightedF1: harmonicMean(weightedRecall, weightedPrecision),
  }
}

/** Coverage levels when a component was graded several times: the largest counts; components never graded get 0. */
export function bestCoverage(
  grades: readonly { readonly component: number; readonly level: number }[],
  truthComponents: number,
): number[] {
  const best = new Array<number>(truthComponents).fill(0)
  for (const { component, level } of grades) best[component] = Math.max(best[component], level)
  return best
}

/**
 * Repeats a graded evaluation until its weighted F1 is steady: `repeats` evaluations whose population standard deviation is
 * at most `maximumDeviation`, at most `tries` times; the last set is returned either way.
 */
export async function repeatedRecall(
  evaluate: () => Promise<ComponentRecall>,
  options: { readonly repeats?: number; readonly maximumDeviation?: number; readonly tries?: number } = {},
): Promise<{ readonly evaluations: readonly ComponentRecall[]; readonly steady: boolean }> {
  const { repeats = 3, maximumDeviation = 0.08, tries = 10 } = options
  let evaluations: ComponentRecall[] = []
  for (let attempt = 0; attempt < tries; attempt++) {
    evaluations = []
    for (let i = 0; i < repeats; i++) evaluations.push(await evaluate())
    const spread = standardDeviation(
      evaluations.map(evaluation => evaluation.weightedF1),
      { ddof: 0 },
    )
    if (spread <= maximumDeviation) return { evaluations, steady: true }
  }
  return { evaluations, steady: false }
}

function harmonicMean(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : (2 * a * b) / (a + b)
}

/**
 * The paper's picture of three levels on one axis: two hills, then finer ripples on them.
 *
 *   level 1 = e^{−(x−2)²/2} + e^{−(x+2)²/2},  level 2 = level 1 + 0.3·sin 3x,  level 3 = level 2 + 0.15·sin 10x
 */
export function schematicLandscape(x: number): {
  readonly level1: number
  readonly level2: number
  readonly level3: number
} {
  const level1 = Math.exp(-((x - 2) ** 2) / 2) + Math.exp(-((x + 2) ** 2) / 2)
  const level2 = level1 + 0.3 * Math.sin(3 * x)
  return { level1, level2, level3: level2 + 0.15 * Math.sin(10 * x) }
}
