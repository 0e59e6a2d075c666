/** Runs pieces of work one after another, in the order asked for. */
export interface Mutex {
  /** Waits for its turn, works, and lets the next one go whatever came of it. Throws the reason of `signal` while waiting. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

/** A free mutex. */
export function createMutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve()
  return {
    run: (signal, work) => {
      const turn = last.then(() => {
        signal.throwIfAborted()
        return work()
      })
      last = turn.catch(() => undefined)
      return turn
    },
  }
}
