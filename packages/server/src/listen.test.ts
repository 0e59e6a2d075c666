import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { defineRecipe } from '@guerdon/core'
import { afterEach, describe, expect, it } from 'vitest'
import { type ListenOptions, listen, type RunningServer } from './listen.ts'
import { defineAsyncReward } from './rewards/async-reward.ts'

const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

interface Seen {
  started: number
  aborted: number
}

/** Takes `ms`; fails for every response that ends in a number divisible by 20. */
function slow(ms: number, seen: Seen = { started: 0, aborted: 0 }) {
  return defineRecipe({
    name: 'slow',
    steps: [
      defineAsyncReward({
        name: 'slow',
        score: async ({ response }, { signal }) => {
          seen.started++
          signal.addEventListener('abort', () => seen.aborted++)
          await wait(ms)
          const index = Number(response)
          if (index % 20 === 0) throw new Error('no answer')
          return index
        },
      }),
    ],
  })
}

let running: RunningServer | undefined
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await running?.close()
  running = undefined
})

async function start(options: ListenOptions): Promise<RunningServer> {
  running = await listen({ port: 0, graceMs: 500, ...options })
  return running
}

const slimeBody = (response: unknown) => JSON.stringify({ prompt: 'p', response: String(response), label: null })

const agent = new Agent({ keepAlive: true, maxSockets: 2000 })

function post(url: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const outgoing = request(`${url}/adapters/slime`, { method: 'POST', agent, headers }, incoming => {
      let text = ''
      incoming.setEncoding('utf8').on('data', part => {
        text += part
      })
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text })).on('error', reject)
    })
    outgoing.on('error', reject).end(body)
  })
}

async function open(server: RunningServer, text: string): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1').on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

const head = (length: number | string, more = '') =>
  `POST /adapters/slime HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${more}\r\n`

async function answerOf(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', part => {
    text += part
  })
  await Promise.race([once(socket, 'close'), wait(5000)])
  return text
}

const metric = async (server: RunningServer, name: string) =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await (await fetch(`${server.url}/metrics`)).text())?.[1])

describe('over a socket', () => {
  it('cancels the work of a client that goes away', async () => {
    const seen = { started: 0, aborted: 0 }
    const server = await start({ recipe: slow(300, seen) })
    const body = slimeBody(1)
    const socket = await open(server, head(body.length) + body)
    while (seen.started === 0) await wait(5)
    socket.destroy()
    while (seen.aborted === 0) await wait(5)
    expect(seen).toEqual({ started: 1, aborted: 1 })
    expect(await metric(server, 'guerdon_active_requests')).toBe(0)
    expect(await metric(server, 'guerdon_requests_total\\{route="slime",status="499"\\}')).toBe(1)
  })

  it('ends a body that never arrives with 408, and serves others meanwhile', async () => {
    const server = await start({ recipe: slow(1), limits: { bodyTimeoutMs: 200 } })
    const slowOnes = await Promise.all(Array.from({ length: 100 }, () => open(server, `${head(1000)}{"a":`)))
    const answers = slowOnes.map(answerOf)
    expect(await post(server.url, slimeBody(7))).toEqual({ status: 200, text: '7' })
    for (const text of await Promise.all(answers)) expect(text).toMatch(/^HTTP\/1.1 408 /)
  })

  it.each([
    ['declared', head(50_000_000)],
    [
      'sent',
      `${head(50_000_000).replace(/content-length.*/, 'transfer-encoding: chunked')}ffff\r\n${'x'.repeat(0xffff)}\r\n`,
    ],
  ])('refuses a body that is %s too long without waiting for it', async (_, text) => {
    const server = await start({ recipe: slow(1), limits: { bodyBytes: 10_000 } })
    expect(await answerOf(await open(server, text))).toMatch(/^HTTP\/1.1 413 [\s\S]*too_large/)
  })

  it('answers bytes that are no HTTP with 400', async () => {
    const server = await start({ recipe: slow(1) })
    expect(await answerOf(await open(server, 'hello\r\n\r\n'))).toMatch(/^HTTP\/1.1 400 /)
  })

  it('holds many clients of a slow reward that fails now and then: no silent number, none lost', async () => {
    const clients = 200
    const server = await start({ recipe: slow(50), limits: { active: 64 } })
    const answers = await Promise.all(Array.from({ length: clients }, (_, i) => post(server.url, slimeBody(i))))
    answers.forEach(({ status, text }, i) => {
      if (i % 20 === 0) expect([status, text]).toEqual([503, expect.stringContaining('failed(bug)')])
      else expect([status, text]).toEqual([200, String(i)])
    })
  })

  it('finishes what is under way when it is closed, and takes nothing new', async () => {
    const server = await start({ recipe: slow(150) })
    const answer = post(server.url, slimeBody(3))
    await wait(50)
    const closed = server.close()
    expect(await answer).toEqual({ status: 200, text: '3' })
    await closed
    await expect(post(server.url, slimeBody(3))).rejects.toThrow(/ECONNREFUSED|reset|hang up/)
  })

  it('ends what outlasts the grace', async () => {
    const server = await start({ recipe: slow(60_000), graceMs: 50 })
    const answer = post(server.url, slimeBody(3))
    await wait(50)
    await server.close()
    await expect(answer).rejects.toThrow()
  })

  it('says when the port is taken', async () => {
    const server = await start({ recipe: slow(1) })
    await expect(listen({ recipe: slow(1), port: server.port })).rejects.toMatchObject({ code: 'io' })
  })
})
