/**
 * Steps per second (of processor time) of every world with 1, 64 and 1024 copies, beside Gymnasium's Python, and of the
 * worlds that need a physics engine, beside MuJoCo's C library.
 *
 *   npm run bench -- worlds [--part plain|physics] [--only cart-pole,acrobot] [--seconds 0.4] [--rounds 5] [--write]
 *
 * Gymnasium is looked for in the folder GUERDON_GYMNASIUM (a checkout or an installation), then where `python3` finds
 * it; otherwise a pure-Python stand-in for CartPole takes its place. Both sides take turns, `--rounds` times; `--write`
 * writes RESULTS.md, a part that was not measured staying as it is.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, loadavg, platform, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { worlds } from '@guerdon/worlds'
import { markdown } from './report.mjs'
import { physicsMarkdown, withPart } from './report-physics.mjs'

const names = worlds.map(world => world.name)
const { values: options } = parseArgs({
  options: {
    part: { type: 'string' },
    only: { type: 'string', default: names.join(',') },
    seconds: { type: 'string', default: '0.4' },
    rounds: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
  },
})
const chosen = options.only.split(',')
const unknown = chosen.filter(name => !names.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`bench: no world "${unknown}". There are: ${names.join(', ')}\n`)
  process.exit(2)
}
const sizes = [1, 64, 1024]
const file = name => fileURLToPath(new URL(name, import.meta.url))

/** What a program printed as JSON; undefined where it cannot be run. */
function ask(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return JSON.parse(stdout)
  const lines = stderr.trim().split('\n')
  const told = lines.find(line => line.includes('Error')) ?? lines.at(-1)
  process.stderr.write(`bench: ${command} failed: ${error?.message ?? told}\n`)
  return undefined
}

if (options.part !== undefined && !['plain', 'physics'].includes(options.part)) {
  process.stderr.write(`bench: no part "${options.part}". There are: plain, physics\n`)
  process.exit(2)
}
const load = loadavg()[0].toFixed(2)
const machine = {
  cpu: cpus()[0].model.trim(),
  cores: cpus().length,
  memory: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${arch()}`,
  node: process.versions.node,
  load,
  date: new Date().toISOString().slice(0, 10),
}
const folder = process.env.GUERDON_GYMNASIUM

/** `--rounds` measurements, one after another. */
function roundsOf(part, measure) {
  return Array.from({ length: Number(options.rounds) }, (_, round) => {
    process.stderr.write(`bench: ${part}, round ${round + 1} of ${options.rounds}\n`)
    return measure()
  })
}

function plain() {
  const rounds = roundsOf('plain', () => {
    const peer = ask('python3', [file('peer.py'), options.seconds, ...(folder ? [folder] : [])])
    const ours = Object.fromEntries(
      chosen.map(name => [name, ask(process.execPath, [file('measure.mjs'), name, sizes.join(','), options.seconds])]),
    )
    return { ours, peer }
  })
  return markdown({ machine, rounds, names: chosen, sizes })
}

function physics() {
  const rounds = roundsOf('physics', () => ask(process.execPath, [file('physics.mjs'), options.seconds]))
  if (rounds.includes(undefined)) process.exit(1)
  return physicsMarkdown({ machine, rounds })
}

const results = new URL('./RESULTS.md', import.meta.url)
for (const [part, measure] of Object.entries({ plain, physics })) {
  if (options.part !== undefined && options.part !== part) continue
  const text = measure()
  process.stdout.write(`${text}\n`)
  if (options.write) writeFileSync(results, withPart(readFileSync(results, 'utf8'), part, text))
}
