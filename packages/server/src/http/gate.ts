import { RequestError } from './request-error.ts'

/** How much work is taken on at once. */
export interface GateLimits {
  /** Requests worked on at a time. */
  readonly active: number
  /** Requests that may wait; one more is refused with 503. */
  readonly queued: number
}

/** Admission: a bounded number of requests at work, a bounded number waiting in order of arrival. */
export interface Gate {
  readonly active: number
  readonly queued: number
  /** Throws 503 `overloaded` when another request would find no place: cheap, to be asked before a body is read. */
  assertRoom(): void
  /** Waits for a place; the result gives it back. Throws `overloaded`, or the reason of `signal`. */
  enter(signal: AbortSignal): Promise<() => void>
}

interface Waiting {
  readonly admit: () => void
}

/** Opens a gate. */
export function createGate(limits: GateLimits): Gate {
  const waiting = new Set<Waiting>()
  let active = 0
  const leave = () => {
    active--
    const [next] = waiting
    if (next === undefined) return
    waiting.delete(next)
    next.admit()
  }
  const onceOnly = () => {
    let left = false
    return () => {
      if (left) return
      left = true
      leave()
    }
  }
  const assertRoom = () => {
    if (active < limits.active || waiting.size < limits.queued) return
    throw new RequestError(
      503,
      'overloaded',
      `expected a free place; ${active} requests at work, ${waiting.size} wait`,
      {
        hint: 'try again after the time in Retry-After',
        retryAfterSeconds: 1,
        close: true,
      },
    )
  }
  return {
    get active() {
      return active
    },
    get queued() {
      return waiting.size
    },
    assertRoom,
    enter: signal => {
      signal.throwIfAborted()
      assertRoom()
      if (active < limits.active) {
        active++
        return Promise.resolve(onceOnly())
      }
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          waiting.delete(place)
          reject(signal.reason)
        }
        const place: Waiting = {
          admit: () => {
            signal.removeEventListener('abort', onAbort)
            active++
            resolve(onceOnly())
          },
        }
        signal.addEventListener('abort', onAbort, { once: true })
        waiting.add(place)
      })
    },
  }
}
