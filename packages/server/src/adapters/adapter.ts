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

/** A trainer's wire format. */
export interface Adapter {
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
  read(body: unknown): readonly AdapterItem[]
  /** The answer. */
  write(results: AdapterResults, query: (name: string) => string | undefined): unknown
}

/** Throws 422: what was expected, where, the shape of the route, and the route that would take what came. */
export function wrongShape(
  adapter: Pick<Adapter, 'name' | 'expects'>,
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
export function readObject(
  adapter: Pick<Adapter, 'name' | 'expects'>,
  body: unknown,
): Readonly<Record<string, unknown>> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>
  return wrongShape(adapter, body, { path: [], expected: 'an object', got: kindOf(body) })
}

/** The route whose shape a body has. */
export function likelyRoute(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  if ('rollouts' in body) return '/v1/score'
  if ('query' in body) return '/adapters/openrlhf'
  if ('items' in body) return '/adapters/skypilot'
  if ('messages' in body) return '/adapters/eval-protocol'
  if ('prompt' in body && 'response' in body) return '/adapters/slime'
  return undefined
}

/** A signal's values with null where there is no number. */
export function numbersOrNull(column: Signal): (number | null)[] {
  return Array.from(column.values, (value, i) => (column.status[i] === 0 ? value : null))
}
