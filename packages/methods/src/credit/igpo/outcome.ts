import { assertOneOf } from '@guerdon/core'
import { countOf, firstBlock } from '../../shared/tagged-text.ts'

/** Separates alternative references in one text. */
export const answerSeparator = '<|answer_split|>'

/** Tags that must be balanced before an answer is read. */
export const igpoTags: readonly string[] = ['think', 'answer', 'tool_call', 'code']

/** Choices of `f1OutcomeReward`. */
export interface OutcomeOptions {
  /** `f1`: training; `noformatf1`: validation, 0 instead of the penalty; `em`: exact match after normalising. Default `f1`. */
  readonly mode?: 'f1' | 'noformatf1' | 'em'
  /** What a response without a readable answer gets in `f1` and `em`. Default −2. */
  readonly formatPenalty?: number
}

/**
 * Outcome of the answering turn: F1 = 2PR/(P+R) between the *sets* of words of the answer block and of the best reference,
 * after lower-casing and turning punctuation into spaces. Unbalanced tags or no answer block give the format penalty.
 *
 * The penalty is on another scale than information gains (|gain| ≤ 1) and dominates a joint normalisation.
 *
 * @param response the whole response with its tags
 * @param reference one reference, or several separated by `<|answer_split|>`
 */
export function f1OutcomeReward(response: string, reference: string, options: OutcomeOptions = {}): number {
  const { mode = 'f1', formatPenalty = -2 } = options
  assertOneOf(mode, 'mode', ['f1', 'noformatf1', 'em'])
  const text = response.toLowerCase()
  const answer = tagsBalanced(text) ? firstBlock(text, 'answer')?.body : undefined
  if (answer === undefined) return mode === 'noformatf1' ? 0 : formatPenalty
  const given = normalised(answer)
  const references = reference.toLowerCase().split(answerSeparator).map(normalised)
  if (mode === 'em') return references.includes(given) ? 1 : 0
  return Math.max(0, ...references.map(candidate => wordSetF1(given, candidate)))
}

/** Every tag opens as often as it closes, and no opening is without a closing after it. */
function tagsBalanced(text: string): boolean {
  return igpoTags.every(tag => {
    if (countOf(text, `<${tag}>`) !== countOf(text, `</${tag}>`)) return false
    return text.lastIndexOf(`</${tag}>`) >= text.lastIndexOf(`<${tag}>`)
  })
}

function normalised(text: string): string {
  return text
    .replace(/[!-/:-@[-`{-~]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

function wordSetF1(given: string, reference: string): number {
  const words = new Set(given.split(' ').filter(Boolean))
  const wanted = new Set(reference.split(' ').filter(Boolean))
  let shared = 0
  for (const word of words) if (wanted.has(word)) shared++
  return shared === 0 ? 0 : (2 * shared) / (words.size + wanted.size)
}
