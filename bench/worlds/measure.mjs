/**
 * Steps one world for a while and prints what was measured as JSON: `node measure.mjs cart-pole 1,64,1024 0.5`.
 * A process of its own for each world, so that what was compiled for one does not slow another.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { Random } from '@guerdon/core'
import { findWorld, sizeOf, vectorWorld } from '@guerdon/worlds'

const [name, sizes, slice] = process.argv.slice(2)
const definition = findWorld(name)
const seconds = Number(slice)

let collections = 0
new PerformanceObserver(list => {
  collections += list.getEntries().length
}).observe({ entryTypes: ['gc'] })

/** A few sets of random actions, drawn before the clock starts. */
function drawActions(copies, random) {
  const space = definition.actionSpace
  return Array.from({ length: 61 }, () =>
    Float64Array.from({ length: copies * sizeOf(space) }, (_, i) => {
      if (space.kind === 'discrete') return random.integer(space.count)
      const entry = i % space.low.length
      return random.uniform(space.low[entry] ?? -1, space.high[entry] ?? 1)
    }),
  )
}

/** Seconds of processor time this process has used, its compiler and collector threads included. */
function processorTime() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Runs `world` for about `duration` seconds; the number of steps (of single copies) and the processor time they took. */
function run(world, actions, duration) {
  const rounds = Math.max(1, Math.floor(2048 / world.copies))
  const start = processorTime()
  let calls = 0
  let elapsed = 0
  do {
    for (let i = 0; i < rounds; i++) world.step(actions[calls++ % actions.length])
    elapsed = processorTime() - start
  } while (elapsed < duration)
  return { steps: calls * world.copies, elapsed }
}

const results = {}
for (const copies of sizes.split(',').map(Number)) {
  const world = vectorWorld(definition, { copies, seed: 1, autoreset: 'next-step' })
  const actions = drawActions(copies, new Random(2))
  run(world, actions, seconds / 2)
  await new Promise(resolve => setTimeout(resolve, 0))
  collections = 0
  const heap = process.memoryUsage().heapUsed
  const { steps, elapsed } = run(world, actions, seconds)
  const grown = process.memoryUsage().heapUsed - heap
  await new Promise(resolve => setTimeout(resolve, 0))
  results[copies] = {
    rate: steps / elapsed,
    // heap growth tells what was allocated only where nothing was collected meanwhile
    bytesPerStep: collections === 0 ? Math.max(0, grown) / steps : null,
  }
}
process.stdout.write(JSON.stringify(results))
