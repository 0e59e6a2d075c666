// Memory of a server under steady load.
import { throughput } from './load.mjs'

/**
 * Loads the server for `minutes` and reads its memory every ten seconds; the first minute is for warming up. `growth` is the
 * slope of a line through the rest, in bytes a minute.
 */
export async function watchMemory(port, minutes, readMemory) {
  const samples = []
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 60_000
  let requests = 0
  while (elapsed() < minutes) {
    requests += 10 * (await throughput(port, 10))
    samples.push({ at: elapsed(), bytes: await readMemory() })
  }
  const steady = samples.filter(({ at }) => at > Math.min(1, minutes / 3))
  const mean = key => steady.reduce((sum, sample) => sum + sample[key], 0) / steady.length
  const [t, b] = [mean('at'), mean('bytes')]
  const covariance = steady.reduce((sum, { at, bytes }) => sum + (at - t) * (bytes - b), 0)
  const variance = steady.reduce((sum, { at }) => sum + (at - t) ** 2, 0)
  const bytes = steady.map(sample => sample.bytes)
  return {
    minutes,
    requests: Math.round(requests),
    least: Math.min(...bytes),
    most: Math.max(...bytes),
    growth: covariance / variance,
  }
}
