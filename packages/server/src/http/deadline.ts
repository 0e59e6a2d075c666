import { RequestError } from './request-error.ts'

/**
 * Runs `work` until it settles, `timeoutMs` pass (504 `timeout`) or `outer` is aborted (its reason). The signal handed to
 * `work` is aborted in both cases; work that does not listen is left behind and its result dropped.
 */
export function withDeadline<T>(
  timeoutMs: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController()
    const stop = (reason: unknown) => {
      settle(() => reject(reason))
      controller.abort(reason)
    }
    const onAbort = () => stop(outer.reason)
    const timer = setTimeout(() => {
      stop(
        new RequestError(504, 'timeout', `expected an answer within ${timeoutMs} ms; the reward took longer`, {
          hint: 'send fewer items a request, or raise the deadline of the server',
        }),
      )
    }, timeoutMs)
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      outer.removeEventListener('abort', onAbort)
      finish()
    }
    if (outer.aborted) return onAbort()
    outer.addEventListener('abort', onAbort, { once: true })
    work(controller.signal).then(
      value => settle(() => resolve(value)),
      error => settle(() => reject(error)),
    )
  })
}
