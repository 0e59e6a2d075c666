/** Prints what one call of a row's method leaves behind for each further token; run by `memoryGrowth`. */
import { ours } from './ours.mjs'
import { dataOf, rows } from './workloads.mjs'

const row = rows.find(({ id }) => id === process.argv[2])
const longer = row.kind === 'turns' ? 'tokensPerTurn' : 'length'

/** A function that measures heap and buffer bytes left behind by one call; warm, so that compiled code is what counts. */
function meter(data) {
  const work = ours[row.method](data, { fresh: false })
  for (let n = 0; n < 20; n++) work()
  return () => {
    globalThis.gc()
    const before = process.memoryUsage()
    const result = work()
    const after = process.memoryUsage()
    return { heap: after.heapUsed - before.heapUsed, buffers: after.arrayBuffers - before.arrayBuffers, result }
  }
}

const base = { ...row.shape, rollouts: row.shape.rollouts / 4 }
const shapes = [base, { ...base, [longer]: 4 * base[longer] }]
const all = shapes.map(shape => dataOf({ ...row, shape }))
const meters = all.map(meter)
const least = all.map(() => ({ heap: Number.POSITIVE_INFINITY, buffers: Number.POSITIVE_INFINITY }))
for (let n = 0; n < 8; n++) {
  for (const [i, measure] of meters.entries()) {
    const { heap, buffers } = measure()
    least[i] = { heap: Math.min(least[i].heap, heap), buffers: Math.min(least[i].buffers, buffers) }
  }
}
const [small, large] = least
const tokens = all[1].tokens - all[0].tokens
process.stdout.write(
  JSON.stringify({
    heapPerToken: (large.heap - small.heap) / tokens,
    buffersPerToken: (large.buffers - small.buffers) / tokens,
    heapPerCall: small.heap,
  }),
)
