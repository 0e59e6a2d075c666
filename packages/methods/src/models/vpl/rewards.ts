import {
  assertFinite,
  assertInteger,
  assertNotEmpty,
  assertSameLength,
  logSumExp,
  mean,
  type Random,
  sigmoid,
} from '@guerdon/core'

type Numbers = ArrayLike<number>

/** r/max|r|, in [−1, 1]; all zeros stay zeros. */
export function scaleByMaximum(rewards: Numbers): Float64Array {
  assertFinite(rewards, 'rewards')
  let largest = 0
  for (let i = 0; i < rewards.length; i++) largest = Math.max(largest, Math.abs(rewards[i]))
  return Float64Array.from(rewards, reward => (largest === 0 ? 0 : reward / largest))
}

/**
 * Min–max within each mode (user), times `size`: makes users comparable whose comparisons never fixed a scale. A user whose
 * rewards are all equal gets 0.
 *
 * @param rewards [n]
 * @param modes [n] user of each reward
 */
export function scalePerMode(
  rewards: Numbers,
  modes: ArrayLike<string | number>,
  options: { readonly size?: number } = {},
): Float64Array {
  const { size = 0.01 } = options
  assertSameLength(rewards, 'rewards', modes, 'modes')
  assertFinite(rewards, 'rewards')
  const ranges = new Map<string | number, { minimum: number; maximum: number }>()
  for (let i = 0; i < rewards.length; i++) {
    const range = ranges.get(modes[i]) ?? { minimum: rewards[i], maximum: rewards[i] }
    range.minimum = Math.min(range.minimum, rewards[i])
    range.maximum = Math.max(range.maximum, rewards[i])
    ranges.set(modes[i], range)
  }
  return Float64Array.from(rewards, (reward, i) => {
    const { minimum, maximum } = ranges.get(modes[i])!
    return maximum === minimum ? 0 : (size * (reward - minimum)) / (maximum - minimum)
  })
}

/** exp(minmax(r)/0.1)·0.01, how the baselines are scaled: in [0.01, 220.3]. */
export function scaleExponentially(rewards: Numbers): Float64Array {
  const everyone = Array.from({ length: rewards.length }, () => 0)
  return scalePerMode(rewards, everyone, { size: 1 }).map(share => Math.exp(share / 0.1) * 0.01)
}

/**
 * exp((r − log-mean-exp of comparison rewards at the same z)·temperature): a learned scale for each user.
 *
 * @param rewards [n] at one latent z
 * @param comparisons rewards of comparison states at the same z (the paper: 1000)
 */
export function learnedNormalisation(
  rewards: Numbers,
  comparisons: Numbers,
  options: { readonly temperature?: number } = {},
): { readonly logMeanExp: number; readonly rewards: Float64Array } {
  const { temperature = 1e-3 } = options
  assertNotEmpty(comparisons, 'comparisons')
  assertFinite(comparisons, 'comparisons')
  assertFinite(rewards, 'rewards')
  const logMeanExp = logSumExp(comparisons) - Math.log(comparisons.length)
  return { logMeanExp, rewards: Float64Array.from(rewards, reward => Math.exp((reward - logMeanExp) * temperature)) }
}

/**
 * Reward of a state by how often it wins against comparison states: mean_c σ(logit(s, s_c, z)), then exp(·/T) for T > 0.
 * Bounded, hence comparable between users.
 *
 * @param logits [n][C] of P(s ≻ s_c)
 */
export function winRateRewards(
  logits: readonly Numbers[],
  options: { readonly temperature?: number } = {},
): { readonly probabilities: Float64Array; readonly rewards: Float64Array } {
  const { temperature = 1 } = options
  const probabilities = Float64Array.from(logits, (row, i) => {
    assertFinite(row, 'logits', ['logits', i])
    return mean(Float64Array.from(row, sigmoid))
  })
  return { probabilities, rewards: probabilities.map(p => (temperature > 0 ? Math.exp(p / temperature) : p)) }
}

/** How much a query set would tell; the smaller, the better to ask. */
export interface QueryScore {
  /** −[log(2π·mean_n Σ_d v) − mean_n Σ_d log(2π·v)] with v the posterior variances. */
  readonly informationGain: number
  /** min_n ½·Σ_d (1 + log 2π·v). */
  readonly minimumEntropy: number
}

/**
 * Scores a set of queries by the posteriors it could lead to.
 *
 * @param logVars [n][d] posterior log-variance under each label hypothesis
 */
export function queryScore(logVars: readonly Numbers[]): QueryScore {
  assertNotEmpty(logVars, 'logVars')
  const log2Pi = Math.log(2 * Math.PI)
  let meanVariance = 0
  let meanLog = 0
  let minimumEntropy = Number.POSITIVE_INFINITY
  logVars.forEach((row, n) => {
    assertFinite(row, 'logVars', ['logVars', n])
    let total = 0
    let logs = 0
    for (let d = 0; d < row.length; d++) {
      total += Math.exp(row[d])
      logs += log2Pi + row[d]
    }
    meanVariance += total / logVars.length
    meanLog += logs / logVars.length
    minimumEntropy = Math.min(minimumEntropy, 0.5 * (row.length + logs))
  })
  return { informationGain: -(log2Pi + Math.log(meanVariance) - meanLog), minimumEntropy }
}

/**
 * Up to min(samples, 2^A) distinct label vectors for A queries, in the order drawn: one uniform integer below 2^A a draw,
 * repeats thrown away.
 */
export function labelHypotheses(
  queries: number,
  random: Random,
  options: { readonly samples?: number } = {},
): Uint8Array[] {
  const { samples = 50 } = options
  assertInteger(queries, 'queries', 1)
  assertInteger(samples, 'samples', 1)
  const bits = Math.min(queries, 30)
  const wanted = Math.min(samples, 2 ** bits)
  const drawn = new Set<string>()
  const vectors: Uint8Array[] = []
  while (vectors.length < wanted) {
    const word = random.integer(2 ** bits)
    const vector = Uint8Array.from({ length: queries }, (_, i) => (i < bits ? (word >>> i) & 1 : random.integer(2)))
    const key = vector.join('')
    if (drawn.has(key)) continue
    drawn.add(key)
    vectors.push(vector)
  }
  return vectors
}
