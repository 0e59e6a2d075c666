import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineRecipe, type Recipe } from '@guerdon/core'
import { afterEach, describe, expect, it } from 'vitest'
import { type ListenOptions, listen, type RunningServer } from './listen.ts'
import { defineAsyncReward } from './rewards/async-reward.ts'
import { countingRecipe, quickStart, slowRecipe } from './testing/recipes.ts'

// What may come over a socket, each against a server of its own.
const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

let running: RunningServer | undefined
const sockets: Socket[] = []
const folders: string[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await running?.close()
  running = undefined
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function start(options: Partial<ListenOptions> & { readonly recipe?: Recipe } = {}): Promise<RunningServer> {
  running = await listen({ recipe: quickStart, port: 0, graceMs: 200, ...options })
  return running
}

/** Sends bytes and reads until the server closes or has answered once. */
async function talk(server: RunningServer, ...parts: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = connect(server.port, '127.0.0.1').on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  let text = ''
  socket.on('data', part => {
    text += part
  })
  for (const part of parts) socket.write(part)
  const until = performance.now() + 5000
  while (!socket.closed && !/\r\n\r\n[\s\S]*[}\]\d]$/.test(text) && performance.now() < until) await wait(2)
  socket.destroy()
  return text
}

const good = '{"prompt":"p","response":"<think>a</think><answer>4</answer>","label":"4"}'
const head = (length: number, more = '', host = 'localhost') =>
  `POST /adapters/slime HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${more}\r\n`
const status = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])

const post = (server: RunningServer, path: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
  fetch(server.url + path, {
    method: 'POST',
    body: body as string,
    headers: { 'content-type': 'application/json', ...headers },
  })

describe('bodies over a socket', () => {
  it.each([
    ['an empty list', '/get_reward', '{"query":[],"prompts":[],"labels":[]}', 200, undefined],
    ['missing keys', '/get_reward', '{"query":[]}', 422, 'invalid_input'],
    ['another trainer', '/get_reward', good, 422, 'invalid_input'],
    ['a NaN literal', '/adapters/slime', '{"prompt":"p","response":"r","label":NaN}', 400, 'not_finite'],
    ['an Infinity literal', '/v1/score', '{"rollouts":[{"id":"a","outcome":-Infinity}]}', 400, 'not_finite'],
    ['a name twice', '/adapters/slime', '{"prompt":"p","prompt":"q","response":"r"}', 400, 'parse'],
    ['ids twice', '/v1/score', '{"rollouts":[{"id":"a","prompt":"p"},{"id":"a","prompt":"p"}]}', 422, 'invalid_input'],
    ['nothing', '/v1/score', '', 400, 'empty'],
    ['half of it', '/v1/score', '{"rollouts":[', 400, 'parse'],
    ['a lone surrogate', '/adapters/slime', '{"prompt":"\\ud800","response":"r","label":null}', 503, 'unscored'],
    [
      'an unknown run name',
      '/v1/score?run=../x',
      '{"rollouts":[{"id":"a","prompt":"p","response":"r"}]}',
      422,
      'invalid_input',
    ],
    ['an unknown estimator', '/v1/advantages', '{"use":"no-such","groups":[]}', 404, 'unknown_name'],
    ['deep nesting', '/v1/score', `{"rollouts":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 422, undefined],
  ])('with %s', async (_, path, body, expected, code) => {
    const answer = await post(await start(), path, body)
    expect(answer.status).toBe(expected)
    const { error } = (await answer.json()) as { error?: { code: string } }
    if (code !== undefined) expect(error?.code).toBe(code)
  })

  it('that are not UTF-8 are refused', async () => {
    const answer = await post(await start(), '/v1/score', Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d))
    expect(await answer.json()).toMatchObject({
      error: { code: 'parse', message: expect.stringContaining('UTF-8') as unknown },
    })
  })

  it('may begin with a byte order mark', async () => {
    expect(await (await post(await start(), '/adapters/slime', `\ufeff${good}`)).text()).toBe('1')
  })

  it.each(['text/plain', 'application/json; charset=utf-16', 'multipart/form-data'])(
    'of type %s are refused',
    async type => {
      expect((await post(await start(), '/adapters/slime', good, { 'content-type': type })).status).toBe(415)
    },
  )

  it('of 100 MB are refused before they have come, and take no memory', async () => {
    const server = await start()
    const before = process.memoryUsage().rss
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => talk(server, head(100_000_000), 'x'.repeat(60_000))),
    )
    expect(answers.map(status)).toEqual(new Array(20).fill(413))
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })

  it('with two lengths, or a length that is not one, are refused', async () => {
    const server = await start()
    expect(status(await talk(server, head(10, 'content-length: 11\r\n'), good))).toBe(400)
    expect(status(await talk(server, head(good.length, 'transfer-encoding: chunked\r\n'), good))).toBe(400)
    expect(status(await talk(server, head(Number.NaN), good))).toBe(400)
  })

  it('that come a byte at a time are read whole', async () => {
    const server = await start()
    expect(await talk(server, head(good.length), ...good)).toMatch(/200 OK[\s\S]*\r\n\r\n1$/)
  })
})

describe('slow sockets', () => {
  it('that never end their headers or bodies do not keep others waiting', async () => {
    const server = await start({ limits: { bodyTimeoutMs: 10_000 } })
    const open = async (text: string) => {
      const socket = connect(server.port, '127.0.0.1').on('error', () => undefined)
      sockets.push(socket)
      await once(socket, 'connect')
      socket.write(text)
    }
    await Promise.all(
      Array.from({ length: 150 }, (_, i) =>
        open(i % 2 === 0 ? 'POST /adapters/slime HTTP/1.1\r\nhost: ' : `${head(1000)}{`),
      ),
    )
    for (let i = 0; i < 20; i++) expect(await (await post(server, '/adapters/slime', good)).text()).toBe('1')
    expect(sockets.slice(0, 150).filter(socket => !socket.closed)).toHaveLength(150)
  })
})

describe('foreign names', () => {
  it('are refused on loopback: a page cannot reach the server by a name of its own', async () => {
    const server = await start({ allowHosts: ['rewards.internal'] })
    expect(status(await talk(server, head(good.length, '', 'evil.example'), good))).toBe(403)
    expect(status(await talk(server, head(good.length, 'origin: https://evil.example\r\n'), good))).toBe(403)
    expect(status(await talk(server, head(good.length, '', 'rewards.internal:80'), good))).toBe(200)
    const reading = 'GET /v1/methods HTTP/1.1\r\nhost: evil.example\r\n\r\n'
    expect(status(await talk(server, reading))).toBe(403)
  })
})

describe('two trainers of one run', () => {
  it('go on from one state, no update lost', async () => {
    const server = await start({ recipe: countingRecipe() })
    const one = async () => Number(await (await post(server, '/adapters/slime?run=shared', good)).text())
    const seen = await Promise.all(Array.from({ length: 40 }, one))
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
  })
})

describe('clients that leave', () => {
  it('at any moment leave nothing behind', async () => {
    const seen = { started: 0, aborted: 0 }
    const server = await start({ recipe: slowRecipe(40, seen), limits: { active: 8, queued: 400 } })
    const leave = async (i: number) => {
      const socket = connect(server.port, '127.0.0.1').on('error', () => undefined)
      await once(socket, 'connect')
      const body = `{"prompt":"p","response":"${i}","label":null}`
      socket.write(head(body.length) + (i % 3 === 0 ? body.slice(0, 5) : body))
      await wait(i % 60)
      socket.destroy()
    }
    await Promise.all(Array.from({ length: 200 }, (_, i) => leave(i)))
    const until = performance.now() + 1500
    const active = async () =>
      (await (await fetch(`${server.url}/metrics`)).text()).match(/guerdon_(active|queued)_requests (\d+)/g)?.join()
    while (!/ 0.* 0$/.test((await active()) ?? '') && performance.now() < until) await wait(20)
    expect(await active()).toBe('guerdon_active_requests 0,guerdon_queued_requests 0')
    expect((await post(server, '/adapters/slime', '{"prompt":"p","response":"7","label":null}')).status).toBe(200)
  })
})

describe('a full server', () => {
  it('refuses while it is full, and answers what it took', async () => {
    let release = () => {}
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    const reward = defineAsyncReward({ name: 'held', score: () => held.then(() => 7) })
    const recipe = defineRecipe({ name: 'held', steps: [reward] })
    const server = await start({ recipe, limits: { active: 2, queued: 2 } })
    const refused: (string | null)[] = []
    const answers = Array.from({ length: 20 }, async () => {
      const answer = await post(server, '/adapters/slime', good)
      if (answer.status === 503) refused.push(answer.headers.get('retry-after'))
      return answer.status
    })
    // Nothing that was taken is answered before it is let go: all who are refused are refused while the server is full.
    while (refused.length < 16) await wait(5)
    release()
    expect((await Promise.all(answers)).filter(answered => answered === 200)).toHaveLength(4)
    expect(refused).toEqual(new Array(16).fill('1'))
  })
})

describe('another recipe', () => {
  const plain = (name: string) => ({ name, steps: ['format'] })

  it('is used from the next request on, and no request is dropped', async () => {
    let reads = 0
    const server = await start({ recipe: slowRecipe(60), readSource: () => ({ plain: plain(`read ${++reads}`) }) })
    const before = post(server, '/adapters/slime', '{"prompt":"p","response":"7","label":null}')
    await wait(20)
    expect((await server.reload()).recipe.name).toBe('read 1')
    expect(await (await post(server, '/adapters/slime', good)).text()).toBe('1')
    expect(await (await before).text()).toBe('7')
    expect(await (await fetch(`${server.url}/ready`)).json()).toMatchObject({ recipe: 'read 1' })
  })

  it('is not used when it is wrong', async () => {
    const server = await start({ readSource: () => ({ plain: { steps: ['no-such-stage'] } }) })
    await expect(server.reload()).rejects.toMatchObject({ code: 'unknown_name' })
    expect(await (await fetch(`${server.url}/ready`)).json()).toMatchObject({ recipe: 'serve' })
  })

  it('comes over HTTP with the token only', async () => {
    const open = await start()
    expect((await post(open, '/v1/recipe', '{}')).status).toBe(403)
    await open.close()
    const server = await start({ token: 'secret' })
    const body = JSON.stringify({ recipe: plain('sent') })
    expect((await post(server, '/v1/recipe', body)).status).toBe(401)
    const token = { authorization: 'Bearer secret' }
    expect((await post(server, '/v1/recipe', '{"recipe":{"steps":[]}}', token)).status).toBe(422)
    expect((await post(server, '/v1/recipe', '{}', token)).status).toBe(422)
    const answer = await post(server, '/v1/recipe', body, token)
    expect(await answer.json()).toMatchObject({
      recipe: { name: 'sent' },
      before: { name: 'serve' },
      states: { runs: 0 },
    })
  })

  it('takes the states of its runs over while they are used', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'guerdon-reload-'))
    folders.push(folder)
    const server = await start({
      recipe: countingRecipe('counting', 2),
      store: folder,
      readSource: () => ({ plain: plain('x') }),
    })
    const one = async () => (await post(server, '/adapters/slime', good)).status
    const load = Promise.all(Array.from({ length: 20 }, one))
    await wait(10)
    const { states } = await server.reload()
    expect(states).toMatchObject({ kept: [], fresh: [] })
    expect(await load).toEqual(new Array(20).fill(200))
  })
})
