import { byteTokens, type FittedItem, type StepsRecord, textTokens } from '@guerdon/learn'
import type { Encoding } from './encoding.ts'

/** A solution as tokens, a mark behind each step; steps that do not fit are left out, with their labels. */
export interface StepItem extends FittedItem {
  readonly labels: readonly (number | null)[]
}

/** Lays a solution out: the beginning of the prompt is cut first, then the last steps. */
export function stepItem(
  { prompt, steps, labels }: Pick<StepsRecord, 'prompt' | 'steps' | 'labels'>,
  encoding: Encoding,
): StepItem {
  const length = encoding.kind === 'bytes' ? encoding.length : 0
  const candidate: number[] = []
  let kept = 0
  for (const step of steps) {
    const tokens = [...textTokens(step), byteTokens.mark]
    if (candidate.length + tokens.length > length) break
    candidate.push(...tokens)
    kept++
  }
  const question = textTokens(prompt)
  const room = length - candidate.length
  const before = question.slice(Math.max(0, question.length - room))
  return {
    prompt: before,
    candidate,
    labels: labels.slice(0, kept),
    cut: kept < steps.length || before.length < question.length,
  }
}
