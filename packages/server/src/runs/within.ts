/** `work`, or the reason of `signal` as soon as it is aborted; what it was doing goes on unseen. */
export function abandonable<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
  })
}

/** `work`, or an error when `ms` milliseconds have passed before it settled. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${ms} ms`)), ms)
  try {
    return await abandonable(late.signal, work)
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves after `ms` milliseconds. Throws the reason of `signal` as soon as it is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await abandonable(signal, passed).finally(() => clearTimeout(timer))
}
