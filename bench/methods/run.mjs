/**
 * Compares the methods' hot paths with verl's own functions and with re-statements of the same formulas.
 *
 *   npm run bench -- methods [--only grpo,gae,salt] [--budget seconds] [--threads n] [--urgent] [--json] [--write]
 *
 * GUERDON_VERL: path of a checkout of verl. Its estimators are taken out of verl/trainer/ppo/core_algos.py,
 * verl/utils/torch_functional.py and verl/utils/groupwise.py and run unchanged; only NumPy and torch have to be installed.
 * PYTHON: the interpreter to use. `--budget` is the time each engine gets for each row (default 1 second), `--threads` the
 * threads torch may use beside its measurement with one (default: all cores), `--urgent` gives every engine the highest
 * priority (needs the right to do so), `--write` writes RESULTS.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { arch, cpus, loadavg, platform, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { enginesHere, writeData } from './engines.mjs'
import { bandwidth, growth, measureRow, memoryGrowth } from './measure.mjs'
import { markdown } from './report.mjs'
import { dataOf, rows } from './workloads.mjs'

const methods = [...new Set(rows.map(({ method }) => method))]
const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: methods.join(',') },
    budget: { type: 'string', default: '1' },
    threads: { type: 'string', default: String(cpus().length) },
    urgent: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const names = options.only.split(',')
const unknown = names.filter(name => !methods.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`bench: no row "${unknown}". There are: ${methods.join(', ')}\n`)
  process.exit(2)
}
const budget = Number(options.budget) * 1000
const say = text => process.stderr.write(`bench: ${text}\n`)

const { engines, notes } = enginesHere({
  threads: Number(options.threads),
  verl: process.env.GUERDON_VERL,
  urgent: options.urgent,
})
for (const note of notes) say(note)
const load = loadavg()[0].toFixed(2)
if (Number(load) > 0.5) say(`the machine is busy (load ${load}); times are too long`)

const folder = mkdtempSync(join(tmpdir(), 'guerdon-bench-'))
const measured = {}
try {
  for (const row of rows.filter(({ method }) => names.includes(method))) {
    say(row.title)
    const data = dataOf(row)
    const rowFolder = join(folder, row.id)
    writeData(data, rowFolder)
    const results = await measureRow(row, engines, { budget, folder: rowFolder })
    const { check } = results.guerdon
    for (const result of Object.values(results)) {
      if (!result.missing) result.agrees = Math.abs(result.check - check) <= 1e-3 * check
    }
    measured[row.id] = {
      row,
      tokens: data.tokens,
      results,
      growth: await growth(row, engines[0], { budget }),
      memory: memoryGrowth(row),
    }
    rmSync(rowFolder, { recursive: true })
  }
} finally {
  rmSync(folder, { recursive: true })
}

const machine = {
  cpu: cpus()[0].model.trim(),
  cores: cpus().length,
  memory: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${arch()}`,
  load: options.urgent ? `${load} (engines ran at the highest priority)` : load,
  date: new Date().toISOString().slice(0, 10),
}
const versions = [
  ...new Set(Object.values(measured).flatMap(({ results }) => Object.values(results).map(result => result.version))),
]
const text = markdown({ machine, measured, engines, versions, notes, bandwidth: bandwidth() })
process.stdout.write(options.json ? `${JSON.stringify({ machine, versions, notes, measured }, null, 2)}\n` : text)
if (options.write) writeFileSync(new URL('./RESULTS.md', import.meta.url), text)
