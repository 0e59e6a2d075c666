import type { Recipe } from '@guerdon/core'
import type { RecipeSource } from '../options.ts'
import type { RequestKey } from '../runs/stored-answers.ts'
import type { TraceHeaders } from '../trace/spans.ts'

/** One request with its body read, as it is handed to whoever computes the answer. */
export interface Work {
  /** Name of the route. */
  readonly route: string
  /** Values of the path, as `slug` in `/v1/methods/:slug`. */
  readonly path: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Name of the run whose state is used. */
  readonly run: string
  readonly body: Uint8Array
  /** True for a body in the binary layout. */
  readonly binary: boolean
  /** Given by clients that may send the request again. */
  readonly request?: RequestKey
  /** The trace this belongs to. */
  readonly trace?: TraceHeaders
}

/** An answer. */
export interface Done {
  /** JSON text, or bytes in the binary layout. */
  readonly body: string | Uint8Array
  /** The answer of an earlier request with the same key. */
  readonly replayed: boolean
}

/** What became of the states of runs when the recipe changed. */
export interface Reloaded {
  /** Runs that went over to the new recipe. */
  readonly runs: number
  /** Stages with a state that are the same in both recipes and went on. */
  readonly kept: readonly string[]
  /** Stages with a state that began anew. */
  readonly fresh: readonly string[]
}

/** Computes answers with one recipe, which can be changed between requests: in this process or in others. */
export interface Engine {
  /** Name and version of the recipe of new requests. */
  readonly recipe: Pick<Recipe, 'name' | 'version'>
  /** Resolves when it takes work. Throws what keeps it from starting. */
  started(): Promise<void>
  /** Throws `io` while the states of runs cannot be reached and the recipe needs them. */
  ready(): Promise<void>
  /** Throws what the answer shall be instead. */
  compute(work: Work, signal: AbortSignal): Promise<Done>
  /** Requests that came before are answered with the recipe they came under. */
  reload(recipe: Recipe, source?: RecipeSource): Promise<Reloaded>
  /** Ends it; to be called when nothing is under way. */
  close(): Promise<void>
}
