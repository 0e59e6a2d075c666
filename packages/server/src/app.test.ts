import { batchFromRollouts, defineRecipe, defineReward, parseRecipe, type Recipe } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { createRewardApp } from './app.ts'
import type { ServerOptions } from './options.ts'
import { defineAsyncReward } from './rewards/async-reward.ts'
import { textBatch } from './text-batch.ts'

const quickStart = parseRecipe({
  name: 'serve',
  steps: [
    'format',
    'exact-answer',
    {
      use: 'combine',
      with: {
        parts: [
          { column: 'rollout.format', weight: 0.1 },
          { column: 'rollout.correct', weight: 0.9 },
        ],
        abstained: 'propagate',
      },
    },
  ],
})

function start(options: Partial<ServerOptions> & { recipe?: Recipe } = {}) {
  const { app } = createRewardApp({ recipe: quickStart, ...options })
  return {
    get: (path: string, headers: Record<string, string> = {}) => app.request(path, { headers }),
    post: (path: string, body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) =>
      app.request(path, {
        method: 'POST',
        body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
        ...(signal === undefined ? {} : { signal }),
      }),
  }
}

interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string; readonly path?: unknown }
}

const good = '<think>a</think><answer>4</answer>'
const rollout = (id: string, response: string, more: object = {}) => ({
  id,
  prompt: '2 + 2?',
  response,
  reference: '4',
  ...more,
})

/** A reward that answers as the response says. */
const scripted = (calls: { count: number } = { count: 0 }) =>
  defineRecipe({
    name: 'scripted',
    steps: [
      defineAsyncReward({
        name: 'scripted',
        timeoutMs: 40,
        score: async ({ response }, { signal }) => {
          calls.count++
          if (response === 'throw') throw new Error('no')
          if (response === 'NaN') return Number.NaN
          if (response === 'text') return 'high' as unknown as number
          if (response === 'abstain') return null
          if (response === 'never') return await new Promise<number>(() => undefined)
          if (response === 'slow') await new Promise(resolve => setTimeout(resolve, 25))
          if (signal.aborted) throw new Error('aborted')
          return Number(response?.length)
        },
      }),
    ],
  })

describe('/v1/score', () => {
  it('scores a batch in the order sent, with components and provenance', async () => {
    const { post } = start()
    const answer = await post('/v1/score?run=a', {
      rollouts: [
        rollout('x', good, { group: 'g' }),
        rollout('y', 'four'),
        rollout('z', '<answer>4</answer>', { group: 'g' }),
        rollout('n', good, { reference: null }),
      ],
    })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      items: [
        { id: 'x', group: 'g', status: 'scored', reward: 1, components: { 'rollout.format': 1, 'rollout.correct': 1 } },
        { id: 'y', group: 'y', status: 'scored', reward: 0 },
        { id: 'z', group: 'g', status: 'scored', reward: 0.9, components: { 'rollout.format': 0 } },
        { id: 'n', status: 'abstained', reward: { status: 'abstained' } },
      ],
      counts: { scored: 3, abstained: 1, failed: 0 },
      provenance: { recipe: { name: 'serve', version: quickStart.version }, run: 'a', update: 0 },
    })
  })

  it('keeps one failed item apart from the others and never makes it a number', async () => {
    const { post } = start({ recipe: scripted() })
    const responses = ['abc', 'throw', 'NaN', 'text', 'abstain', 'never']
    const answer = await post('/v1/score', { rollouts: responses.map((text, i) => rollout(String(i), text)) })
    const { items } = (await answer.json()) as { items: { reward: { failure?: { class: string } } }[] }
    expect(items.map(({ reward }) => reward.failure?.class ?? reward)).toEqual([
      3,
      'bug',
      'range',
      'type',
      { status: 'abstained' },
      'timeout',
    ])
  })

  it('answers an empty batch', async () => {
    expect(await (await start().post('/v1/score', { rollouts: [] })).json()).toMatchObject({
      items: [],
      counts: { scored: 0, abstained: 0, failed: 0 },
    })
  })

  it.each([
    [{ rollouts: [rollout('a', good), { id: 'b' }] }, 422, ['rollouts', 1, 'prompt']],
    [{ rollouts: [rollout('a', good), rollout('a', good)] }, 422, ['rollouts', 1, 'id']],
    [{ rollouts: [rollout('a', good, { outcome: 'NaN' })] }, 422, ['rollouts', 0, 'outcome']],
    [{ rollouts: 'all' }, 422, ['rollouts']],
    [{ query: [], prompts: [] }, 422, ['rollouts']],
    [[], 422, []],
    ['{"rollouts":[{"id":"a","outcome":NaN}]}', 400, ['rollouts', 0, 'outcome']],
    ['{"rollouts":[{"id":"a",}]}', 400, ['rollouts', 0, 'id']],
    ['{"rollouts":[1 2]}', 400, ['rollouts', 0]],
    ['{"rollouts":[', 400, ['rollouts', 0]],
    ['{"rollouts":[]} x', 400, []],
    ['', 400, undefined],
    [new Uint8Array([0x7b, 0xff, 0x7d]), 400, undefined],
  ])('refuses %j with %d at %j', async (body, status, path) => {
    const answer = await start().post('/v1/score', body)
    const { error } = (await answer.json()) as ErrorAnswer
    expect([answer.status, error.path]).toEqual([status, path])
    expect(error.message).toMatch(/^expected .*; got /)
  })

  it('is not harmed by __proto__ or deep nesting', async () => {
    const { post } = start()
    const polluted = await post('/v1/score', '{"rollouts":[{"id":"a","prompt":"p","meta":{"__proto__":{"x":1}}}]}')
    expect(polluted.status).toBe(422)
    const deep = `{"rollouts":[{"id":"a","prompt":"p","meta":${'['.repeat(5000)}${']'.repeat(5000)}}]}`
    expect((await post('/v1/score', deep)).status).toBe(422)
    expect(({} as { x?: number }).x).toBeUndefined()
  })
})

describe('/v1/explain', () => {
  it('shows what every part added', async () => {
    const answer = await start().post('/v1/explain', { rollouts: [rollout('x', '<answer>4</answer>')], id: 'x' })
    const { explanation } = (await answer.json()) as { explanation: { steps: { contributions: unknown[][] }[] } }
    expect(explanation.steps[2].contributions[0]).toMatchObject([
      { column: 'rollout.format', weight: 0.1, contribution: 0 },
      { column: 'rollout.correct', weight: 0.9, contribution: 0.9 },
    ])
  })

  it('refuses an id that is not in the batch', async () => {
    expect((await start().post('/v1/explain', { rollouts: [rollout('x', good)], id: 'y' })).status).toBe(422)
  })
})

describe('/v1/advantages', () => {
  it('gives the advantages of groups of scores', async () => {
    const answer = await start().post('/v1/advantages', {
      use: 'rloo',
      groups: [{ id: 'q', scores: [1, 0, null, 0.5] }, { scores: [2, 2] }],
    })
    // rloo: each score minus the mean of the other two; equal scores give 0.
    expect(await answer.json()).toMatchObject({
      groups: [
        { id: 'q', advantages: [0.75, -0.75, { status: 'abstained' }, 0] },
        { id: '1', advantages: [0, 0] },
      ],
      provenance: { estimator: 'rloo' },
    })
  })

  it('takes rollout records, their outcomes as scores', async () => {
    const rollouts = [1, 0].map((outcome, i) => ({ id: `r${i}`, group: 'g', prompt: 'p', response: 'x', outcome }))
    const answer = await start().post('/v1/advantages', { use: 'rloo', rollouts })
    expect(await answer.json()).toMatchObject({
      items: [
        { id: 'r0', group: 'g', columns: { 'rollout.advantage': 1 } },
        { id: 'r1', columns: { 'rollout.advantage': -1 } },
      ],
    })
  })

  it.each([
    [{ groups: [] }, 422, ['use']],
    [{ use: 'rlo', groups: [{ scores: [1] }] }, 404, undefined],
    [{ use: 'rloo', with: { no: 1 }, groups: [{ scores: [1] }] }, 422, ['rloo', 'no']],
    [{ use: 'rloo', groups: [{ scores: [1, 'a'] }] }, 422, ['groups', 0, 'scores', 1]],
    [
      {
        use: 'rloo',
        groups: [
          { id: 'a', scores: [] },
          { id: 'a', scores: [] },
        ],
      },
      422,
      ['groups', 1, 'id'],
    ],
  ])('refuses %j with %d', async (body, status, path) => {
    const answer = await start().post('/v1/advantages', body)
    expect([answer.status, ((await answer.json()) as ErrorAnswer).error.path]).toEqual([status, path])
  })
})

describe('reading routes', () => {
  it('lists and shows methods', async () => {
    const { get } = start()
    const { methods } = (await (await get('/v1/methods')).json()) as { methods: { slug: string }[] }
    expect(methods.map(({ slug }) => slug)).toContain('par')
    expect(await (await get('/v1/methods/par')).json()).toMatchObject({ slug: 'par', stages: [{ name: 'par' }] })
    const missing = await get('/v1/methods/paar')
    expect(missing.status).toBe(404)
    expect(((await missing.json()) as ErrorAnswer).error.hint).toContain('par')
  })

  it('tells its health and names its routes', async () => {
    const { get } = start()
    expect(await (await get('/health')).json()).toEqual({ status: 'ok', reward_function: 'serve' })
    expect(await (await get('/ready')).json()).toMatchObject({ ready: true, version: quickStart.version })
    const missing = await get('/score')
    expect(missing.status).toBe(404)
    expect(((await missing.json()) as ErrorAnswer).error.hint).toContain('POST /v1/score')
  })

  it('counts items and failures under bounded labels', async () => {
    const recipe = defineRecipe({
      name: 'odd',
      steps: [
        defineReward({
          name: 'odd',
          score: ({ response }) => ({ status: 'failed', failure: { class: response as 'bug', message: 'x' } }),
        }),
      ],
    })
    const { get, post } = start({ recipe })
    const rollouts = Array.from({ length: 20 }, (_, i) => rollout(String(i), `made up class ${i}`))
    await post('/v1/score', { rollouts })
    const text = await (await get('/metrics')).text()
    expect(text).toContain('guerdon_failures_total{route="score",class="other"} 20')
    expect(text).toContain('guerdon_requests_total{route="score",status="200"} 1')
    expect(text).not.toContain('made up')
  })
})

describe('edges', () => {
  it('wants the token when it has one, and leaves health open', async () => {
    const { get, post } = start({ token: 'secret' })
    expect((await post('/v1/score', { rollouts: [] })).status).toBe(401)
    expect((await post('/v1/score', { rollouts: [] }, { authorization: 'Bearer wrong' })).status).toBe(401)
    expect((await post('/v1/score', { rollouts: [] }, { authorization: 'Bearer secret' })).status).toBe(200)
    expect((await post('/v1/score', { rollouts: [] }, { 'x-api-key': 'secret' })).status).toBe(200)
    expect((await get('/metrics')).status).toBe(401)
    expect((await get('/health')).status).toBe(200)
  })

  it.each([['text/plain'], ['application/x-www-form-urlencoded'], ['application/json; charset=latin1']])(
    'refuses content type %s',
    async type => {
      expect((await start().post('/v1/score', '{}', { 'content-type': type })).status).toBe(415)
    },
  )

  it('refuses a body beyond the limit', async () => {
    const { post } = start({ limits: { bodyBytes: 100 } })
    expect((await post('/v1/score', { rollouts: [], filler: 'x'.repeat(200) })).status).toBe(413)
  })

  it('ends at the deadline', async () => {
    const recipe = defineRecipe({
      name: 'never',
      steps: [defineReward({ name: 'never', score: () => new Promise<number>(() => undefined) })],
    })
    const { get, post } = start({ recipe })
    const answer = await post('/v1/score', { rollouts: [rollout('a', 'x')] }, { 'x-deadline-ms': '30' })
    expect(answer.status).toBe(504)
    expect(await (await get('/metrics')).text()).toContain('guerdon_active_requests 0')
  })

  it('refuses what the queue cannot hold, with a time to come back', async () => {
    const { post } = start({ recipe: scripted(), limits: { active: 1, queued: 1 } })
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, i) => post('/v1/score', { rollouts: [rollout(String(i), 'slow')] })),
    )
    const refused = answers.filter(({ status }) => status === 503)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2)
    expect(refused).toHaveLength(3)
    expect(refused[0].headers.get('retry-after')).toBe('1')
  })

  it('answers a repeated key once, and refuses it for another body', async () => {
    const calls = { count: 0 }
    const { post } = start({ recipe: scripted(calls) })
    const body = { rollouts: [rollout('a', 'slow')] }
    const key = { 'idempotency-key': 'k1' }
    const [first, second] = await Promise.all([post('/v1/score', body, key), post('/v1/score', body, key)])
    const third = await post('/v1/score', body, key)
    expect(await second.text()).toBe(await first.text())
    expect(third.headers.get('idempotency-replayed')).toBe('true')
    expect(calls.count).toBe(1)
    expect((await post('/v1/score', { rollouts: [rollout('b', 'slow')] }, key)).status).toBe(409)
    expect((await post('/v1/score?run=other', body, key)).status).toBe(200)
  })

  it('does not keep the answer of a request that was refused', async () => {
    const { post } = start({ recipe: scripted() })
    const key = { 'idempotency-key': 'k2' }
    const body = { prompt: 'p', response: 'throw', label: null }
    expect((await post('/adapters/slime', body, key)).status).toBe(503)
    expect((await post('/adapters/slime', body, key)).headers.get('idempotency-replayed')).toBeNull()
  })

  it('hides what an unexpected fault says', async () => {
    const broken: Recipe = { ...quickStart, run: () => Promise.reject(new Error('secret prompt')) }
    const lines: string[] = []
    const { post } = start({ recipe: broken, log: event => lines.push(JSON.stringify(event)) })
    const answer = await post('/v1/score', { rollouts: [rollout('a', 'private words')] })
    expect(answer.status).toBe(500)
    expect((await answer.text()) + lines.join()).not.toMatch(/secret|private/)
    expect(lines.join()).toContain('app.test.ts')
  })
})

describe('textBatch', () => {
  it('is the batch that the records would make', () => {
    const items = [
      { prompt: 'p', response: 'r', reference: '4' },
      { prompt: [{ role: 'user', content: 'q' }], response: '', meta: { a: 1 } },
    ]
    const records = items.map((item, i) => ({ id: String(i), ...item }))
    expect(textBatch(items)).toEqual(batchFromRollouts(records))
  })

  it('has the columns a recipe may look for', () => {
    const declare = quickStart.needs
    const items = [{ prompt: 'p', response: 'r' }]
    expect(textBatch(items, declare)).toEqual(batchFromRollouts([{ id: '0', ...items[0] }], { declare }))
  })
})
