/** Times the engines on one row, taking turns, and measures growth with size, memory growth and memory bandwidth. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { start } from './engines.mjs'
import { smaller } from './workloads.mjs'

const rounds = 6

/** Median, p10 and p90 of times in milliseconds. */
export function summary(times) {
  const sorted = [...times].sort((a, b) => a - b)
  const at = share => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  return { median: at(0.5), p10: at(0.1), p90: at(0.9), calls: sorted.length }
}

/**
 * Results by engine id. Engines take turns in rounds, so that a disturbance of the machine meets all of them; each gets
 * about `budget` milliseconds after as much warm-up (at least two calls).
 */
export async function measureRow(row, engines, { budget, folder }) {
  const results = {}
  const running = []
  for (const engine of engines) {
    const process = await start(engine, folder)
    const first = await process.run(row, 1)
    results[engine.id] = { version: process.version, missing: first.missing, check: first.check, times: [] }
    if (first.missing) {
      process.close()
      continue
    }
    const estimate = await warmUp(process, row, budget)
    running.push({ process, result: results[engine.id], calls: Math.max(1, Math.round(budget / rounds / estimate)) })
  }
  for (let round = 0; round < rounds; round++) {
    for (const { process, result, calls } of running) result.times.push(...(await process.run(row, calls)).times)
  }
  for (const { process, result } of running) {
    process.close()
    Object.assign(result, summary(result.times))
  }
  return results
}

/** Calls until compilers and caches have settled; the time of the last call. */
async function warmUp(process, row, budget) {
  let estimate = 0
  for (let spent = 0, calls = 0; spent < budget || calls < 2; calls++) {
    estimate = (await process.run(row, 1)).times[0]
    spent += estimate
  }
  return estimate
}

/**
 * Growth exponents of an engine's time: log(time ÷ time at a quarter of the size) ÷ log 4; 1 is linear. Each size has a
 * process of its own, sizes take turns, and the smallest times are compared, which other programs disturb least.
 */
export async function growth(row, engine, { budget }) {
  const sizes = [row, smaller(row, 'rollouts'), ...(row.kind === 'turns' ? [smaller(row, 'turns')] : [])]
  const processes = []
  for (const size of sizes) {
    processes.push(await start(engine))
    await warmUp(processes.at(-1), size, budget / 2)
  }
  const best = sizes.map(() => Number.POSITIVE_INFINITY)
  for (const end = performance.now() + 2 * budget; performance.now() < end; ) {
    for (const [i, process] of processes.entries()) {
      best[i] = Math.min(best[i], ...(await process.run(sizes[i], 3)).times)
    }
  }
  for (const process of processes) process.close()
  const exponent = i => (best[i] === undefined ? undefined : Math.log(best[0] / best[i]) / Math.log(4))
  return { rollouts: exponent(1), turns: exponent(2) }
}

/**
 * What one call leaves behind for each further token, in bytes: objects on the JavaScript heap, and buffers of typed arrays
 * (results, mostly). Measured in a process whose young generation is too large to be collected meanwhile.
 */
export function memoryGrowth(row) {
  const program = fileURLToPath(new URL('./memory.mjs', import.meta.url))
  const flags = ['--expose-gc', '--min-semi-space-size=1024', '--max-semi-space-size=1024', '--max-old-space-size=4096']
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, program, row.id], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`measuring memory of ${row.id} failed:\n${stderr}`)
  return JSON.parse(stdout)
}

/** GB/s of copying a typed array far larger than any cache; reading and writing count. */
export function bandwidth() {
  const source = new Float64Array(2 ** 24).fill(1)
  const target = new Float64Array(source.length)
  const times = []
  for (let n = 0; n < 12; n++) {
    const start = performance.now()
    target.set(source)
    times.push(performance.now() - start)
  }
  return (2 * source.byteLength) / summary(times.slice(2)).median / 1e6
}
