import { AsyncLocalStorage } from 'node:async_hooks'
import type { Context } from '@opentelemetry/api'

/** What code far inside a recipe may know of the request it works for. */
export interface RequestContext {
  /** Aborted at the deadline and when the client goes away. */
  readonly signal: AbortSignal
  /** The span of the stage at work, when traces are recorded. */
  stage?: Context
}

const current = new AsyncLocalStorage<RequestContext>()
const never = new AbortController().signal

/** Runs `work` as a part of the request `context`. */
export function withRequestContext<T>(context: RequestContext, work: () => T): T {
  return current.run(context, work)
}

/** The request being worked on, `undefined` outside of one. */
export function requestContext(): RequestContext | undefined {
  return current.getStore()
}

/** The signal of the request being scored. Never aborted outside a request. */
export function requestSignal(): AbortSignal {
  return current.getStore()?.signal ?? never
}
