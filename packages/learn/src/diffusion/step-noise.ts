import type { Random } from '@guerdon/core'

/** x′ = μ + σ·z and its mean-over-dimensions log-density, taken from the float32 numbers that are kept. */
export function addStepNoise(
  means: Float32Array,
  sigma: number,
  count: number,
  random: Random,
): { readonly next: Float32Array; readonly logProbs: Float64Array | null } {
  if (sigma === 0) return { next: means, logProbs: null }
  const size = means.length / count
  const next = new Float32Array(means.length)
  const logProbs = new Float64Array(count)
  const constant = -Math.log(sigma) - 0.5 * Math.log(2 * Math.PI)
  for (let i = 0; i < count; i++) {
    let squares = 0
    for (let k = i * size; k < (i + 1) * size; k++) {
      next[k] = means[k] + sigma * random.normal()
      squares += (next[k] - means[k]) ** 2
    }
    logProbs[i] = constant - squares / (2 * sigma * sigma * size)
  }
  return { next, logProbs }
}
