import { createHash, randomUUID } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import { batchContentType } from '../binary/layout.ts'
import type { Edge } from '../edge.ts'
import type { Work } from '../engine/work.ts'
import type { Route } from '../routes/route.ts'
import type { RequestKey } from '../runs/stored-answers.ts'
import { endSpan, requestSpan, traceHeaders } from '../trace/spans.ts'
import { admit, authorise } from './admission.ts'
import { type BodyLimits, readIncoming, readRequest } from './body.ts'
import { withDeadline } from './deadline.ts'
import { answerGroupPart } from './group-part.ts'
import type { Reply } from './idempotency.ts'
import { traceOf } from './log.ts'
import { asRequestError, errorBody, RequestError } from './request-error.ts'

export type { Call, Handler } from '../routes/route.ts'

/** The environment of a route: the sockets, when there are any. */
export interface Env {
  Bindings: Partial<HttpBindings>
}

/**
 * A POST route: host check, authorisation, content type, back-pressure, limits of the body, idempotency, deadline,
 * cancellation, trace, metrics and the log line, around the engine that computes the answer.
 */
export function endpoint(edge: Edge, route: Route) {
  return async (context: Context<Env>): Promise<Response> => {
    const started = performance.now()
    const requestId = requestIdOf(context)
    const client = clientSignal(context)
    const opened = requestSpan(`POST ${route.paths[0]}`, traceHeadersOf(context), {
      'http.request.method': 'POST',
      'http.route': route.paths[0],
    })
    let bytes = 0
    let status = 200
    let replayed = false
    let code: string | undefined
    edge.open++
    try {
      const binary = admit(edge, context, route)
      const deadlineMs = deadlineOf(context, edge.limits.deadlineMs)
      const body = await readBody(edge, context, size => {
        bytes += size
      })
      const trace = traceHeaders(opened.context)
      const run = context.req.query('run') ?? 'default'
      const request = keyOf(context, route, run, body)
      const work: Work = {
        route: route.name,
        path: context.req.param() as Record<string, string>,
        query: context.req.query(),
        run,
        body,
        binary,
        ...(request === undefined ? {} : { request }),
        ...(trace === undefined ? {} : { trace }),
      }
      const compute = (signal: AbortSignal): Promise<Reply> =>
        withDeadline(deadlineMs, signal, inner =>
          route.name === 'group' ? answerGroupPart(edge, work, inner, deadlineMs) : admitted(edge, work, inner),
        )
      let reply: Reply
      if (request === undefined) reply = await compute(client)
      else {
        const answered = await edge.idempotency.answer({ ...request, signal: client }, compute)
        reply = answered.reply
        replayed = answered.replayed
      }
      replayed ||= reply.replayed === true
      return send(reply.body, 200, {
        'x-request-id': requestId,
        ...(replayed ? { 'idempotency-replayed': 'true' } : {}),
      })
    } catch (thrown) {
      const error = client.aborted ? goneAway() : asRequestError(thrown)
      status = error.status
      code = error.code
      if (error.code === 'internal') {
        edge.log({
          level: 'error',
          event: 'fault',
          requestId,
          route: route.name,
          trace: error.details.trace ?? traceOf(thrown),
        })
      }
      return sendError(error, { 'x-request-id': requestId })
    } finally {
      edge.open--
      edge.buffered -= bytes
      const ms = performance.now() - started
      opened.span.setAttribute('http.response.status_code', status)
      endSpan(opened, code)
      edge.metrics.request(route.name, status, ms / 1000)
      edge.log({
        level: status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info',
        event: 'request',
        requestId,
        route: route.name,
        status,
        ms: Math.round(ms * 100) / 100,
        bytes,
        ...(replayed ? { replayed } : {}),
        ...(code === undefined ? {} : { code }),
      })
    }
  }
}

/** A GET route: host check and authorisation around `answer`. */
export function reading(edge: Edge, answer: (context: Context<Env>) => unknown) {
  return async (context: Context<Env>): Promise<Response> => {
    authorise(edge, context)
    return context.json((await answer(context)) as object)
  }
}

/** Waits for a place at work and computes the answer. */
export async function admitted(edge: Edge, work: Work, signal: AbortSignal): Promise<Reply> {
  const leave = await edge.gate.enter(signal)
  // Given back when the request ends, not when the work does: a reward that never settles must not keep its place.
  signal.addEventListener('abort', leave, { once: true })
  try {
    return await edge.engine.compute(work, signal)
  } finally {
    signal.removeEventListener('abort', leave)
    leave()
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

/** Reads the body of a request within the limits; `count` receives its size as it comes. */
export async function readBody(edge: Edge, context: Context<Env>, count: (size: number) => void): Promise<Buffer> {
  const { bodyBytes, bodyTimeoutMs, bufferedBytes } = edge.limits
  const limits: BodyLimits = {
    maxBytes: bodyBytes,
    timeoutMs: bodyTimeoutMs,
    onBytes: size => {
      count(size)
      edge.buffered += size
      if (edge.buffered <= bufferedBytes) return
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

function traceHeadersOf(context: Context<Env>) {
  const traceparent = context.req.header('traceparent')
  const tracestate = context.req.header('tracestate')
  return {
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  }
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

/** The key of a request, told apart by route and run, and a hash of everything that decides the answer. */
function keyOf(context: Context<Env>, route: Route, run: string, body: Uint8Array): RequestKey | undefined {
  const key = context.req.header('idempotency-key')
  if (key === undefined) return undefined
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new RequestError(
      422,
      'invalid_input',
      'expected up to 255 printable characters in the header idempotency-key',
      { path: ['idempotency-key'] },
    )
  }
  const { pathname, search } = new URL(context.req.url)
  const hash = createHash('sha256').update(pathname).update(search).update('\n').update(body).digest('base64')
  return { key: `${route.name}\n${run}\n${key}`, hash }
}

function send(body: string | Uint8Array, status: number, headers: Record<string, string>): Response {
  const type = typeof body === 'string' ? 'application/json' : batchContentType
  return new Response(body as string | Uint8Array<ArrayBuffer>, {
    status,
    headers: { 'content-type': type, ...headers },
  })
}
