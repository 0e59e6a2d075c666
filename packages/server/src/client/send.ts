import { RequestError, type RequestErrorCode } from '../http/request-error.ts'

/** Choices of a client. */
export interface ClientOptions {
  /** The token of the server. */
  readonly token?: string
  /** Attempts after the first one. Default 4. */
  readonly retries?: number
  /** Milliseconds for one attempt. Default 60,000. */
  readonly timeoutMs?: number
  /** Milliseconds before the first retry; doubled each time, up to 30 s, and drawn between half and all. Default 250. */
  readonly backoffMs?: number
  /** Sends the requests. Default: the `fetch` of the platform. */
  readonly fetch?: typeof globalThis.fetch
  /** Uniform draws in [0, 1) for the pauses. Default `Math.random`. */
  readonly random?: () => number
}

/** Choices of one call. */
export interface SendOptions {
  readonly signal?: AbortSignal
  /** Default: a new one for each call; retries of a call share it. */
  readonly idempotencyKey?: string
  readonly retries?: number
  readonly timeoutMs?: number
}

/** A body and its type. */
interface Content {
  readonly type: string
  readonly body: string | Uint8Array<ArrayBuffer>
}

/** Sends one call, again where that may help; answers with status 200 only. */
export type Send = (method: 'GET' | 'POST', path: string, how: SendOptions, content?: Content) => Promise<Response>

const LONGEST_PAUSE_MS = 30_000
/** Too slow, too many, a proxy without its server, full or shutting down, past the deadline. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504])

/** Sends calls to the server at `url`. */
export function createSender(url: string, options: ClientOptions): Send {
  const base = url.replace(/\/+$/, '')
  const { token, backoffMs = 250, random = Math.random } = options
  const fetch = options.fetch ?? globalThis.fetch
  return async (method, path, how, content) => {
    const { signal, retries = options.retries ?? 4, timeoutMs = options.timeoutMs ?? 60_000 } = how
    const headers: Record<string, string> = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(content === undefined ? {} : { 'content-type': content.type }),
      ...(method === 'GET' ? {} : { 'idempotency-key': how.idempotencyKey ?? crypto.randomUUID() }),
    }
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted()
      const ends = AbortSignal.timeout(timeoutMs)
      let failure: RequestError
      try {
        const answer = await fetch(base + path, {
          method,
          headers,
          signal: signal === undefined ? ends : AbortSignal.any([signal, ends]),
          ...(content === undefined ? {} : { body: content.body }),
        })
        if (answer.ok) return await whole(answer)
        failure = await readFailure(answer)
      } catch (cause) {
        signal?.throwIfAborted()
        failure = ends.aborted
          ? new RequestError(504, 'timeout', `expected an answer within ${timeoutMs} ms; got none — ${path}`)
          : new RequestError(503, 'unavailable', `expected an answer; got ${words(cause)} — ${path}`)
      }
      if (attempt >= retries || !passing.has(failure.status)) throw failure
      const backoff = Math.min(LONGEST_PAUSE_MS, backoffMs * 2 ** attempt) * (0.5 + 0.5 * random())
      const asked = failure.details.retryAfterSeconds
      await pause(asked === undefined ? backoff : 1000 * asked, signal)
    }
  }
}

/** The answer once all of its body is there: what breaks off on the way is tried again like what never began. */
async function whole(answer: Response): Promise<Response> {
  const { status, headers } = answer
  return new Response(await answer.arrayBuffer(), { status, headers })
}

async function readFailure(answer: Response): Promise<RequestError> {
  const text = await answer.text()
  const retryAfterSeconds = readRetryAfter(answer.headers.get('retry-after'))
  const told = readError(text)
  const message = told.message ?? `expected an answer; got status ${answer.status}`
  return new RequestError(answer.status, (told.code ?? 'unavailable') as RequestErrorCode, message, {
    ...(told.hint === undefined ? {} : { hint: told.hint }),
    ...(told.path === undefined ? {} : { path: told.path }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  })
}

interface ToldError {
  readonly code?: string
  readonly message?: string
  readonly hint?: string
  readonly path?: readonly (string | number)[]
}

/** The error of the server; nothing for what a proxy writes in its place. */
function readError(text: string): ToldError {
  try {
    const { error } = JSON.parse(text) as { error?: ToldError }
    return error ?? {}
  } catch {
    return {}
  }
}

/** Seconds, or a date as HTTP writes it. */
function readRetryAfter(given: string | null): number | undefined {
  if (given === null) return undefined
  const seconds = /^\d+$/.test(given) ? Number(given) : (Date.parse(given) - Date.now()) / 1000
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds)
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function words(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'none'
}
