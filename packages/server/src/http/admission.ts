import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import type { Edge } from '../edge.ts'
import type { Route } from '../routes/route.ts'
import { readContentType } from './body.ts'
import type { Env } from './endpoint.ts'
import { checkHost } from './host-check.ts'
import { RequestError } from './request-error.ts'

/** What can be refused before a body is read; the result is true for a body in the binary layout. */
export function admit(edge: Edge, context: Context<Env>, { binary = false }: Pick<Route, 'binary'>): boolean {
  authorise(edge, context)
  if (edge.draining) {
    throw new RequestError(503, 'shutdown', 'expected a running server; this one is shutting down', {
      retryAfterSeconds: 5,
      close: true,
    })
  }
  const isBinary = readContentType(context.req.header('content-type'), { binary })
  edge.gate.assertRoom()
  return isBinary
}

/** Throws 403 for a request of a foreign web page, 401 unless the caller has the token of the server, when it has one. */
export function authorise(edge: Edge, context: Context<Env>): void {
  if (edge.hosts !== undefined) checkHost(edge.hosts, context.req.header('host'), context.req.header('origin'))
  if (edge.token === undefined) return
  const bearer = /^bearer +(.+)$/i.exec(context.req.header('authorization') ?? '')?.[1]
  const given = bearer ?? context.req.header('x-api-key')
  if (given !== undefined && sameText(given.trim(), edge.token)) return
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

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
