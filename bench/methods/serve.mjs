/** Serves timed calls of Guerdon's functions or of the re-statements: one line of JSON each way, as peers/serve.py. */
import { createInterface } from 'node:readline'
import { ours } from './ours.mjs'
import { restated } from './restated.mjs'
import { checksum, dataOf } from './workloads.mjs'

const which = process.argv[2]
const makers = which === 'restated' ? restated : ours
const settings = { fresh: which === 'ours-fresh' }
const say = message => process.stdout.write(`${JSON.stringify(message)}\n`)
const prepared = new Map()

say({ ready: true, version: `Node ${process.versions.node}` })
for await (const line of createInterface({ input: process.stdin })) {
  const { row, calls } = JSON.parse(line)
  if (!prepared.has(row.id)) prepared.set(row.id, makers[row.method](dataOf(row), settings))
  const work = prepared.get(row.id)
  const times = []
  let result
  for (let n = calls; n > 0; n--) {
    const start = performance.now()
    result = work()
    times.push(performance.now() - start)
  }
  say({ times, check: checksum(result) })
}
