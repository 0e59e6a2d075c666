/**
 * What the reward server costs beside a bare HTTP handler that parses and answers the same bytes.
 *
 *   npm run bench -- server [--seconds 4] [--rounds 5] [--clients 1000] [--out FILE]
 *
 * Both take turns, `--rounds` times for `--seconds` each; then `--clients` clients wait for a slow reward at once. `--out`
 * writes the results to a file as well.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { crowd, throughput } from './load.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    clients: { type: 'string', default: '1000' },
    out: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const children = []

async function start(kind) {
  const child = fork(fileURLToPath(new URL('serve.mjs', import.meta.url)), [kind])
  children.push(child)
  const [port] = await once(child, 'message')
  return { kind, port, child }
}

async function cpu({ child }) {
  child.send('cpu')
  const [used] = await once(child, 'message')
  return used
}

/** Requests a second, and milliseconds of processor time the server spent on each: what is left when others keep the machine busy. */
async function measure(server) {
  const before = await cpu(server)
  const rate = await throughput(server.port, seconds)
  return { rate, cost: ((await cpu(server)) - before) / (rate * seconds) }
}

const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]

try {
  const bare = await start('bare')
  const ours = await start('guerdon')
  for (const server of [bare, ours]) await throughput(server.port, 1)
  const rounds = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const first = await measure(bare)
    const second = await measure(ours)
    rounds.push({ bare: first, guerdon: second, ratio: second.rate / first.rate, costs: first.cost / second.cost })
  }
  bare.child.kill()
  ours.child.kill()

  const clients = Number(values.clients)
  const slow = await start('slow')
  const before = await cpu(slow)
  const held = await crowd(slow.port, clients, 3)
  const heldCost = ((await cpu(slow)) - before) / held.total

  const ratio = median(rounds.map(round => round.ratio))
  const costs = median(rounds.map(round => round.costs))
  const lines = [
    '# Reward server benchmark',
    '',
    'Written by `npm run bench -- server`. Servers and load share the machine; the servers are processes of their own.',
    '',
    `Machine: ${os.cpus()[0].model.trim()}, ${os.cpus().length} cores, ${os.platform()} ${os.arch()}; load ${os.loadavg()[0].toFixed(1)} at the end. Node ${process.versions.node}. Measured ${new Date().toISOString().slice(0, 10)}.`,
    '',
    '## OpenRLHF requests of 64 items',
    '',
    `Requests a second over 8 kept connections, ${seconds} s a turn, the two servers in turn. The bare handler is \`node:http\` that collects the body, parses it and answers the same bytes; Guerdon runs the recipe of the quick start. Where other programs keep the machine busy, requests a second swing from turn to turn and the ratio of processor time is the one to go by.`,
    '',
    '| turn | bare, requests/s | Guerdon, requests/s | ratio | bare, CPU ms a request | Guerdon, CPU ms a request | ratio |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rounds.map(
      (r, i) =>
        `| ${i + 1} | ${r.bare.rate.toFixed(0)} | ${r.guerdon.rate.toFixed(0)} | ${r.ratio.toFixed(2)} | ${r.bare.cost.toFixed(2)} | ${r.guerdon.cost.toFixed(2)} | ${r.costs.toFixed(2)} |`,
    ),
    '',
    `Median ratio **${ratio.toFixed(2)}** (aim ≥ 0.70: ${ratio >= 0.7 ? 'reached' : 'not reached'}); of processor time **${costs.toFixed(2)}**.`,
    '',
    `## ${clients} clients of a 200 ms reward that fails 5 % of the time`,
    '',
    `Each client sends 3 requests of one item, one after another; ${held.active} requests are worked on at a time, the rest wait.`,
    '',
    `- ${held.total} requests: ${held.scored} numbers, every one of them right (${held.wrong} wrong); ${held.refused} of ${held.failing} failing items refused with 503; ${held.lost} lost.`,
    `- p50 ${held.p50.toFixed(0)} ms, p99 ${held.p99.toFixed(0)} ms; 200 ms × queue depth ${held.depth} = ${200 * held.depth} ms; p99 ratio **${(held.p99 / (200 * held.depth)).toFixed(2)}** (aim ≤ 1.5: ${held.p99 <= 300 * held.depth ? 'reached' : 'not reached'}). The server spent ${heldCost.toFixed(2)} ms of processor time a request.`,
    '',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  if (values.out !== undefined) writeFileSync(values.out, `${lines.join('\n')}`)
} finally {
  for (const child of children) child.kill()
}
