import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import { withRequestSignal } from '../rewards/request-signal.ts'
import type { Services } from '../services.ts'
import { parseBody, readIncoming, readRequest, requireJson } from './body.ts'
import { withDeadline } from './deadline.ts'
import type { Reply } from './idempotency.ts'
import { traceOf } from './log.ts'
import { asRequestError, errorBody, RequestError } from './request-error.ts'

/** The environment of a route: the sockets, when there are any. */
export interface Env {
  Bindings: Partial<HttpBindings>
}

/** One call of a route, its body read and parsed. */
export interface Call {
  readonly body: unknown
  /** Name of the run whose state is used: `?run=NAME`, else `default`. */
  readonly run: string
  /** Aborted at the deadline and when the client goes away. */
  readonly signal: AbortSignal
  query(name: string): string | undefined
}

/** What a route does with a call; the result is sent as JSON. */
export type Handler = (call: Call) => Promise<unknown>

/**
 * A POST route: authorisation, content type, back-pressure, limits of the body, idempotency, deadline, cancellation,
 * metrics and the log line, around `handler`. `route` is the label it is counted under.
 */
export function endpoint(services: Services, route: string, handler: Handler) {
  return async (context: Context<Env>): Promise<Response> => {
    const started = performance.now()
    const requestId = requestIdOf(context)
    const client = clientSignal(context)
    let bytes = 0
    let status = 200
    let replayed = false
    let code: string | undefined
    services.open++
    try {
      admit(services, context)
      const deadlineMs = deadlineOf(context, services.limits.deadlineMs)
      const buffer = await readBody(services, context, size => {
        bytes += size
      })
      const run = context.req.query('run') ?? 'default'
      const work = (signal: AbortSignal): Promise<Reply> => {
        // Given back when the answer is settled, not when the work is: a reward that never settles must not keep its place.
        let leave = () => {}
        return withDeadline(deadlineMs, signal, async inner => {
          leave = await services.gate.enter(inner)
          const call: Call = { body: parseBody(buffer), run, signal: inner, query: name => context.req.query(name) }
          const answer = await withRequestSignal(inner, () => handler(call))
          return { status: 200, body: JSON.stringify(answer) }
        }).finally(() => leave())
      }
      const key = context.req.header('idempotency-key')
      let reply: Reply
      if (key === undefined) reply = await work(client)
      else {
        const hash = createHash('sha256').update(context.req.url).update('\n').update(buffer).digest('base64')
        const answered = await services.idempotency.answer(
          { key: checkedKey(key, route, run), hash, signal: client },
          work,
        )
        reply = answered.reply
        replayed = answered.replayed
      }
      return send(reply.body, 200, {
        'x-request-id': requestId,
        ...(replayed ? { 'idempotency-replayed': 'true' } : {}),
      })
    } catch (thrown) {
      const error = client.aborted ? goneAway() : asRequestError(thrown)
      status = error.status
      code = error.code
      if (error.code === 'internal') {
        services.log({ level: 'error', event: 'fault', requestId, route, trace: traceOf(thrown) })
      }
      return sendError(error, { 'x-request-id': requestId })
    } finally {
      services.open--
      services.buffered -= bytes
      const ms = performance.now() - started
      services.metrics.request(route, status, ms / 1000)
      services.log({
        level: status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info',
        event: 'request',
        requestId,
        route,
        status,
        ms: Math.round(ms * 100) / 100,
        bytes,
        ...(replayed ? { replayed } : {}),
        ...(code === undefined ? {} : { code }),
      })
    }
  }
}

/** An error as a response. */
export function sendError(error: RequestError, headers: Record<string, string> = {}): Response {
  const { retryAfterSeconds, close } = error.details
  return send(errorBody(error), error.status, {
    ...headers,
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    ...(close === true ? { connection: 'close' } : {}),
  })
}

/** Throws 401 unless the caller has the token of the server, when it has one. */
export function authorise(services: Services, context: Context<Env>): void {
  if (services.token === undefined) return
  const bearer = /^bearer +(.+)$/i.exec(context.req.header('authorization') ?? '')?.[1]
  const given = bearer ?? context.req.header('x-api-key')
  if (given !== undefined && sameText(given.trim(), services.token)) return
  throw new RequestError(
    401,
    'unauthorized',
    `expected the token of this server; got ${given === undefined ? 'none' : 'another'}`,
    {
      hint: 'send the header "authorization: Bearer TOKEN"',
      close: true,
    },
  )
}

function admit(services: Services, context: Context<Env>): void {
  authorise(services, context)
  if (services.draining) {
    throw new RequestError(503, 'shutdown', 'expected a running server; this one is shutting down', {
      retryAfterSeconds: 5,
      close: true,
    })
  }
  requireJson(context.req.header('content-type'))
  services.gate.assertRoom()
}

async function readBody(services: Services, context: Context<Env>, count: (size: number) => void): Promise<Buffer> {
  const { bodyBytes, bodyTimeoutMs, bufferedBytes } = services.limits
  const limits = {
    maxBytes: bodyBytes,
    timeoutMs: bodyTimeoutMs,
    onBytes: (size: number) => {
      count(size)
      services.buffered += size
      if (services.buffered <= bufferedBytes) return
      throw new RequestError(503, 'overloaded', `expected room for the body; ${bufferedBytes} bytes are held already`, {
        retryAfterSeconds: 1,
        close: true,
      })
    },
  }
  const incoming = context.env?.incoming
  return incoming === undefined ? readRequest(context.req.raw, limits) : readIncoming(incoming as never, limits)
}

function clientSignal(context: Context<Env>): AbortSignal {
  const outgoing = context.env?.outgoing
  if (outgoing === undefined) return context.req.raw.signal
  const controller = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort(goneAway())
  })
  return controller.signal
}

function goneAway(): RequestError {
  return new RequestError(499, 'cancelled', 'the client went away before its answer')
}

function requestIdOf(context: Context<Env>): string {
  const given = context.req.header('x-request-id')
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID()
}

function deadlineOf(context: Context<Env>, longest: number): number {
  const given = context.req.header('x-deadline-ms')
  if (given === undefined) return longest
  const value = Number(given)
  if (Number.isInteger(value) && value >= 1) return Math.min(value, longest)
  throw new RequestError(422, 'invalid_option', 'expected whole milliseconds ≥ 1 in the header x-deadline-ms', {
    path: ['x-deadline-ms'],
    close: true,
  })
}

function checkedKey(key: string, route: string, run: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return `${route}\n${run}\n${key}`
  throw new RequestError(
    422,
    'invalid_input',
    'expected up to 255 printable characters in the header idempotency-key',
    {
      path: ['idempotency-key'],
    },
  )
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

function send(body: string, status: number, headers: Record<string, string>): Response {
  return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } })
}
