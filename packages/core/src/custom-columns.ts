import { describeValue, type ErrorPath } from './errors.ts'
import { failed, type Outcome, scored } from './outcome.ts'
import { isNonFiniteText, outcomeSchema, type Rollout, type WireOutcome } from './rollout.ts'
import { missingHint, rolloutError } from './rollout-error.ts'
import type { ColumnName } from './stage.ts'

/** Names that have their own field in the record, by the level of the custom column that would shadow them. */
export const ownFields: Readonly<Record<string, string>> = {
  'group.prompt': 'prompt',
  'rollout.prompt': 'prompt',
  'rollout.promptMessages': 'prompt',
  'rollout.response': 'response',
  'rollout.reference': 'reference',
  'rollout.messages': 'messages',
  'rollout.meta': 'meta',
  'rollout.outcome': 'outcome',
  'turn.action': 'action',
  'turn.observation': 'observation',
  'turn.reward': 'reward',
  'turn.state': 'state',
  'turn.toolCalls': 'toolCalls',
  'turn.done': 'done',
  'turn.textStart': 'span',
  'turn.textEnd': 'span',
  'token.id': 'ids',
  'token.text': 'texts',
  'token.logprob': 'logprobs',
  'token.refLogprob': 'refLogprobs',
  'token.entropy': 'entropies',
  'token.value': 'values',
}

/** A custom cell in the form the batch stores it: an outcome, text, json, or nothing. */
export type Cell =
  | { readonly kind: 'number'; readonly outcome: Outcome }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'json'; readonly json: unknown }

/** How a value of a custom column is kept; `undefined` when it is absent. Booleans become 1 and 0. */
export function readCell(value: unknown): Cell | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'number') return { kind: 'number', outcome: scored(value) }
  if (typeof value === 'boolean') return { kind: 'number', outcome: scored(value ? 1 : 0) }
  if (typeof value === 'string') return { kind: 'text', text: value }
  const outcome = outcomeSchema.safeParse(value)
  if (outcome.success) return { kind: 'number', outcome: readOutcome(outcome.data) }
  return { kind: 'json', json: value }
}

/** The outcome a wire value stands for. */
export function readOutcome(value: WireOutcome): Outcome {
  if (typeof value === 'number') return scored(value)
  if (value.status === 'failed') return failed(value.failure.class, value.failure.message, value.failure.component)
  return value
}

/** Kinds of the custom columns of a record; throws for a name that has a field of its own, and for NaN. */
export function customKinds(rollout: Rollout): Map<ColumnName, 'number' | 'text' | 'json'> {
  const kinds = new Map<ColumnName, 'number' | 'text' | 'json'>()
  const take = (level: string, path: ErrorPath, columns: Readonly<Record<string, unknown>> | null | undefined) => {
    for (const [name, value] of Object.entries(columns ?? {})) {
      const column = `${level}.${name}` as ColumnName
      const own = ownFields[column]
      const at = { rollout: rollout.id, path: [...path, name] }
      if (own !== undefined) {
        throw rolloutError({
          ...at,
          expected: 'a free column name',
          got: describeValue(name),
          hint: `use the field ${own}`,
        })
      }
      if (isNonFiniteText(value) || (typeof value === 'number' && !Number.isFinite(value))) {
        throw rolloutError({
          ...at,
          expected: 'a finite number',
          got: describeValue(value),
          code: 'not_finite',
          hint: missingHint,
        })
      }
      const kind = readCell(value)?.kind
      if (kind === undefined) continue
      const before = kinds.get(column)
      if (before !== undefined && before !== kind) {
        throw rolloutError({
          ...at,
          expected: `${before} like the turns before`,
          got: `${kind} (${describeValue(value)})`,
        })
      }
      kinds.set(column, kind)
    }
  }
  take('group', ['groupColumns'], rollout.groupColumns)
  take('rollout', ['columns'], rollout.columns)
  rollout.turns?.forEach((turn, index) => {
    take('turn', ['turns', index, 'columns'], turn.columns)
  })
  for (const [name, values] of Object.entries(rollout.tokens ?? {})) {
    if (values === null || values === undefined) continue
    const texts = Array.isArray(values) && values.some(value => typeof value === 'string')
    kinds.set(`token.${name}`, texts ? 'text' : 'number')
  }
  return kinds
}
