import { rolloutJsonSchema, z } from '@guerdon/core'
import { batchContentType } from './binary/layout.ts'
import { methodFunctions } from './routes/method-functions.ts'
import { reloadRequest, reloadResponse } from './routes/reload.ts'
import { errorResponse } from './routes/schemas.ts'
import { routes } from './routes/table.ts'

type Json = Record<string, unknown>

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json
  return rest
}

const errorStatuses: Readonly<Record<string, string>> = {
  400: 'not UTF-8, not JSON, or a name twice',
  401: 'no token, or another',
  403: 'from another host or page',
  404: 'no such route, method, function or stage',
  408: 'the body came too slowly',
  409: 'at odds with an earlier request',
  413: 'a body or batch too large',
  415: 'a content type that is not taken',
  422: 'a body of another shape',
  500: 'a fault of the server',
  503: 'full, shutting down, or an item without a number',
  504: 'past the deadline',
}

const errors = Object.fromEntries(
  Object.entries(errorStatuses).map(([status, description]) => [
    status,
    { $ref: `#/components/responses/${status}`, description },
  ]),
)

interface Operation {
  readonly id: string
  readonly about: string
  readonly request?: z.ZodType
  readonly response: z.ZodType
  readonly binary?: boolean
}

function operation(path: string, { id, about, request, response, binary }: Operation): Json {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  const octets = { [batchContentType]: { schema: { type: 'string', format: 'binary' } } }
  const content = (schema: z.ZodType, io: 'input' | 'output') => ({
    'application/json': { schema: schemaOf(schema, io) },
    ...(binary === true ? octets : {}),
  })
  return {
    operationId: id,
    summary: about,
    parameters: [
      ...names.map(name => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...(request === undefined
        ? []
        : ['run', 'deadline', 'key'].map(name => ({ $ref: `#/components/parameters/${name}` }))),
    ],
    ...(request === undefined ? {} : { requestBody: { required: true, content: content(request, 'input') } }),
    responses: { 200: { description: 'done', content: content(response, 'output') }, ...errors },
  }
}

const anything = z.looseObject({})

const readings: readonly [path: string, Operation][] = [
  ['/v1/methods', { id: 'methods', about: 'Every method, shortly.', response: anything }],
  ['/v1/methods/{slug}', { id: 'method', about: 'One method with its options and stages.', response: anything }],
  [
    '/health',
    {
      id: 'health',
      about: 'Whether it is alive.',
      response: z.object({ status: z.literal('ok'), reward_function: z.string() }),
    },
  ],
  [
    '/ready',
    {
      id: 'ready',
      about: 'Whether it takes work, and with which recipe; with 503 the reason why not.',
      response: z.object({
        ready: z.boolean(),
        recipe: z.string(),
        version: z.string(),
        reason: z.string().optional(),
      }),
    },
  ],
  [
    '/reverify_mode',
    { id: 'reverify-mode', about: 'What NeMo Gym asks before it verifies again.', response: z.string() },
  ],
]

/** The OpenAPI 3.1 description of every route, made of the schemas the routes read their bodies with. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {}
  const add = (path: string, method: string, described: Operation) => {
    paths[path] = { ...paths[path], [method]: operation(path, described) }
  }
  for (const [path, described] of readings) add(path, 'get', described)
  for (const { slug, name, ...described } of methodFunctions) {
    add(`/v1/methods/${slug}/${name}`, 'post', { id: `${slug}/${name}`, ...described })
  }
  for (const route of routes) {
    route.paths.forEach((path, i) => {
      const id = i === 0 ? route.name : `${route.name}-${i}`
      add(path.replace(/:(\w+)/g, '{$1}'), 'post', { ...route, id })
    })
  }
  const about = 'Uses another recipe for new requests, or reads the recipe file again.'
  add('/v1/recipe', 'post', { id: 'reload', about, request: reloadRequest, response: reloadResponse })
  return {
    openapi: '3.1.0',
    info: { title: 'Guerdon reward server', version: '1' },
    paths,
    components: {
      schemas: { Rollout: rolloutSchema(), Error: schemaOf(errorResponse, 'output') },
      parameters: {
        run: parameter('run', 'query', 'the run whose state is used; "default" when absent', { type: 'string' }),
        deadline: parameter('x-deadline-ms', 'header', 'less time than the server gives', {
          type: 'integer',
          minimum: 1,
        }),
        key: parameter('idempotency-key', 'header', 'a repeat under the same key gets the stored answer', {
          type: 'string',
          maxLength: 255,
        }),
      },
      responses: Object.fromEntries(
        Object.entries(errorStatuses).map(([status, description]) => [
          status,
          { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
        ]),
      ),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
    security: [{}, { bearer: [] }, { key: [] }],
  }
}

function rolloutSchema(): Json {
  const { $schema: _, ...rest } = rolloutJsonSchema()
  return rest
}

function parameter(name: string, place: string, description: string, schema: Json): Json {
  return { name, in: place, required: false, description, schema }
}
