import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { defineRecipe, defineReward, parseRecipe } from '@guerdon/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen, type RunningServer } from '../listen.ts'
import { quickStart } from '../testing/recipes.ts'
import { adapters } from './index.ts'

/** Every format against a server on a port: what trainers send well, and what they send badly. */
const form = parseRecipe({ name: 'form', steps: ['format'] })
const broken = defineRecipe({
  name: 'broken',
  steps: [
    defineReward({
      name: 'broken',
      score: () => {
        throw new Error('no')
      },
    }),
  ],
})

const servers: Record<'recipe' | 'form' | 'broken', RunningServer> = {} as never
beforeAll(async () => {
  for (const [name, of] of Object.entries({ recipe: quickStart, form, broken })) {
    servers[name as 'recipe'] = await listen({ recipe: of, port: 0 })
  }
})
afterAll(async () => {
  for (const server of Object.values(servers)) await server.close()
})

interface Fixture {
  readonly path: string
  readonly request: Record<string, unknown>
  readonly response: unknown
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'))

interface Row {
  /** What is sent when there is nothing to score, and what is answered. */
  readonly empty: readonly [body: unknown, status: number, answer?: unknown]
  /** A key without which nothing can be scored. */
  readonly needed: string
}

const table: Readonly<Record<string, Row>> = {
  openrlhf: {
    empty: [{ query: [], prompts: [], labels: [] }, 200, { rewards: [], scores: [], extra_logs: {} }],
    needed: 'prompts',
  },
  slime: { empty: [{ prompt: [], response: 'x' }, 422], needed: 'response' },
  'verl-classify': {
    empty: [{ model: 'm', input: [] }, 200, { object: 'list', model: 'm', data: [] }],
    needed: 'input',
  },
  'verl-embeddings': {
    empty: [{ model: 'm', input: [] }, 200, { object: 'list', model: 'm', data: [] }],
    needed: 'input',
  },
  trl: {
    empty: [{ prompts: [], completions: [], solution: [] }, 200, { rewards: [], components: {}, unscored: [] }],
    needed: 'completions',
  },
  'ms-swift': { empty: [{ completions: [] }, 200, []], needed: 'completions' },
  skyrl: { empty: [{ prompt: [], action: 'x' }, 422], needed: 'action' },
  'nemo-gym': {
    empty: [{ responses_create_params: { input: [] }, response: { output: [] } }, 503],
    needed: 'responses_create_params',
  },
  verifiers: { empty: [{ prompts: [], completions: [] }, 200, { reward: [], metrics: {} }], needed: 'completion' },
  atropos: { empty: [[], 200, []], needed: 'messages' },
  'agent-lightning': { empty: [{ events: [] }, 422], needed: 'events' },
  'eval-protocol': { empty: [{ messages: [] }, 422], needed: 'messages' },
  skypilot: { empty: [{ items: [] }, 200, { rewards: [] }], needed: 'items' },
}

async function send(server: RunningServer, path: string, body: string, type = 'application/json') {
  const answer = await fetch(server.url + path, { method: 'POST', headers: { 'content-type': type }, body })
  return { status: answer.status, body: (await answer.json()) as unknown, headers: answer.headers }
}

it('has a row for every format', () => {
  expect(Object.keys(table).sort()).toEqual(adapters.map(({ name }) => name).sort())
})

describe.each(adapters.map(adapter => [adapter.name, adapter] as const))('%s over a socket', (name, adapter) => {
  const { path, request, response } = read(name) as Fixture
  const { empty, needed } = table[name]
  const server = () => (name.startsWith('verl-') ? servers.form : servers.recipe)

  it('answers a good request', async () => {
    const answer = await send(server(), path, JSON.stringify(request))
    expect([answer.status, answer.body]).toEqual([200, response])
  })

  it('answers an empty list', async () => {
    const [body, status, expected] = empty
    const answer = await send(server(), path, JSON.stringify(body))
    expect(answer.status).toBe(status)
    if (expected !== undefined) expect(answer.body).toEqual(expected)
  })

  it('names a missing key', async () => {
    const { [needed]: _, ...rest } = request
    const answer = await send(server(), path, JSON.stringify(rest))
    expect(answer.status).toBe(422)
    expect(answer.body).toMatchObject({ error: { code: 'invalid_input' } })
    expect(JSON.stringify(answer.body)).toContain(needed)
  })

  it('never makes a number of an item that failed', async () => {
    const answer = await send(servers.broken, path, JSON.stringify(request))
    if (adapter.tellsUnscored) {
      expect(answer.status).toBe(200)
      expect(answer.body).toMatchObject({
        rewards: [null, null],
        unscored: [{ status: 'failed' }, { status: 'failed' }],
      })
      return
    }
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    expect(answer.body).toMatchObject({ error: { code: 'unscored' } })
  })

  it('refuses NaN with its place', async () => {
    const text = JSON.stringify(request).replace(/"(\w+)":/, (key: string) => `"extra":NaN,${key}`)
    const answer = await send(server(), path, text)
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code: 'not_finite', path: ['extra'] } }])
  })

  it('refuses another content type', async () => {
    const answer = await send(server(), path, JSON.stringify(request), 'text/plain')
    expect(answer.status).toBe(415)
  })
})

interface ClientBytes {
  readonly client: string
  /** Where the bytes bring no label: the recipe that needs none. */
  readonly recipe?: 'recipe' | 'form'
  readonly head: readonly string[]
  readonly body: string
  readonly answer: unknown
}

describe('the bytes of real clients', () => {
  it.each((read('client-bytes') as ClientBytes[]).map(entry => [entry.client, entry] as const))(
    '%s',
    async (_client, { recipe = 'recipe', head, body, answer }) => {
      const { port } = servers[recipe]
      const lines = head.map(line =>
        line.replace('{host}', `127.0.0.1:${port}`).replace('{length}', String(Buffer.byteLength(body))),
      )
      const text = await exchange(port, `${lines.join('\r\n')}\r\n\r\n${body}`)
      const [top, ...rest] = text.split('\r\n\r\n')
      expect(top).toMatch(/^HTTP\/1\.1 200 OK/)
      expect(top).toMatch(/^content-type: application\/json\r?$/im)
      expect(JSON.parse(rest.join('\r\n\r\n'))).toEqual(answer)
    },
  )
})

/** Sends bytes and reads until the length the answer declares has come; the connection is kept alive until then. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('utf8')
    socket.on('error', reject)
    socket.on('data', (part: string) => {
      text += part
      const [top, body] = text.split('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(top)?.[1] ?? Number.NaN)
      if (body === undefined || Buffer.byteLength(body) < length) return
      socket.destroy()
      resolve(text)
    })
  })
}
