/**
 * Compares the tensor engine with PyTorch, TensorFlow.js and jax-js.
 *
 *   npm run bench -- engine [--only transformer,mlp] [--engines guerdon,pytorch] [--budget seconds] [--patience seconds] [--urgent] [--json] [--write] [--no-install]
 *
 * `--budget` is the time each engine gets for each workload (default 4 seconds); `--patience` how long, for each workload,
 * turns that other programs disturbed are repeated (default 60); `--urgent` gives every engine the highest priority, for
 * machines that are never quiet (needs the right to do so); `--write` writes RESULTS.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { arch, cpus, loadavg, platform, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeSafetensors } from '@guerdon/tensor'
import { engines as allEngines, installPeers } from './engines.mjs'
import { checkAgreement, measure } from './measure.mjs'
import { markdown } from './report.mjs'
import { workloads } from './workloads.mjs'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(workloads).join(',') },
    engines: { type: 'string', default: 'guerdon,pytorch,guerdon-wasm,jax-js,tfjs' },
    budget: { type: 'string', default: '4' },
    patience: { type: 'string', default: '60' },
    urgent: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    'no-install': { type: 'boolean', default: false },
  },
})
const names = options.only.split(',')
const unknown = names.filter(name => !(name in workloads))
if (unknown.length > 0) {
  process.stderr.write(`bench: no workload "${unknown}". There are: ${Object.keys(workloads).join(', ')}\n`)
  process.exit(2)
}
const families = options.engines.split(',')
const engines = allEngines.filter(engine => families.includes(engine.family))
const say = text => process.stderr.write(`bench: ${text}\n`)

if (families.some(family => family === 'tfjs' || family === 'jax-js')) {
  const problem = installPeers({ install: !options['no-install'] })
  if (problem) say(`TensorFlow.js and jax-js: ${problem}`)
}
const load = loadavg()[0].toFixed(2)
if (Number(load) > 0.5) say(`the machine is busy (load ${load}); disturbed measurements are repeated for a while`)

const folder = mkdtempSync(join(tmpdir(), 'guerdon-bench-'))
const results = {}
try {
  for (const name of names) {
    say(workloads[name].title)
    const path = join(folder, `${name}.safetensors`)
    writeFileSync(path, writeSafetensors(workloads[name].arrays()))
    results[name] = await measure(engines, name, workloads[name], path, {
      budget: Number(options.budget) * 1000,
      patience: Number(options.patience) * 1000,
      urgent: options.urgent,
    })
    checkAgreement(results[name], 'pytorch-1')
  }
} finally {
  rmSync(folder, { recursive: true })
}

const versions = Object.values(results).flatMap(each => Object.values(each).map(({ version }) => version ?? ''))
if (versions.some(version => version.includes('reference BLAS'))) {
  say(
    'PyTorch multiplied with the reference BLAS, many times slower than it can; on Debian install libopenblas0-openmp',
  )
}

const machine = {
  cpu: cpus()[0].model.trim(),
  cores: cpus().length,
  memory: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${arch()}`,
  node: process.versions.node,
  load: options.urgent ? `${load} (engines ran at the highest priority)` : load,
  date: new Date().toISOString().slice(0, 10),
}
const text = markdown({ machine, results, engines, workloads })
process.stdout.write(options.json ? `${JSON.stringify({ machine, results }, null, 2)}\n` : text)
if (options.write) writeFileSync(new URL('./RESULTS.md', import.meta.url), text)
