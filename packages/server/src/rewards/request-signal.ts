import { AsyncLocalStorage } from 'node:async_hooks'

const current = new AsyncLocalStorage<AbortSignal>()
const never = new AbortController().signal

/** Runs `work` with `signal` as the signal of the request it belongs to. */
export function withRequestSignal<T>(signal: AbortSignal, work: () => T): T {
  return current.run(signal, work)
}

/** The signal of the request being scored: aborted at its deadline and when its client goes away. Never outside a request. */
export function requestSignal(): AbortSignal {
  return current.getStore() ?? never
}
