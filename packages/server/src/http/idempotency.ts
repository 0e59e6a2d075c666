import { keyConflict } from '../runs/stored-answers.ts'

/** An answer as it is sent and stored. */
export interface Reply {
  readonly body: string | Uint8Array
  /** True when it was kept from an earlier process. */
  readonly replayed?: boolean
}

/** What is remembered of answered requests. */
export interface IdempotencyLimits {
  /** Answers kept. */
  readonly entries: number
  /** Characters of answers kept. */
  readonly characters: number
}

/** One request under its key. */
export interface KeyedRequest {
  readonly key: string
  /** Hash of everything that decides the answer. */
  readonly hash: string
  /** Aborted when this client goes away. */
  readonly signal: AbortSignal
}

/** Answers each key once: repeats join the running work or get the stored answer. */
export interface Idempotency {
  /**
   * `replayed` tells a repeat. Work is aborted when every client that waits for it is gone; errors are not stored.
   * Throws 409 `conflict` for a key that came with another request before.
   */
  answer(
    request: KeyedRequest,
    work: (signal: AbortSignal) => Promise<Reply>,
  ): Promise<{ reply: Reply; replayed: boolean }>
}

interface Entry {
  readonly hash: string
  readonly promise: Promise<Reply>
  readonly controller: AbortController
  waiters: number
  size: number
}

/** Remembers the latest answers within the limits, oldest forgotten first. */
export function createIdempotency(limits: IdempotencyLimits): Idempotency {
  const entries = new Map<string, Entry>()
  let characters = 0
  const forget = (key: string, entry: Entry) => {
    if (entries.get(key) !== entry) return
    entries.delete(key)
    characters -= entry.size
  }
  const trim = () => {
    for (const [key, entry] of entries) {
      if (entries.size <= limits.entries && characters <= limits.characters) return
      if (entry.size > 0) forget(key, entry)
    }
  }
  const start = (key: string, hash: string, work: (signal: AbortSignal) => Promise<Reply>): Entry => {
    const controller = new AbortController()
    const entry: Entry = { hash, controller, waiters: 0, size: 0, promise: work(controller.signal) }
    entries.set(key, entry)
    entry.promise.then(
      ({ body }) => {
        entry.size = body.length + key.length
        characters += entry.size
        trim()
      },
      () => forget(key, entry),
    )
    return entry
  }
  return {
    answer: async ({ key, hash, signal }, work) => {
      signal.throwIfAborted()
      const known = entries.get(key)
      if (known !== undefined && known.hash !== hash) {
        throw keyConflict()
      }
      const entry = known ?? start(key, hash, work)
      entry.waiters++
      const reply = await new Promise<Reply>((resolve, reject) => {
        const onAbort = () => {
          reject(signal.reason)
          if (entry.waiters === 1) {
            forget(key, entry)
            entry.controller.abort(signal.reason)
          }
        }
        signal.addEventListener('abort', onAbort, { once: true })
        entry.promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
      }).finally(() => {
        entry.waiters--
      })
      return { reply, replayed: known !== undefined }
    },
  }
}
