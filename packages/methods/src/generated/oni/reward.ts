import { assertFinite, assertInRange, assertNotEmpty, assertSameLength, softmax } from '@guerdon/core'

type Numbers = ArrayLike<number>

/** What makes up the reward of a step. */
export interface TotalRewardOptions {
  /** α: 0.1 for a dense task, 10 for sparse ones, 0 without task reward. Default 0.1. */
  readonly extrinsicWeight?: number
  /** c. Default 0.4. */
  readonly intrinsicWeight?: number
}

/** r_t = α·r_env + c·r_int·n^{−B}: intrinsic rewards come normalised and thresholded, counts as coefficients n^{−B}. */
export function totalRewards(
  extrinsic: Numbers,
  intrinsic: Numbers,
  countCoefficients: Numbers,
  options: TotalRewardOptions = {},
): Float64Array {
  const { extrinsicWeight = 0.1, intrinsicWeight = 0.4 } = options
  assertSameLength(extrinsic, 'extrinsic', intrinsic, 'intrinsic')
  assertSameLength(extrinsic, 'extrinsic', countCoefficients, 'countCoefficients')
  assertFinite(extrinsic, 'extrinsic')
  assertFinite(intrinsic, 'intrinsic')
  return Float64Array.from(
    extrinsic,
    (reward, t) => extrinsicWeight * reward + intrinsicWeight * intrinsic[t] * countCoefficients[t],
  )
}

/**
 * n^{−B} with n how often the caption occurred in this episode, this step included. With exponent 0 repeated captions keep
 * paying and are farmed.
 *
 * @param captions [T] of one episode; counts start anew in the next, at truncation too
 */
export function countCoefficients(
  captions: readonly string[],
  options: { readonly exponent?: number } = {},
): Float64Array {
  const { exponent = 3 } = options
  assertInRange(exponent, 'exponent', 0, Number.MAX_VALUE)
  const counts = new Map<string, number>()
  return Float64Array.from(captions, caption => {
    const count = (counts.get(caption) ?? 0) + 1
    counts.set(caption, count)
    return count ** -exponent
  })
}

/** Labels of captions: 1 helpful, 0 not. */
export type LabelTable = Readonly<Record<string, number>>

/** Rewards from a table of labels and the captions still to be asked for, each once, in order of appearance. */
export interface RetrievalRewards {
  readonly rewards: Float64Array
  readonly unseen: string[]
}

/**
 * Retrieval: r_int = table[caption], `fallback` where the caption has no label yet. Computed when training, with the table of
 * that moment.
 */
export function retrievalRewards(
  captions: readonly string[],
  labels: LabelTable,
  options: { readonly fallback?: number } = {},
): RetrievalRewards {
  const { fallback = 0 } = options
  const known = (caption: string) => Object.hasOwn(labels, caption)
  return {
    rewards: Float64Array.from(captions, caption => (known(caption) ? labels[caption] : fallback)),
    unseen: [...new Set(captions.filter(caption => !known(caption)))],
  }
}

/**
 * A table with more labels in it. Of two labels of one caption the `latest` wins, as in the released retrieval, or the `first`,
 * as in its classification and ranking. Default `latest`.
 */
export function mergeLabels(
  labels: LabelTable,
  arrived: LabelTable,
  options: { readonly relabel?: 'latest' | 'first' } = {},
): LabelTable {
  return options.relabel === 'first' ? { ...arrived, ...labels } : { ...labels, ...arrived }
}

/** A caption with every run of digits as one 0, so that counters do not fill the table. */
export function normaliseCaption(caption: string): string {
  return caption.replace(/\d+/g, '0')
}

/** Classification: r_int = [softmax₁ > η], strictly. Logits [B][2] for unhelpful and helpful. */
export function classificationRewards(
  logits: readonly Numbers[],
  options: { readonly threshold?: number } = {},
): { readonly probabilities: Float64Array; readonly rewards: Float64Array } {
  const { threshold = 0.5 } = options
  const probabilities = Float64Array.from(logits, (row, i) => {
    assertFinite(row, 'logits', ['logits', i])
    return softmax(row)[1]
  })
  return { probabilities, rewards: probabilities.map(p => (p > threshold ? 1 : 0)) }
}

/** Running moments of raw ranking rewards, plain JSON. */
export interface RankingMoments {
  readonly mean: number
  readonly variance: number
  readonly count: number
}

/** Moments before any data: count 1e-4, mean 0, variance 1. */
export const initialRankingMoments: RankingMoments = { mean: 0, variance: 1, count: 1e-4 }

/**
 * Moments after one more batch (Chan's combination) whose own variance is the *unbiased* one, unlike the usual running
 * statistics of reinforcement learning. A batch of fewer than two is skipped: its unbiased variance is 0/0 (`released` lets
 * it turn everything into NaN).
 */
export function updateRankingMoments(
  moments: RankingMoments,
  batch: Numbers,
  options: { readonly compat?: 'released' | null } = {},
): RankingMoments {
  assertFinite(batch, 'batch')
  const size = batch.length
  if (size === 0 || (size === 1 && options.compat !== 'released')) return moments
  let total = 0
  for (let i = 0; i < size; i++) total += batch[i]
  const mean = total / size
  let squares = 0
  for (let i = 0; i < size; i++) squares += (batch[i] - mean) ** 2
  const variance = squares / (size - 1)
  const delta = mean - moments.mean
  const count = moments.count + size
  const spread = moments.variance * moments.count + variance * size + (delta ** 2 * moments.count * size) / count
  return { mean: moments.mean + (delta * size) / count, variance: spread / count, count }
}

/** Choices of the ranking reward. */
export interface RankingRewardOptions {
  /** τ: normalised rewards at or below it pay nothing. Default −0.5. */
  readonly threshold?: number
  /** `released`: the raw reward enters the total; the normalised one is computed and lost. Default null. */
  readonly compat?: 'released' | null
}

/** Ranking: z = (R − μ)/√(v + 1e-8), r_int = z·[z > τ]. */
export function rankingRewards(
  raw: Numbers,
  moments: RankingMoments,
  options: RankingRewardOptions = {},
): { readonly normalised: Float64Array; readonly rewards: Float64Array } {
  const { threshold = -0.5, compat = null } = options
  assertFinite(raw, 'raw')
  const scale = 1 / Math.sqrt(moments.variance + 1e-8)
  const normalised = Float64Array.from(raw, reward => (reward - moments.mean) * scale)
  const intended = normalised.map(z => (z > threshold ? z : 0))
  return { normalised, rewards: compat === 'released' ? Float64Array.from(raw) : intended }
}

/** Bag-of-words baseline: cosine of caption and goal vectors, 0 below `threshold`. */
export function similarityReward(cosine: number, options: { readonly threshold: number }): number {
  return cosine < options.threshold ? 0 : cosine
}

/** What V-trace corrects. */
export interface TraceOptions {
  /** γ. Default 0.99. */
  readonly discount?: number
  /** ρ̂ and ĉ: bounds of the ratios. Default 1. */
  readonly rhoBound?: number
  readonly cBound?: number
}

/** One fragment of T steps. */
export interface Fragment {
  readonly rewards: Numbers
  /** 1 where the episode ended with this step. */
  readonly dones: Numbers
  readonly values: Numbers
  /** π/μ of the taken actions. */
  readonly ratios: Numbers
}

/**
 * V-trace of one fragment as the released learner computes it. The value after the last step is set to (V_T − r_T)/γ, so that
 * the last temporal difference is 0 unless the episode ends there. Backwards with γ̃ = γ·(1 − done), ρ = min(ρ̂, π/μ),
 * c = min(ĉ, π/μ): δ = ρ(r + γ̃V′ − V), A = ρ(r + γ̃v′ − V), v = V + δ + γ̃c(v′ − V′).
 */
export function vtraceFragment(
  fragment: Fragment,
  options: TraceOptions = {},
): { readonly targets: Float64Array; readonly advantages: Float64Array } {
  const { discount = 0.99, rhoBound = 1, cBound = 1 } = options
  const { rewards, dones, values, ratios } = fragment
  assertInRange(discount, 'discount', Number.MIN_VALUE, 1)
  assertNotEmpty(rewards, 'rewards')
  for (const [name, column] of Object.entries({ rewards, dones, values, ratios })) {
    assertSameLength(rewards, 'rewards', column, name)
    assertFinite(column, name)
  }
  const last = rewards.length - 1
  const targets = new Float64Array(rewards.length)
  const advantages = new Float64Array(rewards.length)
  let nextValue = (values[last] - rewards[last]) / discount
  let nextTarget = nextValue
  for (let t = last; t >= 0; t--) {
    const rho = Math.min(rhoBound, ratios[t])
    const c = Math.min(cBound, ratios[t])
    const gamma = discount * (1 - dones[t])
    advantages[t] = rho * (rewards[t] + gamma * nextTarget - values[t])
    targets[t] = values[t] + rho * (rewards[t] + gamma * nextValue - values[t]) + gamma * c * (nextTarget - nextValue)
    nextValue = values[t]
    nextTarget = targets[t]
  }
  return { targets, advantages }
}

/**
 * Advantages of a mini-batch: (A − mean)/max(1e-3, std), sample deviation over the usable entries; the others, and a mini-batch
 * with fewer than two usable ones, give 0. It hides the scale of the rewards: watch the raw intrinsic mean.
 *
 * @param advantages [N]
 * @param options usable: [N] 1 where the entry counts (see `recentEnough`), all when absent; smallest divisor, default 1e-3
 */
export function minibatchAdvantages(
  advantages: Numbers,
  options: { readonly usable?: Numbers; readonly floor?: number } = {},
): Float64Array {
  const { usable, floor = 1e-3 } = options
  assertFinite(advantages, 'advantages')
  assertInRange(floor, 'floor', Number.MIN_VALUE, Number.MAX_VALUE)
  if (usable) assertSameLength(advantages, 'advantages', usable, 'usable')
  const counts = (i: number) => usable?.[i] !== 0
  const kept = Array.from(advantages).filter((_, i) => counts(i))
  if (kept.length < 2) return new Float64Array(advantages.length)
  const mean = kept.reduce((a, b) => a + b, 0) / kept.length
  const squares = kept.reduce((total, value) => total + (value - mean) ** 2, 0)
  const scale = Math.max(floor, Math.sqrt(squares / (kept.length - 1)))
  return Float64Array.from(advantages, (value, i) => (counts(i) ? (value - mean) / scale : 0))
}

/** [N] 1 where a step was taken by a policy less than `maxLag` versions (default 10000) behind the current one. */
export function recentEnough(
  policyVersions: Numbers,
  current: number,
  options: { readonly maxLag?: number } = {},
): Uint8Array {
  const { maxLag = 10_000 } = options
  return Uint8Array.from(policyVersions, version => (current - version < maxLag ? 1 : 0))
}
