import { z } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { createRewardApp } from './app.ts'
import { methodFunctions } from './routes/method-functions.ts'
import { quickStart } from './testing/recipes.ts'

const { app } = createRewardApp({ recipe: quickStart })

interface Operation {
  readonly operationId: string
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

const document = (await (await app.request('/openapi.json')).json()) as Document

// What OpenAPI 3.1 asks of a document, as far as this one goes; anything else in it is refused.
const reference = z.looseObject({ $ref: z.string().startsWith('#/components/') })
const schema = z.looseObject({})
const media = z.record(z.string().regex(/^[\w.+-]+\/[\w.+-]+$/), z.strictObject({ schema }))
const parameter = z.strictObject({
  name: z.string(),
  in: z.enum(['query', 'header', 'path']),
  required: z.boolean(),
  description: z.string().optional(),
  schema,
})
const response = z.strictObject({ description: z.string().min(1), content: media.optional() })
const operation = z.strictObject({
  operationId: z.string(),
  summary: z.string().min(1),
  parameters: z.array(z.union([reference, parameter])),
  requestBody: z.strictObject({ required: z.boolean(), content: media }).optional(),
  responses: z.record(z.string().regex(/^[1-5]\d\d$/), z.union([reference, response])),
})
const openApi = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.strictObject({ title: z.string(), version: z.string() }),
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(['get', 'post']), operation)),
  components: z.strictObject({
    schemas: z.record(z.string(), schema),
    parameters: z.record(z.string(), parameter),
    responses: z.record(z.string(), response),
    securitySchemes: z.record(z.string(), z.looseObject({ type: z.enum(['http', 'apiKey']) })),
  }),
  security: z.array(z.record(z.string(), z.array(z.string()))),
})

/** A schema of the document with what it refers to put in its place, so that values can be held against it. */
function readable(given: object) {
  const resolved = JSON.stringify(given, (key, value: unknown) =>
    key !== '' && typeof value === 'object' && value !== null && '$ref' in value
      ? document.components.schemas[String(value.$ref).slice('#/components/schemas/'.length)]
      : value,
  )
  return z.fromJSONSchema(JSON.parse(resolved) as Parameters<typeof z.fromJSONSchema>[0])
}

const requestOf = (path: string) =>
  readable(document.paths[path]['post'].requestBody?.content['application/json'].schema as object)
const answerOf = (path: string) =>
  readable(document.paths[path]['post'].responses['200'].content?.['application/json'].schema as object)

describe('/openapi.json', () => {
  it('is an OpenAPI 3.1 document', () => {
    expect(openApi.safeParse(document).error?.issues ?? []).toEqual([])
  })

  it('refers only to what it has, and names every operation once', () => {
    const text = JSON.stringify(document)
    for (const [, place] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = place
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document)
      expect(found, place).toBeDefined()
    }
    const ids = Object.values(document.paths).flatMap(item => Object.values(item).map(({ operationId }) => operationId))
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('names every path value as a parameter', () => {
    for (const [path, item] of Object.entries(document.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      for (const { parameters } of Object.values(item) as {
        parameters?: { name?: string; in?: string }[]
      }[] as never[]) {
        const given = (parameters as { name?: string; in?: string }[]).filter(entry => entry.in === 'path')
        expect(given.map(({ name }) => name)).toEqual(names)
      }
    }
  })

  it('has every route, and no other', () => {
    const own = new Set(['/metrics', '/openapi.json'])
    const routed = app.routes
      .filter(({ path }) => !own.has(path))
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`)
    const functions = methodFunctions.map(({ slug, name }) => `post /v1/methods/${slug}/${name}`)
    const told = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map(method => `${method} ${path}`),
    )
    expect(told.sort()).toEqual([...new Set([...routed, ...functions])].sort())
  })

  const record = { id: 'a', prompt: 'p', response: 'r', reference: '4' }
  it.each<[path: string, url: string, good: unknown, bad: unknown]>([
    ['/v1/score', '/v1/score', { rollouts: [record] }, { rollouts: [{ id: 1 }] }],
    ['/v1/groups/{id}/rollouts', '/v1/groups/g/rollouts', { size: 1, rollouts: [record] }, { rollouts: [record] }],
    ['/v1/explain', '/v1/explain', { rollouts: [record] }, { rollouts: [record], id: 4 }],
    ['/v1/advantages', '/v1/advantages', { use: 'rloo', groups: [{ scores: [1, null] }] }, { groups: [] }],
    [
      '/v1/advantages',
      '/v1/advantages',
      { use: 'rloo', rollouts: [{ ...record, outcome: 1 }] },
      { use: 'rloo', rollouts: 'x' },
    ],
    [
      '/v1/methods/baselines-reward-model/pass-at-k',
      '/v1/methods/baselines-reward-model/pass-at-k',
      { samples: 10, passed: 3, k: 2 },
      { samples: 1.5, passed: 3, k: 2 },
    ],
  ])('describes what %s takes and answers', async (path, url, good, bad) => {
    const send = (body: unknown) =>
      app.request(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
    expect(requestOf(path).safeParse(good).error).toBeUndefined()
    const answer = await send(good)
    expect(answer.status).toBe(200)
    expect(answerOf(path).safeParse(await answer.json()).error).toBeUndefined()
    expect(requestOf(path).safeParse(bad).success).toBe(false)
    const refused = await send(bad)
    expect(refused.status).toBe(422)
    expect(readable(document.components.schemas['Error']).safeParse(await refused.json()).success).toBe(true)
  })
})

describe('/v1/methods/<slug>/<function>', () => {
  const call = async (path: string, body: unknown) => {
    const answer = await app.request(`/v1/methods/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
    return { status: answer.status, body: (await answer.json()) as unknown }
  }

  it.each([
    // 1 − C(7, 2) / C(10, 2) = 1 − 21 / 45.
    ['baselines-reward-model/pass-at-k', { samples: 10, passed: 3, k: 2 }, { value: 1 - 21 / 45 }],
    ['baselines-reward-model/best-of-n-kl', { n: 1 }, { value: 0 }],
    // Best of 2 of three by score: the top sample in 2 of 3 pairs, the middle one in 1.
    ['baselines-reward-model/expected-best-of-n', { scores: [1, 2, 3], values: [0, 3, 6], n: 2 }, { value: 5 }],
    [
      'baselines-advantage/generalized-advantages',
      { rewards: [0, 1], values: [0.5, 0.25] },
      { advantages: [0.5, 0.75], returns: [1, 1] },
    ],
    [
      'baselines-advantage/kl-in-reward',
      { rewards: [1], logProbs: [-1], refLogProbs: [-2], beta: 0.5 },
      { rewards: [0.5] },
    ],
    ['vision-r1/box-overlap', { a: [0, 0, 2, 2], b: [0, 0, 2, 1] }, { iou: 0.5, giou: 0.5 }],
    ['shop-r1/rouge-l', { prediction: 'a b', reference: 'a b' }, { precision: 1, recall: 1, f1: 1 }],
    ['shop-r1/token-f1', { prediction: 'a b', reference: 'b c' }, { precision: 0.5, recall: 0.5, f1: 0.5 }],
  ])('%s %j', async (path, input, expected) => {
    const { status, body } = await call(path, input)
    expect([status, Object.keys(body as object)]).toEqual([200, Object.keys(expected)])
    const flat = (value: object) => Object.values(value).flat() as number[]
    flat(body as object).forEach((value, i) => {
      expect(value).toBeCloseTo(flat(expected)[i], 12)
    })
  })

  it('runs the stages of a method', async () => {
    const { body } = await call('baselines-advantage/rloo', { groups: [{ scores: [1, 0] }] })
    expect(body).toMatchObject({ groups: [{ advantages: [1, -1] }] })
  })

  it.each([
    ['baselines-advantage/none', {}, 404],
    ['no-such-method/rloo', {}, 404],
    ['baselines-reward-model/pass-at-k', { samples: 2, passed: 3, k: 1 }, 422],
    ['baselines-reward-model/pass-at-k', {}, 422],
    ['baselines-advantage/generalized-advantages', { rewards: [1], values: [] }, 422],
  ])('refuses %s %j with %d', async (path, input, status) => {
    const answer = await call(path, input)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({
      error: { message: expect.stringMatching(/^(expected|there is no) /) as unknown },
    })
  })
})
