import { afterEach, describe, expect, it } from 'vitest'
import { createClient, encodeBatch } from '../client.ts'
import { type ListenOptions, listen, type RunningServer } from '../listen.ts'
import { countingRecipe, quickStart } from '../testing/recipes.ts'

let running: RunningServer | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

async function start(options: Partial<ListenOptions> = {}): Promise<string> {
  running = await listen({ recipe: quickStart, port: 0, graceMs: 200, ...options })
  return running.url
}

const rollout = { id: 'a', prompt: '2 + 2?', response: '<think>x</think><answer>4</answer>', reference: '4' }

/** Answers as told, one after another, and keeps what was asked. */
function scripted(answers: readonly (Response | Error)[]) {
  const asked: { readonly url: string; readonly init: RequestInit }[] = []
  const fetch = async (url: string | URL | Request, init: RequestInit = {}) => {
    asked.push({ url: String(url), init })
    init.signal?.throwIfAborted()
    const answer = answers[Math.min(asked.length, answers.length) - 1]
    if (answer instanceof Error) throw answer
    return answer.clone()
  }
  return { asked, fetch }
}

const full = (retryAfter?: string) =>
  new Response('{"error":{"code":"overloaded","message":"expected a place"}}', {
    status: 503,
    headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  })
const done = () => new Response('{"items":[]}')

describe('the client', () => {
  it('asks every route', async () => {
    const client = createClient(
      await start({ token: 'secret', readSource: () => ({ plain: { steps: ['format'] } }) }),
      { token: 'secret' },
    )
    expect((await client.score([rollout], { run: 'r' })).items[0].reward).toBe(1)
    expect((await client.addToGroup('g', { size: 1, rollouts: [rollout] })).group.complete).toBe(true)
    expect((await client.explain([rollout], 'a')).explanation).toBeDefined()
    expect(await client.advantages({ use: 'rloo', groups: [{ scores: [1, 0] }] })).toMatchObject({
      groups: [{ advantages: [1, -1] }],
    })
    const offsets = new Int32Array(3)
    const answer = await client.binaryAdvantages({
      metadata: { use: 'rloo' },
      groupOffsets: Int32Array.of(0, 2),
      turnOffsets: offsets,
      tokenOffsets: offsets,
      turnSpans: new Int32Array(0),
      columns: [{ name: 'rollout.score', level: 'rollout', values: Float64Array.of(1, 0) }],
    })
    expect([...answer.columns[0].values]).toEqual([1, -1])
    expect(await client.call('vision-r1', 'box-overlap', { a: [0, 0, 1, 1], b: [0, 0, 1, 1] })).toEqual({
      iou: 1,
      giou: 1,
    })
    expect(await client.methods()).toHaveProperty('methods')
    expect(await client.method('grpo').catch(error => error.status as number)).toBe(404)
    expect((await client.reload()).recipe.name).toBe('recipe')
    expect((await client.reload({ name: 'sent', steps: ['format'] })).recipe.name).toBe('sent')
    expect(await client.ready()).toBe(true)
    expect(encodeBatch).toBeTypeOf('function')
  })

  it('tells what the server refused, without trying again', async () => {
    const client = createClient(await start())
    const error: unknown = await client.score([{ ...rollout, id: '' }]).catch(thrown => thrown as unknown)
    expect(error).toMatchObject({ status: 422, details: { path: ['rollouts', 0, 'id'] } })
  })

  it('tries again with the same key, waiting as asked', async () => {
    const { asked, fetch } = scripted([full('0'), new TypeError('connection reset'), full('0'), done()])
    const client = createClient('http://server', { fetch, backoffMs: 1 })
    await client.score([])
    const keys = asked.map(({ init }) => new Headers(init.headers).get('idempotency-key'))
    expect([keys.length, new Set(keys).size]).toEqual([4, 1])
    await client.score([])
    expect(new Headers(asked[4].init.headers).get('idempotency-key')).not.toBe(keys[0])
  })

  it('honours Retry-After before its own pauses', async () => {
    const { asked, fetch } = scripted([full('1'), done()])
    const started = performance.now()
    await createClient('http://server', { fetch, backoffMs: 1 }).score([])
    expect(performance.now() - started).toBeGreaterThanOrEqual(990)
    expect(asked).toHaveLength(2)
  })

  it('gives up after its retries, with what it was told last', async () => {
    const { asked, fetch } = scripted([full()])
    const client = createClient('http://server', { fetch, backoffMs: 1, retries: 2, random: () => 0 })
    await expect(client.score([])).rejects.toMatchObject({ status: 503, code: 'overloaded' })
    expect(asked).toHaveLength(3)
  })

  it.each([
    ['<html>Bad gateway</html>', 502],
    ['', 429],
  ])('is not confused by what a proxy says: %j', async (text, status) => {
    const { fetch } = scripted([new Response(text, { status }), done()])
    expect(await createClient('http://server', { fetch, backoffMs: 1 }).score([])).toEqual({ items: [] })
  })

  it('ends when it is told to, at once', async () => {
    const { fetch } = scripted([full('30')])
    const controller = new AbortController()
    const call = createClient('http://server', { fetch }).score([], { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 10)
    await expect(call).rejects.toThrow('enough')
  })

  it('counts a batch once however often it is sent', async () => {
    const client = createClient(await start({ recipe: countingRecipe() }))
    const first = await client.score([rollout], { idempotencyKey: 'k' })
    const again = await client.score([rollout], { idempotencyKey: 'k' })
    expect([first.provenance.update, again.provenance.update]).toEqual([1, 1])
    expect((await client.score([rollout])).provenance.update).toBe(2)
  })

  it('times out', async () => {
    const client = createClient(await start({ recipe: countingRecipe('slow', 500) }), { timeoutMs: 40, retries: 0 })
    await expect(client.score([rollout])).rejects.toMatchObject({ status: 504, code: 'timeout' })
  })
})
