import { Hono } from 'hono'
import { reverifyMode } from './adapters/nemo-gym-session.ts'
import { createEdge, type Edge } from './edge.ts'
import { admit, authorise } from './http/admission.ts'
import { parseBody } from './http/body.ts'
import { type Env, endpoint, readBody, reading, sendError } from './http/endpoint.ts'
import type { HostPolicy } from './http/host-check.ts'
import { traceOf } from './http/log.ts'
import { asRequestError, RequestError } from './http/request-error.ts'
import { openApiDocument } from './openapi.ts'
import type { RecipeSource, ServerOptions } from './options.ts'
import { listMethods, showMethod } from './routes/methods.ts'
import { type ReloadAnswer, reloadRecipe, sourceOf } from './routes/reload.ts'
import { routes } from './routes/table.ts'

/** A reward server without a socket: `app.request(path, init)` answers in process, `listen` puts it on a port. */
export interface RewardApp {
  readonly app: Hono<Env>
  /** Requests being answered, from their first byte. */
  readonly open: () => number
  /** Resolves when it takes work. Throws what keeps its workers from starting. */
  started(): Promise<void>
  /** Uses another recipe, or reads the one it has again, for requests from now on; after an error nothing changed. */
  reload(source?: RecipeSource): Promise<ReloadAnswer>
  /** Refuses new work with 503 and resolves when the requests under way are answered or `graceMs` have passed. */
  drain(graceMs: number): Promise<void>
  /** Gives the store back; to be called when nothing is under way. */
  close(): Promise<void>
}

/**
 * The routes of a reward server over one recipe: the native ones under /v1, the trainers' formats under /adapters and at
 * their own paths, /health, /ready, /metrics and /openapi.json. `hosts` refuses requests that came under another name.
 * Throws `io` when the store is in use.
 */
export function createRewardApp(options: ServerOptions, hosts?: HostPolicy): RewardApp {
  const edge = createEdge(options, hosts)
  const app = new Hono<Env>()
  for (const route of routes) for (const path of route.paths) app.post(path, endpoint(edge, route))
  app.get('/v1/methods', reading(edge, listMethods))
  app.get(
    '/v1/methods/:slug',
    reading(edge, context => showMethod(context.req.param('slug') as string)),
  )
  app.get('/openapi.json', reading(edge, openApiDocument))
  app.get('/reverify_mode', reading(edge, reverifyMode))
  app.post('/v1/recipe', async context => {
    if (edge.token === undefined) {
      throw new RequestError(403, 'forbidden', 'expected a server with a token; this one has none', {
        hint: 'start the server with GUERDON_TOKEN, or send it SIGHUP to read its recipe again',
        close: true,
      })
    }
    admit(edge, context, {})
    let bytes = 0
    const body = await readBody(edge, context, size => {
      bytes += size
    }).finally(() => {
      edge.buffered -= bytes
    })
    return context.json(await reloadRecipe(edge, options.readSource, sourceOf(parseBody(body))))
  })
  app.get('/health', context => context.json({ status: 'ok', reward_function: edge.engine.recipe.name }))
  app.get('/ready', async context => {
    const { name, version } = edge.engine.recipe
    const reason = edge.draining ? 'shutdown' : await whyNot(edge)
    const answer = { ready: reason === undefined, recipe: name, version }
    return reason === undefined ? context.json(answer) : context.json({ ...answer, reason }, 503)
  })
  app.get('/metrics', async context => {
    authorise(edge, context)
    return context.body(await edge.metrics.text(), 200, { 'content-type': edge.metrics.contentType })
  })
  answerMisses(app, edge)

  return {
    app,
    open: () => edge.open,
    started: () => edge.engine.started(),
    reload: source => reloadRecipe(edge, options.readSource, source),
    drain: async graceMs => {
      edge.draining = true
      const until = performance.now() + graceMs
      while (edge.open > 0 && performance.now() < until) await new Promise(resolve => setTimeout(resolve, 10))
    },
    close: () => edge.engine.close(),
  }
}

/** What keeps it from taking work. */
async function whyNot({ engine }: Edge): Promise<string | undefined> {
  try {
    await engine.ready()
    return undefined
  } catch (error) {
    return asRequestError(error).code
  }
}

function answerMisses(app: Hono<Env>, edge: Edge): void {
  app.notFound(() => {
    const known = [...new Set(app.routes.map(({ method, path }) => `${method} ${path}`))]
    return sendError(
      new RequestError(404, 'not_found', 'expected a route of this server; got another path or method', {
        hint: `routes are ${known.join(', ')}`,
      }),
    )
  })
  app.onError(error => {
    const refused = asRequestError(error)
    if (refused.code === 'internal') edge.log({ level: 'error', event: 'fault', trace: traceOf(error) })
    return sendError(refused)
  })
}
