import type { ErrorPath, Failure, Outcome, Signal } from '@guerdon/core'
import { RequestError } from '../http/request-error.ts'
import type { TextItem } from '../text-batch.ts'

/** An item of a trainer, or why it cannot be scored. */
export type AdapterItem = TextItem | { readonly failure: Failure; readonly path: ErrorPath }

/** The results of a request, in the order of its items, every one with a number. */
export interface AdapterResults {
  /** [N] the reward, or what the failure policy puts in its place. */
  readonly rewards: readonly number[]
  /** Numbers the recipe wrote on the way, by short name; a value is null where there is none. */
  readonly components: ReadonlyMap<string, readonly (number | null)[]>
  /** [N] what became of each item. */
  readonly outcomes: readonly Outcome[]
}

/** What the formats look at besides the body. */
export type Query = (name: string) => string | undefined

interface AdapterFacts {
  readonly name: string
  /** The paths it answers at: its own under /adapters, and the one the trainer insists on. */
  readonly paths: readonly string[]
  /** Where the format was read. */
  readonly source: { readonly repository: string; readonly commit: string }
  /** What the trainer does with an answer that is not a number, and so what is sent for an item without one. */
  readonly failurePolicy: string
  /** The shape of a request, for error messages. */
  readonly expects: string
  /** The items of a request. Throws 422 with a path. */
  read(body: unknown, query: Query): readonly AdapterItem[]
}

/** A format that knows nothing but numbers: an item without one is answered by the server's policy. */
export interface NumberAdapter extends AdapterFacts {
  readonly tellsUnscored?: false
  /** The answer to `body`. */
  write(results: AdapterResults, query: Query, body: unknown): unknown
}

/** A format with a word of its own for an item without a number: always answered, `write` looks at the outcomes. */
export interface OutcomeAdapter extends AdapterFacts {
  readonly tellsUnscored: true
  /** The answer to `body`. */
  write(results: Omit<AdapterResults, 'rewards'>, query: Query, body: unknown): unknown
}

/** A trainer's wire format. */
export type Adapter = NumberAdapter | OutcomeAdapter

/** What an error message says of a format. */
export type AdapterShape = Pick<Adapter, 'name' | 'expects'>

/** Throws 422: what was expected, where, the shape of the route, and the route that would take what came. */
export function wrongShape(
  adapter: AdapterShape,
  body: unknown,
  fault: { readonly path: ErrorPath; readonly expected: string; readonly got: string },
): never {
  const place = fault.path.length === 0 ? 'the whole body' : fault.path.join('.')
  const other = likelyRoute(body)
  const hint = `this route takes ${adapter.expects}`
  throw new RequestError(422, 'invalid_input', `expected ${fault.expected}; got ${fault.got} — ${place}`, {
    path: fault.path,
    hint: other === undefined || other.endsWith(adapter.name) ? hint : `${hint}; what came looks like ${other}`,
  })
}

/** The kind of a value for an error message, never the value itself. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** The body as an object, or 422. */
export function readObject(adapter: AdapterShape, body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>
  return wrongShape(adapter, body, { path: [], expected: 'an object', got: kindOf(body) })
}

/** The keys by which a route is known, the most telling first. */
const marks: readonly (readonly [string, readonly string[]])[] = [
  ['/v1/score', ['rollouts']],
  ['/adapters/nemo-gym', ['responses_create_params']],
  ['/aggregate_metrics', ['verify_responses']],
  ['/adapters/agent-lightning', ['events']],
  ['/adapters/atropos', ['tokens', 'masks']],
  ['/adapters/openrlhf', ['query']],
  ['/adapters/skypilot', ['items']],
  ['/adapters/skyrl', ['action']],
  ['/adapters/verifiers', ['completion']],
  ['/adapters/trl', ['prompts', 'completions']],
  ['/adapters/ms-swift', ['completions']],
  ['/adapters/eval-protocol', ['messages']],
  ['/adapters/slime', ['prompt', 'response']],
  ['/adapters/verl-classify', ['input', 'activation']],
  ['/adapters/verl-embeddings', ['input']],
]

/** The route whose shape a body has. */
export function likelyRoute(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  return marks.find(([, keys]) => keys.every(key => key in body))?.[0]
}

/** The numbers of outcomes, null where there is none. */
export function numbersOf(outcomes: readonly Outcome[]): (number | null)[] {
  return outcomes.map(outcome => (outcome.status === 'scored' ? outcome.value : null))
}

/** Why an item has no number, in words; empty when it has one. */
export function reasonOf(outcome: Outcome): string {
  if (outcome.status === 'scored') return ''
  return outcome.status === 'failed' ? outcome.failure.message : (outcome.reason ?? 'abstained')
}

/** The components of item `index` that have a number. */
export function scoredParts(components: AdapterResults['components'], index: number): Record<string, number> {
  const parts: Record<string, number> = {}
  for (const [name, values] of components) {
    const value = values[index]
    if (value !== null) parts[name] = value
  }
  return parts
}

/** A signal's values with null where there is no number. */
export function numbersOrNull(column: Signal): (number | null)[] {
  return Array.from(column.values, (value, i) => (column.status[i] === 0 ? value : null))
}
