import { Hono } from 'hono'
import { answerTrainer } from './adapters/answer.ts'
import { adapters } from './adapters/index.ts'
import { authorise, type Env, endpoint, type Handler, sendError } from './http/endpoint.ts'
import { traceOf } from './http/log.ts'
import { asRequestError, RequestError } from './http/request-error.ts'
import type { ServerOptions } from './options.ts'
import { advantages } from './routes/advantages.ts'
import { listMethods, showMethod } from './routes/methods.ts'
import { explainItem, scoreBatch } from './routes/score.ts'
import { createServices } from './services.ts'

/** A reward server without a socket: `app.request(path, init)` answers in process, `listen` puts it on a port. */
export interface RewardApp {
  readonly app: Hono<Env>
  /** Requests being answered, from their first byte. */
  readonly open: () => number
  /** Refuses new work with 503 and resolves when the requests under way are answered or `graceMs` have passed. */
  drain(graceMs: number): Promise<void>
  /** Gives the store back; to be called when nothing is under way. */
  close(): void
}

/**
 * The routes of a reward server over one recipe: /v1/score, /v1/advantages, /v1/explain, /v1/methods, the trainers'
 * formats under /adapters and at their own paths, /health, /ready and /metrics. Throws `io` when the store is in use.
 */
export function createRewardApp(options: ServerOptions): RewardApp {
  const services = createServices(options)
  const { recipe } = services
  const app = new Hono<Env>()
  const post = (path: string, route: string, handler: Handler) => app.post(path, endpoint(services, route, handler))

  post('/v1/score', 'score', call => scoreBatch(services, call))
  post('/v1/advantages', 'advantages', call => advantages(services, call))
  post('/v1/explain', 'explain', call => explainItem(services, call))
  for (const adapter of adapters) {
    for (const path of adapter.paths) post(path, adapter.name, call => answerTrainer(services, adapter, call))
  }
  app.get('/v1/methods', context => {
    authorise(services, context)
    return context.json(listMethods() as object)
  })
  app.get('/v1/methods/:slug', context => {
    authorise(services, context)
    return context.json(showMethod(context.req.param('slug')) as object)
  })
  app.get('/health', context => context.json({ status: 'ok', reward_function: recipe.name }))
  app.get('/ready', context => {
    const state = { ready: !services.draining, recipe: recipe.name, version: recipe.version }
    return context.json(state, services.draining ? 503 : 200)
  })
  app.get('/metrics', async context => {
    authorise(services, context)
    return context.body(await services.metrics.text(), 200, { 'content-type': services.metrics.contentType })
  })
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
    if (refused.code === 'internal') services.log({ level: 'error', event: 'fault', trace: traceOf(error) })
    return sendError(refused)
  })

  return {
    app,
    open: () => services.open,
    drain: async graceMs => {
      services.draining = true
      const until = performance.now() + graceMs
      while (services.open > 0 && performance.now() < until) await new Promise(resolve => setTimeout(resolve, 10))
    },
    close: () => services.close(),
  }
}
