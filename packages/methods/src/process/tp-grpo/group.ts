import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'
import type { Span } from '../../shared/spans.ts'
import { type StepLabel, type ThoughtOptions, thoughtAdvantages } from './thoughts.ts'

/** One solution of a prompt. */
export interface Solution {
  /** [N] token span of each think step, in order and disjoint. */
  readonly stepSpans: readonly Span[]
  /** Token span of the final answer. */
  readonly answerSpan: Span
  /** [N] one label a step; undefined when the judge gave nothing usable. */
  readonly labels: readonly StepLabel[] | undefined
  readonly correct: boolean
  /** T, tokens of the response. */
  readonly length: number
}

/** Choices of `groupTokenAdvantages`. */
export interface TpGrpoOptions extends ThoughtOptions {
  /** Divisor of the variance of outcomes is n − ddof. Default 1. */
  readonly ddof?: 0 | 1
  /** Added to the standard deviation of outcomes. Default 1e-4 (TRL). */
  readonly epsilon?: number
}

/** Advantages of a whole group. */
export interface TpGrpoGroup {
  /** acc_G, share of correct solutions of this group (never a running mean). */
  readonly groupAccuracy: number
  /** [G] r̂, the ±1 outcomes standardised in the group; 0 for a group of one. */
  readonly outcomes: Float64Array
  /** [G][T]; 0 on tokens outside every span. */
  readonly tokenAdvantages: readonly Float64Array[]
  /** [G][N + 1] the same per step; the last entry is the answer's. */
  readonly stepAdvantages: readonly Float64Array[]
  /** [G] 1 where labels and spans were usable; the others got the outcome advantage on every step. */
  readonly labelled: Uint8Array
  /** [G] 1 where some process reward is not 0: the off-policy pipeline keeps only these. */
  readonly signalled: Uint8Array
}

/** r̂ᵢ = (rᵢ − mean)/(std + ε) for outcomes ±1; 0 in a group of one or of equal outcomes. */
export function standardisedOutcomes(
  correct: readonly boolean[],
  options: { readonly ddof?: 0 | 1; readonly epsilon?: number } = {},
): Float64Array {
  const { ddof = 1, epsilon = 1e-4 } = options
  const rewards = correct.map(right => (right ? 1 : -1))
  return groupNormalise(rewards, groupItems(rewards.map(() => 0)), { ddof, epsilon })
}

/**
 * Token advantages of a group: outcome standardised in the group, thought-level process rewards by `thoughtAdvantages`, every
 * token of a step its thought's advantage.
 *
 * A solution without labels, with labels of another number than steps, or with spans that overlap or leave the response,
 * falls back to the outcome: r̂ on every step (on every token when the spans are at fault).
 */
export function groupTokenAdvantages(solutions: readonly Solution[], options: TpGrpoOptions = {}): TpGrpoGroup {
  const outcomes = standardisedOutcomes(
    solutions.map(solution => solution.correct),
    options,
  )
  const groupAccuracy = solutions.length === 0 ? 0 : solutions.filter(one => one.correct).length / solutions.length
  const labelled = new Uint8Array(solutions.length)
  const signalled = new Uint8Array(solutions.length)
  const stepAdvantages: Float64Array[] = []
  const tokenAdvantages = solutions.map((solution, i) => {
    const { stepSpans, answerSpan, labels, correct, length } = solution
    const spans = [...stepSpans, answerSpan]
    const placed = spansFit(spans, length)
    const steps = new Float64Array(spans.length).fill(outcomes[i])
    stepAdvantages.push(steps)
    if (labels?.length === stepSpans.length && placed) {
      labelled[i] = 1
      const result = thoughtAdvantages({ labels, correct, outcome: outcomes[i], groupAccuracy }, options)
      result.thoughts.forEach((thought, k) => {
        steps.fill(result.advantages[k], thought.start, thought.end)
      })
      if (result.processRewards.some(reward => reward !== 0)) signalled[i] = 1
    }
    const row = new Float64Array(length)
    if (!placed) return row.fill(outcomes[i])
    spans.forEach(([start, end], step) => {
      row.fill(steps[step], start, end)
    })
    return row
  })
  return { groupAccuracy, outcomes, tokenAdvantages, stepAdvantages, labelled, signalled }
}

function spansFit(spans: readonly Span[], length: number): boolean {
  let from = 0
  for (const [start, end] of spans) {
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < from || end < start || end > length) return false
    from = end
  }
  return true
}

/** Step rewards and advantages of the process-supervised baseline. */
export interface StepLevelResult {
  /** [G][N] ±1 standardised over all steps of the group. */
  readonly rewards: readonly Float64Array[]
  /** [G][N] Σ of the standardised rewards of this and all later steps. */
  readonly advantages: readonly Float64Array[]
}

/**
 * The baseline the method improves on: process-supervised GRPO. `good` = +1, `bad` = −1 for every *step*, standardised over
 * all steps of the group, advantage = sum of the rest. Long chains swamp the outcome and it collapses on hard prompts.
 *
 * @param labels [G][N] labels of the steps of each solution
 */
export function stepLevelBaseline(
  labels: readonly (readonly StepLabel[])[],
  options: { readonly ddof?: 0 | 1; readonly epsilon?: number } = {},
): StepLevelResult {
  const { ddof = 1, epsilon = 1e-4 } = options
  const flat = labels.flat().map(label => (label === 'good' ? 1 : -1))
  const standardised = groupNormalise(flat, groupItems(flat.map(() => 0)), { ddof, epsilon })
  let from = 0
  const rewards = labels.map(row => standardised.subarray(from, (from += row.length)))
  const advantages = rewards.map(row => {
    const rest = Float64Array.from(row)
    for (let step = rest.length - 2; step >= 0; step--) rest[step] += rest[step + 1]
    return rest
  })
  return { rewards, advantages }
}
