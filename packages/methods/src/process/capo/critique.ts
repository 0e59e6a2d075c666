import { assertInteger, assertOneOf } from '@guerdon/core'
import type { JudgeMessage } from '../../shared/judge-message.ts'

/** A critique as read from the judge's text. */
export interface ParsedCritique {
  /** False when the text does not end its verdict with a list of integers; such a critique is discarded. */
  readonly valid: boolean
  /** Wrong steps, ascending, from 0; empty when nothing is wrong or the critique is invalid. */
  readonly wrongSteps: readonly number[]
}

/**
 * Reads the last bracketed list of a critique, for example `Wrong step list: [1, 3]`. All entries must be integers;
 * duplicates and numbers that are not steps are dropped; `[]` means nothing is wrong. Anything else is an invalid critique,
 * which is not the same as "nothing wrong".
 *
 * @param steps number of steps of the judged response
 * @param options firstStep: the number the judge gives to the first step, default 0
 */
export function parseCritique(
  text: string,
  steps: number,
  options: { readonly firstStep?: number } = {},
): ParsedCritique {
  const { firstStep = 0 } = options
  const lists = Array.from(text.matchAll(/\[([^[\]]*)\]/g), match => match[1].trim())
  const list = lists.at(-1)
  if (list === undefined) return { valid: false, wrongSteps: [] }
  const entries = list === '' ? [] : list.split(',').map(entry => entry.trim())
  if (!entries.every(entry => /^[+-]?\d+$/.test(entry))) return { valid: false, wrongSteps: [] }
  return {
    valid: true,
    wrongSteps: knownSteps(
      entries.map(entry => Number(entry) - firstStep),
      steps,
    ),
  }
}

/** Distinct steps in [0, steps), ascending. */
function knownSteps(indices: readonly number[], steps: number): number[] {
  const known = new Set(indices.filter(index => Number.isInteger(index) && index >= 0 && index < steps))
  return [...known].toSorted((a, b) => a - b)
}

/** How critiques become one verdict a step. */
export const critiqueVotes = ['majority', 'majorityInclusive', 'intersection', 'union', 'average', 'greedy'] as const
/** Name of a way to combine several critiques of one solution. */
export type CritiqueVote = (typeof critiqueVotes)[number]

/** What the critiques agree on. */
export interface VotedSteps {
  /** Steps called wrong, ascending; for `average` every step any critique called wrong. */
  readonly wrongSteps: readonly number[]
  /** [N] weight of the penalty of each step: 0 or 1, for `average` the share of critiques that called it wrong. */
  readonly wrongFraction: Float64Array
  /** k, number of valid critiques. */
  readonly critiques: number
}

/**
 * Votes over the critiques of one response. With cnt(s) valid critiques out of k calling step s wrong:
 *
 * - `majority` cnt > k/2 (the paper's figure; default), `majorityInclusive` cnt ≥ k/2 and cnt ≥ 1 (as one public note has it)
 * - `intersection` cnt = k (best for small policies), `union` cnt ≥ 1
 * - `average` no hard set: the penalty is weighted by cnt/k
 * - `greedy` the first valid critique alone, meant for a single one sampled at temperature 0
 *
 * Invalid critiques are `null` and lower k; without a valid one nothing is wrong (outcome-only reward). A critique counts a
 * step once; indices that are not steps are ignored.
 */
export function voteWrongSteps(
  critiques: readonly (readonly number[] | null)[],
  steps: number,
  options: { readonly vote?: CritiqueVote } = {},
): VotedSteps {
  const { vote = 'majority' } = options
  assertInteger(steps, 'steps')
  assertOneOf(vote, 'vote', critiqueVotes)
  const valid = critiques.filter(critique => critique !== null)
  const counted = vote === 'greedy' ? valid.slice(0, 1) : valid
  const counts = new Int32Array(steps)
  for (const critique of counted) for (const step of knownSteps(critique, steps)) counts[step]++
  const k = counted.length
  const wrongFraction = Float64Array.from(counts, count => {
    if (count === 0) return 0
    if (vote === 'average') return count / k
    if (vote === 'intersection') return count === k ? 1 : 0
    if (vote === 'majority') return count > k / 2 ? 1 : 0
    if (vote === 'majorityInclusive') return count >= k / 2 ? 1 : 0
    return 1
  })
  const wrongSteps = Array.from(counts.keys()).filter(step => wrongFraction[step] > 0)
  return { wrongSteps, wrongFraction, critiques: valid.length }
}

/**
 * Messages that ask for one critique of a whole solution, ending in a list that `parseCritique` reads. Ask several times at a
 * temperature above 0, or once at 0 for the `greedy` vote. Without a reference answer critiques are about as good.
 *
 * @param solution question, its steps in order (numbered from 0), and the reference answer if the judge may see it
 */
export function critiqueMessages(solution: {
  readonly question: string
  readonly steps: readonly string[]
  readonly reference?: string
}): JudgeMessage[] {
  const system = [
    'You check a solution step by step. Judge every step on its own: a step is wrong when what it says or computes is wrong, not because an earlier step was.',
    'Write a short analysis, then end with one line: "Wrong steps: [..]", a list of step numbers separated by commas, or [] when every step is right.',
  ].join('\n')
  const steps = solution.steps.map((step, k) => `<step ${k}> ${step}`).join('\n')
  const reference = solution.reference === undefined ? '' : `\n\nReference answer: ${solution.reference}`
  return [
    { role: 'system', content: system },
    { role: 'user', content: `Question:\n${solution.question}${reference}\n\nSolution:\n${steps}` },
  ]
}
