/**
 * Measures the learners: time to solve CartPole, updates of a language policy and of a denoiser a second, memory
 * over many updates.
 *
 *   npm run bench -- learn [--only cart-pole,grpo,diffusion,memory,diffusion-memory] [--seeds 3] [--long] [--json] [--write]
 *
 * `--long` watches memory over 10,000 updates instead of 500; `--write` writes RESULTS.md and keeps what
 * other runs measured of the parts left out.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, loadavg, platform, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { cartPoleToSolved } from './cart-pole.mjs'
import { diffusionRate } from './diffusion.mjs'
import { grpoRate } from './grpo.mjs'
import { diffusionMemoryOver, memoryOver } from './memory.mjs'
import { markdown } from './report.mjs'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: 'cart-pole,grpo,diffusion,memory,diffusion-memory' },
    seeds: { type: 'string', default: '3' },
    long: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const parts = {
  'cart-pole': () => cartPoleToSolved(Number(options.seeds)),
  grpo: grpoRate,
  diffusion: diffusionRate,
  memory: () => memoryOver(options.long ? 10_000 : 500),
  'diffusion-memory': () => diffusionMemoryOver(options.long ? 10_000 : 2000),
}
const unknown = options.only.split(',').filter(name => !(name in parts))
if (unknown.length > 0) {
  process.stderr.write(`bench: no part "${unknown}". There are: ${Object.keys(parts).join(', ')}\n`)
  process.exit(2)
}
const machine = {
  cpu: cpus()[0].model.trim(),
  cores: cpus().length,
  memory: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${arch()}`,
  node: process.versions.node,
  load: loadavg()[0].toFixed(2),
  date: new Date().toISOString().slice(0, 10),
}
const measured = {}
for (const name of options.only.split(',')) {
  process.stderr.write(`bench: ${name}\n`)
  measured[name] = { machine: { ...machine, load: loadavg()[0].toFixed(2) }, result: await parts[name]() }
}
process.stdout.write(options.json ? `${JSON.stringify(measured, null, 2)}\n` : markdown(measured))
if (options.write) {
  const kept = new URL('./results.json', import.meta.url)
  const all = { ...(existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {}), ...measured }
  writeFileSync(kept, `${JSON.stringify(all)}\n`)
  writeFileSync(new URL('./RESULTS.md', import.meta.url), markdown(all))
}
