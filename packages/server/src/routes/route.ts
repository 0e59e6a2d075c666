import type { z } from '@guerdon/core'
import type { Services } from '../services.ts'

/** One call of a route, its body read and parsed. */
export interface Call {
  /** The JSON value, or the bytes of a body in the binary layout. */
  readonly body: unknown
  /** Name of the run whose state is used: `?run=NAME`, else `default`. */
  readonly run: string
  /** Aborted at the deadline and when the client goes away. */
  readonly signal: AbortSignal
  query(name: string): string | undefined
  /** A value of the path, as `slug` in `/v1/methods/:slug`. */
  path(name: string): string
}

/** What a route does with a call: the result is sent as JSON, bytes in the binary layout as they are. */
export type Handler = (services: Services, call: Call) => Promise<unknown>

/** A route that computes something from a body. */
export interface Route {
  /** The label it is counted under. */
  readonly name: string
  /** Paths in the form of Hono, `/v1/methods/:slug`. */
  readonly paths: readonly string[]
  /** One sentence. */
  readonly about: string
  /** Of the body as JSON. */
  readonly request: z.ZodType
  /** Of the answer as JSON. */
  readonly response: z.ZodType
  /** True when the body may come in the binary layout, and then is answered in it. */
  readonly binary?: boolean
  readonly handle: Handler
}
