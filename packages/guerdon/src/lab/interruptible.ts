import { GuerdonError } from '@guerdon/core'

/** Does work that ^C cancels; a second ^C ends the process. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const cancelled = new AbortController()
  const onInterrupt = (): void =>
    cancelled.abort(
      new GuerdonError('aborted', 'cancelled; finished runs are kept and the same command goes on from there'),
    )
  process.once('SIGINT', onInterrupt)
  try {
    return await work(cancelled.signal)
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}
