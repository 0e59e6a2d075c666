import { assertNotEmpty, GuerdonError, mean, pearsonCorrelation, spearmanCorrelation } from '@guerdon/core'
import {
  bestOfFourScore,
  type Calibration,
  calibration,
  type TiesScore,
  tiesScore,
} from '@guerdon/methods/models/baselines-reward-model'
import { auroc } from '@guerdon/methods/shared/auroc'

/** How well step probabilities fit labels. */
export interface StepReport {
  readonly solutions: number
  /** Steps labelled 0 or 1. */
  readonly steps: number
  /** Share of steps with p > ½ exactly where the label is 1. */
  readonly accuracy: number
  /** Null when all labels are equal. */
  readonly auroc: number | null
  readonly calibration: Calibration
  /** Share of solutions whose first wrong step (or that there is none) is found at p ≤ ½. */
  readonly firstErrorFound: number
}

/**
 * The report of judged steps; steps without a hard label are left out.
 *
 * @param probabilities [solutions][steps]
 * @param labels [solutions][steps] 1, 0, or null
 */
export function stepReport(
  probabilities: readonly ArrayLike<number>[],
  labels: readonly (readonly (number | null)[])[],
): StepReport {
  assertNotEmpty(labels, 'labels')
  const hard = labels.map(row => [...row.keys()].filter(i => row[i] === 0 || row[i] === 1))
  const p = hard.flatMap((steps, s) => steps.map(i => probabilities[s][i]))
  const y = hard.flatMap((steps, s) => steps.map(i => labels[s][i] as number))
  assertNotEmpty(y, 'steps labelled 0 or 1')
  const found = hard.map((steps, s) => {
    const firstWrong = steps.find(i => labels[s][i] === 0)
    return firstWrong === steps.find(i => probabilities[s][i] <= 0.5)
  })
  return {
    solutions: labels.length,
    steps: y.length,
    accuracy: mean(y.map((label, i) => Number(p[i] > 0.5 === (label === 1)))),
    auroc: auroc(p, y) ?? null,
    calibration: calibration(p, y),
    firstErrorFound: mean(found.map(Number)),
  }
}

/** How well one attribute fits its labels. */
export interface PointReport {
  readonly responses: number
  readonly meanSquaredError: number
  /** Null when either side is constant. */
  readonly pearson: number | null
  readonly spearman: number | null
}

/** The report of one attribute; responses without a label are left out. Throws `empty` when none has one. */
export function pointReport(scores: ArrayLike<number>, targets: readonly (number | null)[]): PointReport {
  const labelled = [...targets.keys()].filter(i => targets[i] !== null)
  assertNotEmpty(labelled, 'labelled responses')
  const s = labelled.map(i => scores[i])
  const y = labelled.map(i => targets[i] as number)
  return {
    responses: labelled.length,
    meanSquaredError: mean(s.map((score, i) => (score - y[i]) ** 2)),
    pearson: pearsonCorrelation(s, y) ?? null,
    spearman: spearmanCorrelation(s, y) ?? null,
  }
}

/** One prompt with scores of correct and incorrect answers. */
export interface ScoredChoice {
  readonly id: string
  readonly subset: string
  readonly correct: readonly number[]
  readonly incorrect: readonly number[]
}

/** Scores on a best-of-n benchmark. */
export interface ChoiceReport {
  readonly prompts: number
  /** Score of each subset; `Ties` is scored as RewardBench 2 does. */
  readonly subsets: Readonly<Record<string, number>>
  /** Mean over subsets. */
  readonly overall: number
  readonly ties?: TiesScore
}

/**
 * Score in the manner of RewardBench 2 (arXiv 2506.01937): a prompt earns 1/(number of maxima) when its correct answer is a
 * maximum, subsets are means over prompts, and the subset called Ties is scored by `tiesScore`.
 *
 * @throws invalid_input for a prompt outside Ties that does not have exactly one correct answer
 */
export function choiceReport(choices: readonly ScoredChoice[]): ChoiceReport {
  assertNotEmpty(choices, 'choices')
  const subsets: Record<string, number> = {}
  let ties: TiesScore | undefined
  for (const name of new Set(choices.map(({ subset }) => subset))) {
    const items = choices.filter(({ subset }) => subset === name)
    if (name === 'Ties') {
      ties = tiesScore(
        items.map(({ id, correct, incorrect }) => ({
          id,
          numCorrect: correct.length,
          scores: [...correct, ...incorrect],
        })),
      )
      subsets[name] = ties.overall
      continue
    }
    subsets[name] = bestOfFourScore(items.map(oneCorrect)).accuracy
  }
  const result = { prompts: choices.length, subsets, overall: mean(Object.values(subsets)) }
  return ties === undefined ? result : { ...result, ties }
}

function oneCorrect({ id, correct, incorrect, subset }: ScoredChoice): number[] {
  if (correct.length === 1) return [...correct, ...incorrect]
  throw new GuerdonError(
    'invalid_input',
    `expected one correct answer of prompt ${JSON.stringify(id)} in subset ${subset}; got ${correct.length}`,
    { path: [id, 'correct'], hint: 'only the subset Ties may have several' },
  )
}
