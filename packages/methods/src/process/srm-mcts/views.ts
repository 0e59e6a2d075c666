import { assertOneOf } from '@guerdon/core'

/** One executed step: the thought in natural language and the expression it led to. */
export interface Step {
  readonly thought: string
  readonly expression: string
}

/**
 * What a scorer sees of a state. `FC` full context: all thoughts and expressions. `MO` math only: all expressions. `SSMO` the
 * last expression alone. `NT` full context and the proposed next thought, before it is executed.
 */
export const viewKinds = ['FC', 'MO', 'SSMO', 'NT'] as const
/** Name of a view: what a scorer sees of a state. */
export type ViewKind = (typeof viewKinds)[number]

/**
 * Text segments of a state in one view, thought before expression within a step; the problem itself is not among them. The
 * views differ only in what they leave out, so that scorers trained on the same pairs can be compared.
 *
 * @param nextThought the proposal that `NT` judges; ignored by the others
 */
export function stateView(steps: readonly Step[], kind: ViewKind, nextThought?: string | null): string[] {
  assertOneOf(kind, 'kind', viewKinds)
  if (kind === 'MO') return steps.map(step => step.expression)
  if (kind === 'SSMO') return steps.slice(-1).map(step => step.expression)
  const full = steps.flatMap(step => [step.thought, step.expression])
  return kind === 'NT' && nextThought !== undefined && nextThought !== null ? [...full, nextThought] : full
}

/**
 * A sibling pair in one view. For `NT` the last step is not executed yet: (history, thought of a) against (history, thought of
 * b). Project every view from the *same* pairs.
 *
 * @param preferred steps of the preferred state, its own last; `rejected` shares all but the last
 */
export function pairView(
  preferred: readonly Step[],
  rejected: readonly Step[],
  kind: ViewKind,
): { readonly preferred: string[]; readonly rejected: string[] } {
  const project = (steps: readonly Step[]) =>
    kind === 'NT' ? stateView(steps.slice(0, -1), 'NT', steps.at(-1)?.thought) : stateView(steps, kind)
  return { preferred: project(preferred), rejected: project(rejected) }
}
