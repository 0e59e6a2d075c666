/**
 * What the reward server costs and survives.
 *
 *   npm run bench -- server [--seconds 4] [--rounds 5] [--clients 1000] [--kills 200] [--minutes 10]
 *                           [--only requests,workers,crowds,kills,memory] [--write]
 *
 * Beside a bare HTTP handler and, where it is installed, FastAPI: `--rounds` turns of `--seconds` each. Then worker
 * processes; `--clients` clients of a slow reward at once; `--kills` kills under load; memory over `--minutes` of load.
 * `--only` measures some parts. `--write` keeps them in results.json and writes RESULTS.md of all that is kept there.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Random } from '@guerdon/core'
import { killMany } from './kill.mjs'
import { crowd, throughput } from './load.mjs'
import { watchMemory } from './memory.mjs'
import { startFastApi, startServer, stopAll } from './processes.mjs'
import { report } from './report.mjs'

const number = preset => ({ type: 'string', default: preset })
const { values } = parseArgs({
  options: {
    seconds: number('4'),
    rounds: number('5'),
    clients: number('1000'),
    kills: number('200'),
    minutes: number('10'),
    only: { type: 'string', default: 'requests,workers,crowds,kills,memory' },
    write: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const tell = text => process.stderr.write(`${text}\n`)

/** Requests a second, and milliseconds of processor time the server spent on each: what is left when others keep the machine busy. */
async function measure(server) {
  const before = (await server.cpu?.()) ?? 0
  const rate = await throughput(server.port, seconds)
  return { rate, cost: (((await server.cpu?.()) ?? 0) - before) / (rate * seconds) }
}

async function besideOthers() {
  const servers = { bare: await startServer('bare'), guerdon: await startServer('guerdon') }
  const fastapi = await startFastApi()
  const all = fastapi === undefined ? servers : { ...servers, fastapi }
  // Compiled code comes with requests, not with time.
  for (const server of Object.values(all)) await throughput(server.port, 3)
  const rounds = []
  for (let round = 0; round < Number(values.rounds); round++) {
    tell(`turn ${round + 1}`)
    const measured = {}
    for (const [name, server] of Object.entries(all)) measured[name] = await measure(server)
    rounds.push(measured)
  }
  for (const server of Object.values(all)) server.stop()
  return { seconds, rounds, fastapi: fastapi?.version }
}

async function withWorkers(count) {
  tell(`${count} workers`)
  const server = count === 0 ? await startServer('guerdon') : await startServer('workers', count)
  await throughput(server.port, 1)
  const script = fileURLToPath(new URL('load-process.mjs', import.meta.url))
  const loads = [0, 1].map(() => fork(script, [String(server.port), values.seconds]))
  const rates = await Promise.all(loads.map(async load => (await once(load, 'message'))[0]))
  server.stop()
  return { count, rate: rates[0] + rates[1] }
}

async function heldCrowd(active) {
  tell(`${values.clients} clients, ${active} at work`)
  const server = await startServer('slow', active)
  const clients = Number(values.clients)
  const before = await server.cpu()
  const held = await crowd(server.port, { clients, each: 3, active })
  const cost = ((await server.cpu()) - before) / held.total
  server.stop()
  return { ...held, clients, cost }
}

async function memoryOf(minutes) {
  const server = await startServer('guerdon')
  const result = await watchMemory(server.port, minutes, server.memory)
  server.stop()
  return result
}

const random = new Random(7)
const progress = kill => kill % 20 === 0 && tell(`kill ${kill}`)

/** Measures items one after another. */
async function each(list, measureOne) {
  const measured = []
  for (const item of list) measured.push(await measureOne(item))
  return measured
}

const parts = {
  requests: besideOthers,
  workers: async () => ({ seconds, counts: await each([0, 1, 2], withWorkers) }),
  crowds: () => each([512, 128], heldCrowd),
  kills: () => killMany(Number(values.kills), { random: () => random.float(), progress }),
  memory: () => memoryOf(Number(values.minutes)),
}

try {
  const measured = {}
  for (const part of values.only.split(',')) {
    const result = await parts[part]()
    measured[part] = { on: new Date().toISOString().slice(0, 10), load: os.loadavg()[0], result }
  }
  const file = new URL('results.json', import.meta.url)
  const kept = values.write && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  const all = { ...kept, ...measured }
  const text = report(all)
  process.stdout.write(`${text}\n`)
  if (values.write) {
    writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`)
    writeFileSync(new URL('RESULTS.md', import.meta.url), text)
  }
} finally {
  stopAll()
}
