import { type FittedItem, markTokens, type StepsRecord } from '@guerdon/learn'
import type { Encoder } from './encoding.ts'

/** A solution as tokens, a mark behind each step; steps that do not fit are left out, with their labels. */
export interface StepItem extends FittedItem {
  readonly labels: readonly (number | null)[]
}

/** Lays a solution out: the beginning of the prompt is cut first, then the last steps. */
export function stepItem(
  { prompt, steps, labels }: Pick<StepsRecord, 'prompt' | 'steps' | 'labels'>,
  encoder: Encoder,
): StepItem {
  const { encoding } = encoder
  const length = encoding.kind === 'text' ? encoding.length : 0
  const candidate: number[] = []
  let kept = 0
  for (const step of steps) {
    const tokens = [...encoder.tokens(step), markTokens(encoding.size).mark]
    if (candidate.length + tokens.length > length) break
    candidate.push(...tokens)
    kept++
  }
  const question = encoder.tokens(prompt)
  const room = length - candidate.length
  const before = question.slice(Math.max(0, question.length - room))
  return {
    prompt: before,
    candidate,
    labels: labels.slice(0, kept),
    cut: kept < steps.length || before.length < question.length,
  }
}
