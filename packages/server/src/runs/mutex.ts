/** Lets pieces of work go one after another, in the order asked for. */
export interface Mutex {
  /** Waits for its turn; the result ends it. Throws the reason of `signal` when that was aborted meanwhile. */
  acquire(signal: AbortSignal): Promise<() => void>
  /** Waits for its turn, works, and lets the next one go whatever came of it. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

/** A free mutex. */
export function createMutex(): Mutex {
  let last: Promise<void> = Promise.resolve()
  const mutex: Mutex = {
    acquire: async signal => {
      const before = last
      let release = () => {}
      last = new Promise(resolve => {
        release = resolve
      })
      await before
      if (!signal.aborted) return release
      release()
      throw signal.reason
    },
    run: async (signal, work) => {
      const release = await mutex.acquire(signal)
      return await work().finally(release)
    },
  }
  return mutex
}
