import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Log } from '../http/log.ts'
import { RequestError } from '../http/request-error.ts'
import type { ItemCount } from '../metrics.ts'
import { type FromWorker, fromWire, type SentBatch, type ToWorker, toWire, type WorkerSetup } from './messages.ts'
import type { Done, Reloaded } from './work.ts'

/** What a worker process is run with. */
export interface WorkerOptions {
  /** What to tell it, each time it starts. */
  readonly setup: () => WorkerSetup
  /** A worker that gives no sign of life for so long while it has work is ended and started anew. */
  readonly silentMs: number
  readonly onCounts: (counts: readonly ItemCount[]) => void
  readonly onRecord: (sent: SentBatch) => Promise<void>
  readonly log: Log
}

/** One worker, started anew when it ends. */
export interface WorkerProcess {
  /** Requests it has not answered. */
  readonly pending: number
  /** Resolves when it has started for the first time. Throws what kept it from starting. */
  started(): Promise<void>
  /** Throws 503 `unavailable` when its process ends before the answer. */
  ask(message: Question, signal: AbortSignal): Promise<Done | Reloaded>
  close(): Promise<void>
}

/** What a worker answers. */
export type Question =
  | Omit<Extract<ToWorker, { type: 'compute' }>, 'id'>
  | Omit<Extract<ToWorker, { type: 'reload' }>, 'id'>

const script = fileURLToPath(new URL('worker.js', import.meta.url))
const PING_MS = 50
const LONGEST_PAUSE_MS = 5000

/** Starts a worker. */
export function startWorker(options: WorkerOptions): WorkerProcess {
  const pending = new Map<number, { resolve(result: Done | Reloaded): void; reject(error: unknown): void }>()
  let child: ChildProcess
  let ready: Promise<void>
  let closed = false
  let last = 0
  let heard = 0
  let failures = 0
  // A request was given up and the worker has shown no sign of life since: it may be stuck in it.
  let suspect = false

  const lose = (reason: string) => {
    for (const { reject } of pending.values()) {
      reject(
        new RequestError(503, 'unavailable', `expected an answer of a worker; ${reason}`, {
          hint: 'send the request again; with an idempotency-key it counts once',
          retryAfterSeconds: 1,
        }),
      )
    }
    pending.clear()
  }
  const launch = (): Promise<void> =>
    new Promise((resolve, reject) => {
      child = fork(script, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      const own = child
      heard = performance.now()
      suspect = false
      own.on('message', (message: FromWorker) => {
        heard = performance.now()
        if (message.type === 'ready') {
          failures = 0
          resolve()
        } else if (message.type === 'done') take(message.id)?.resolve(message.result)
        else if (message.type === 'failed') {
          if (message.id === 0) reject(fromWire(message.error))
          else take(message.id)?.reject(fromWire(message.error))
        } else if (message.type === 'pong') suspect = false
        else if (message.type === 'counts') options.onCounts(message.counts)
        else if (message.type === 'record') record(own, message)
      })
      own.on('error', error => reject(error))
      own.on('exit', (code, signal) => {
        reject(new Error(`the worker ended with ${signal ?? code}`))
        if (closed) return
        failures++
        lose('its process ended')
        options.log({
          level: 'error',
          event: 'worker ended',
          facts: { index: options.setup().index, how: String(signal ?? code) },
        })
        const pause = Math.min(LONGEST_PAUSE_MS, 50 * 2 ** failures)
        ready = new Promise(settle => setTimeout(settle, pause)).then(() => (closed ? undefined : launch()))
        ready.catch(() => undefined)
      })
      own.send({ type: 'setup', setup: options.setup() } satisfies ToWorker)
    })
  const take = (id: number) => {
    const found = pending.get(id)
    pending.delete(id)
    return found
  }
  const record = (own: ChildProcess, { id, sent }: Extract<FromWorker, { type: 'record' }>) => {
    const reply = (message: ToWorker) => own.connected && own.send(message)
    options.onRecord(sent).then(
      () => reply({ type: 'recorded', id }),
      error => reply({ type: 'recorded', id, error: toWire(error) }),
    )
  }
  const watch = setInterval(() => {
    if ((pending.size === 0 && !suspect) || !child.connected) {
      heard = performance.now()
      return
    }
    if (performance.now() - heard > options.silentMs) child.kill('SIGKILL')
    else child.send({ type: 'ping' } satisfies ToWorker)
  }, PING_MS)
  watch.unref()

  ready = launch()
  ready.catch(() => undefined)
  const first = ready
  return {
    get pending() {
      return pending.size
    },
    started: () => first,
    ask: async (question, signal) => {
      await ready.catch(() => {
        throw new RequestError(503, 'unavailable', 'expected a worker; it is being started anew', {
          retryAfterSeconds: 1,
        })
      })
      signal.throwIfAborted()
      const id = ++last
      return await new Promise((resolve, reject) => {
        const onAbort = () => {
          pending.delete(id)
          suspect = true
          if (child.connected) child.send({ type: 'abort', id, error: toWire(signal.reason) } satisfies ToWorker)
          reject(signal.reason)
        }
        const settle = () => signal.removeEventListener('abort', onAbort)
        signal.addEventListener('abort', onAbort, { once: true })
        pending.set(id, {
          resolve: result => {
            settle()
            resolve(result)
          },
          reject: error => {
            settle()
            reject(error)
          },
        })
        if (pending.size === 1 && !suspect) heard = performance.now()
        child.send({ ...question, id } satisfies ToWorker, error => {
          if (error !== null) take(id)?.reject(error)
        })
      })
    },
    close: async () => {
      closed = true
      clearInterval(watch)
      lose('the server is shutting down')
      if (!child.connected) return
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.disconnect()
      const timer = setTimeout(() => child.kill('SIGKILL'), 2000)
      await ended
      clearTimeout(timer)
    },
  }
}
