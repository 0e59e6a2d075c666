/**
 * What the store keeps a second, how long an acknowledgement takes, and whether it has what it acknowledged after kills.
 *
 *   npm run bench -- store [--kills 200] [--seconds 3] [--rows 100000] [--out FILE]
 *
 * Appends one rollout at a time, then batches of 64 from eight callers at once, beside a plain file of JSON lines that is
 * synced after every append; takes a file in; kills a writer `--kills` times. A part given 0 is left out. `--out` writes the
 * results to a file as well.
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { batchFromRollouts, bindStage, combineStage, defineRecipe, defineReward } from '@guerdon/core'
import { exportRecords, importFile, openStore, recipeFacts, scoredRows } from '@guerdon/store'
import { killWriter } from './kills.mjs'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '3' },
    rows: { type: 'string', default: '100000' },
    out: { type: 'string' },
  },
})
const milliseconds = 1000 * Number(values.seconds)
const folder = mkdtempSync(join(os.tmpdir(), 'guerdon-bench-store-'))
const lines = []

const rollout = i => ({
  id: `r${i}`,
  group: `g${i >> 3}`,
  prompt: 'How many?',
  response: 'word '.repeat(100),
  outcome: 1,
})

/** Repeats `append` in `callers` loops and gives back how often it was acknowledged and how long that took. */
async function measure(append, callers) {
  const times = []
  const until = performance.now() + milliseconds
  let next = 0
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < until) {
        const started = performance.now()
        await append(next++)
        times.push(performance.now() - started)
      }
    }),
  )
  times.sort((a, b) => a - b)
  const at = q => times[Math.floor(q * (times.length - 1))].toFixed(2)
  return { rate: times.length / (milliseconds / 1000), p50: at(0.5), p99: at(0.99) }
}

async function appends() {
  const store = await openStore(join(folder, 'appends'))
  const journal = openSync(join(folder, 'journal.jsonl'), 'a')
  const rollouts = (i, size) => Array.from({ length: size }, (_, k) => rollout(i * size + k))
  const toStore = size => i => store.append({ run: 'bench', rollouts: rollouts(i, size) })
  const toFile = size => i => {
    writeSync(
      journal,
      rollouts(i, size)
        .map(record => `${JSON.stringify(record)}\n`)
        .join(''),
    )
    fsyncSync(journal)
  }
  lines.push(
    '## Appends',
    '',
    'Each is acknowledged when it is synced to the disk; a rollout has some 400 characters of text. The file is JSON lines, written and synced once an append: the least that keeps them. Where other programs keep the machine busy, only the two side by side say something.',
    '',
    '| append | store, appends/s | p50 ms | p99 ms | file, appends/s | p50 ms | p99 ms |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  )
  for (const [name, size, callers] of [
    ['1 rollout, 1 caller', 1, 1],
    ['64 rollouts, 1 caller', 64, 1],
    ['64 rollouts, 8 callers', 64, 8],
    ['64 rollouts, 64 callers', 64, 64],
  ]) {
    const [own, file] = [await measure(toStore(size), callers), await measure(toFile(size), callers)]
    const cells = [own, file].flatMap(({ rate, p50, p99 }) => [Math.round(rate), p50, p99])
    lines.push(`| ${name} | ${cells.join(' | ')} |`)
  }
  const scored = await toScored(store)
  const before = process.cpuUsage()
  const { rate, p50, p99 } = await measure(scored, 8)
  const used = process.cpuUsage(before)
  const cpu = (used.user + used.system) / 1e6 / (rate * (milliseconds / 1000))
  lines.push(
    '',
    `A batch of 64 as a server keeps it without texts (ids, rewards, the three columns of its recipe), 8 callers: ${Math.round(rate)} batches/s, p50 ${p50} ms, p99 ${p99} ms; ${(1000 * cpu).toFixed(1)} ms of processor time a batch.`,
  )
  closeSync(journal)
  await store.close()
}

/** Appends the same scored batch of 64 again and again. */
async function toScored(store) {
  const count = name => defineReward({ name, score: rollout => rollout.response.split(name).length })
  const parts = ['a', 'b'].map(name => ({ column: `rollout.${name}`, weight: 0.5 }))
  const recipe = defineRecipe({ name: 'bench', steps: [count('a'), count('b'), bindStage(combineStage, { parts })] })
  const { batch } = await recipe.run(batchFromRollouts(Array.from({ length: 64 }, (_, i) => rollout(i))))
  return () => store.append({ run: 'served', recipe: recipeFacts(recipe), rows: scoredRows(recipe, batch) })
}

async function files() {
  const count = Number(values.rows)
  const file = join(folder, 'rows.jsonl')
  writeFileSync(file, Array.from({ length: count }, (_, i) => `${JSON.stringify(rollout(i))}\n`).join(''))
  const store = await openStore(join(folder, 'files'))
  const timed = async work => {
    const started = performance.now()
    await work()
    return (performance.now() - started) / 1000
  }
  const taken = await timed(() => importFile(store, file))
  const again = await timed(() => importFile(store, file))
  const given = await timed(async () => {
    for await (const _ of exportRecords(store).records);
  })
  const asked = await timed(() =>
    store.query('SELECT group_id, avg(outcome), avg(length(response)) FROM rollouts GROUP BY group_id'),
  )
  await store.close()
  const size = (path, unit) => `${(statSync(path).size / 2 ** 20).toFixed(0)} ${unit}`
  lines.push(
    '',
    '## A file',
    '',
    `${count} rollouts, ${size(file, 'MiB')} of JSONL: taken in in ${taken.toFixed(1)} s (${Math.round(count / taken)} a second), ${size(store.file, 'MiB')} on the disk; a second time ${again.toFixed(2)} s, adding nothing; read back in ${given.toFixed(1)} s (${Math.round(count / given)} a second); outcome and length averaged over each of ${count >> 3} groups in ${asked.toFixed(2)} s.`,
  )
}

async function kills() {
  const result = await killWriter(join(folder, 'killed'), Number(values.kills))
  lines.push(
    '',
    '## Kills',
    '',
    `A writer with three appends under way was killed (SIGKILL) ${result.kills} times, each up to 100 ms after its first acknowledgement: ${result.acknowledged} appends acknowledged, **${result.missing} of them missing**, ${result.torn} there in part; ${result.unheard} more were there whose acknowledgement the kill kept from being heard.`,
  )
}

try {
  if (milliseconds > 0) await appends()
  if (Number(values.rows) > 0) await files()
  if (Number(values.kills) > 0) await kills()
  const head = [
    '# Store benchmark',
    '',
    'Written by `npm run bench -- store`.',
    '',
    `Machine: ${os.cpus()[0].model}, ${os.cpus().length} cores, ${process.platform} ${process.arch}; load ${os.loadavg()[0].toFixed(1)} at the end. Node ${process.versions.node}. Measured ${new Date().toISOString().slice(0, 10)}.`,
    '',
  ]
  const text = `${[...head, ...lines].join('\n')}\n`
  process.stdout.write(text)
  if (values.out !== undefined) writeFileSync(values.out, text)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
