import { assertSameLength } from '@guerdon/core'
import type { JudgeMessage } from '../../shared/judge-message.ts'
import { lastBlock } from '../../shared/tagged-text.ts'

/**
 * Messages that ask a strong model, once and before training, to say a question in other words: same meaning and answer, other
 * wording and setting, no phrase copied, natural and solvable. The reply is read by `parseRephrased`.
 */
export function rephraseMessages(question: string): JudgeMessage[] {
  const system = [
    'You rewrite questions. The rewritten question must mean the same and have exactly the same answer: keep every number, unit and condition.',
    'Change the wording, the order of the facts and the setting; copy no phrase of the original. It must read naturally and be solvable on its own.',
    'Do not solve it and add no hint. Reply with the rewritten question between <rephrased> and </rephrased> and nothing else.',
  ].join('\n')
  return [
    { role: 'system', content: system },
    { role: 'user', content: `Original question:\n${question}` },
  ]
}

/** The rewritten question of a reply, trimmed; undefined when it has none, or only repeats the original. */
export function parseRephrased(reply: string, original: string): string | undefined {
  const text = lastBlock(reply, 'rephrased')?.body.trim()
  return text === undefined || text === '' || text === original.trim() ? undefined : text
}

/**
 * Indices of the questions to train on: those with both wordings, neither longer than the limit. A pair stays or goes as one,
 * or the two views would hold different questions.
 *
 * @param originalLengths [N] tokens of each prompt
 * @param rephrasedLengths [N] tokens of the other wording; undefined where there is none
 * @param options maxPromptLength, default 512
 */
export function usablePairs(
  originalLengths: ArrayLike<number>,
  rephrasedLengths: ArrayLike<number | undefined>,
  options: { readonly maxPromptLength?: number } = {},
): number[] {
  const { maxPromptLength = 512 } = options
  assertSameLength(originalLengths, 'originalLengths', rephrasedLengths, 'rephrasedLengths')
  return Array.from({ length: originalLengths.length }, (_, i) => i).filter(i => {
    const other = rephrasedLengths[i]
    return other !== undefined && originalLengths[i] <= maxPromptLength && other <= maxPromptLength
  })
}
