import { assertFiniteNumber, assertProbability } from '@guerdon/core'

/**
 * Label of a reasoning step. In a correct solution `bad` = a mistake that was put right later; in an incorrect one `bad` =
 * adopted into the wrong answer and `good` = not adopted (uncertain, exploration).
 */
export type StepLabel = 'good' | 'bad'

/** A maximal run of steps with one label: steps [start, end). */
export interface Thought {
  readonly start: number
  readonly end: number
  readonly label: StepLabel
}

/** Merges neighbouring steps of equal label, so that labels of the result alternate. No answer is appended. */
export function mergeThoughts(labels: readonly StepLabel[]): Thought[] {
  const thoughts: { start: number; end: number; label: StepLabel }[] = []
  labels.forEach((label, step) => {
    const last = thoughts.at(-1)
    if (last?.label === label) last.end = step + 1
    else thoughts.push({ start: step, end: step + 1, label })
  })
  return thoughts
}

/**
 * Labels of a *correct* solution from the stretches a judge traced back from its self-corrections: steps inside an interval
 * are `bad`. Intervals are half-open step ranges and may overlap.
 *
 * @returns undefined when an interval is not within [0, steps]: the verdict is unusable and the solution stays unlabelled
 */
export function labelCorrectSolution(
  steps: number,
  errorIntervals: readonly (readonly [start: number, end: number])[],
  options: LabelOptions = {},
): StepLabel[] | undefined {
  const refuse = options.outOfRange !== 'ignore'
  const labels = Array.from({ length: steps }, (): StepLabel => 'good')
  for (const [start, end] of errorIntervals) {
    const fits = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end >= start && end <= steps
    if (refuse && !fits) return undefined
    labels.fill('bad', Math.max(0, start), Math.max(0, end))
  }
  return labels
}

/** Choices of the labels. */
export interface LabelOptions {
  /** Steps a verdict names that do not exist: the whole verdict is unusable, or they are left out. Default `refuse`. */
  readonly outOfRange?: 'refuse' | 'ignore'
}

/**
 * Labels of an *incorrect* solution from the steps whose content the final answer adopted: those are `bad`, the others `good`.
 *
 * @returns undefined when an index is not a step
 */
export function labelIncorrectSolution(
  steps: number,
  matchingAnswer: readonly number[],
  options: LabelOptions = {},
): StepLabel[] | undefined {
  const labels = Array.from({ length: steps }, (): StepLabel => 'good')
  for (const step of matchingAnswer) {
    if (Number.isInteger(step) && step >= 0 && step < steps) labels[step] = 'bad'
    else if (options.outOfRange !== 'ignore') return undefined
  }
  return labels
}

/** Choices of the thought-level reward. */
export interface ThoughtOptions {
  /** α, scale of the process reward of correct solutions. Default 1 (not given in the paper). */
  readonly alpha?: number
  /** Scale the reward of correct solutions by the accuracy of the group. Default true; false is the static ablation. */
  readonly adaptive?: boolean
  /**
   * Incorrect solutions: `thoughts` spares the steps that were not adopted (the paper), `outcome` gives every step the
   * outcome advantage as in GRPO. Default `thoughts`. `outcome` keeps negative evidence on hard prompts.
   */
  readonly incorrect?: 'thoughts' | 'outcome'
}

/** Thoughts of one solution with what each of them gets. */
export interface ThoughtAdvantages {
  /** Over the think steps 0 … N−1 and the answer, which is step N. */
  readonly thoughts: readonly Thought[]
  /** [K] rⱼ; 0 for the last thought, which holds the answer. */
  readonly processRewards: Float64Array
  /** [K] A = r̂ + Σ_{j ≥ k} rⱼ. */
  readonly advantages: Float64Array
}

/**
 * Advantages of the thoughts of one solution. The answer is appended as a step (`good` if correct), equal neighbours merge,
 * and with r_c = α·acc:
 *
 * - correct solution: `good` → r̂, `bad` → r̂ − r_c
 * - incorrect solution: `bad` → r̂, `good` → 0
 *
 * which is what accumulating the process rewards (±r_c, or ±r̂) from the last thought backwards comes to, since labels
 * alternate and the last thought carries none. Process rewards are never standardised: tokens of sound thoughts in correct
 * solutions keep exactly the outcome advantage.
 *
 * @param solution labels of the think steps; whether the answer is correct; r̂, the outcome standardised in its group
 * (clamped at 0 for an incorrect solution); acc, the share of correct solutions in this group
 */
export function thoughtAdvantages(
  solution: {
    readonly labels: readonly StepLabel[]
    readonly correct: boolean
    readonly outcome: number
    readonly groupAccuracy: number
  },
  options: ThoughtOptions = {},
): ThoughtAdvantages {
  const { alpha = 1, adaptive = true, incorrect = 'thoughts' } = options
  const { correct, groupAccuracy } = solution
  assertFiniteNumber(solution.outcome, 'outcome')
  assertProbability(groupAccuracy, 'groupAccuracy')
  const thoughts = mergeThoughts([...solution.labels, correct ? 'good' : 'bad'])
  const outcome = correct ? solution.outcome : Math.min(solution.outcome, 0)
  const reward = correct ? alpha * (adaptive ? groupAccuracy : 1) : incorrect === 'thoughts' ? -outcome : 0
  const processRewards = Float64Array.from(thoughts, ({ label }, k) =>
    k === thoughts.length - 1 ? 0 : label === 'good' ? reward : -reward,
  )
  const last = thoughts.at(-1)?.label
  const advantages = Float64Array.from(thoughts, ({ label }) => {
    if (label === last) return outcome
    if (correct) return outcome - reward
    return incorrect === 'thoughts' ? 0 : outcome
  })
  return { thoughts, processRewards, advantages }
}
