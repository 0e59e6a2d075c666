import { assertFinite, assertInteger, assertSameLength, mean, standardDeviation } from '@guerdon/core'

/** Rewards remembered a prompt, oldest first; plain data. */
export type PromptHistory = Readonly<Record<string, readonly number[]>>

/** Choices of `perPromptAdvantages`. */
export interface PerPromptOptions {
  /** Rewards remembered a prompt. Default 16. */
  readonly bufferSize?: number
  /** A prompt with fewer remembered rewards is normalised by the whole batch. Default 16. */
  readonly minCount?: number
}

/** Statistics of one prompt's history, population deviation. */
export interface PromptStatistics {
  readonly mean: number
  readonly std: number
  readonly count: number
}

const perPromptEpsilon = 1e-6
const batchEpsilon = 1e-8

/**
 * DDPO's per-prompt advantage (r − mean)/(std + 1e-6), population deviation over the prompt's last rewards, the current ones
 * included; over the whole current batch while the prompt has fewer than `minCount`.
 *
 * @throws not_finite for NaN or ±Infinity, which would poison the history
 */
export function perPromptAdvantages(
  history: PromptHistory,
  prompts: readonly string[],
  rewards: ArrayLike<number>,
  options: PerPromptOptions = {},
): { readonly advantages: Float64Array; readonly history: PromptHistory } {
  const { bufferSize = 16, minCount = 16 } = options
  assertInteger(bufferSize, 'bufferSize', 1)
  assertInteger(minCount, 'minCount', 1)
  assertSameLength(prompts, 'prompts', rewards, 'rewards')
  assertFinite(rewards, 'rewards')
  const next = new Map(Object.entries(history))
  for (const [i, prompt] of prompts.entries()) {
    next.set(prompt, [...(next.get(prompt) ?? []), rewards[i]].slice(-bufferSize))
  }
  const advantages = Float64Array.from(prompts, (prompt, i) => {
    const remembered = next.get(prompt) ?? []
    const basis = remembered.length < minCount ? rewards : remembered
    return (rewards[i] - mean(basis)) / (standardDeviation(basis, { ddof: 0 }) + perPromptEpsilon)
  })
  return { advantages, history: Object.fromEntries(next) }
}

/** Mean, population deviation and count of every remembered prompt. */
export function promptStatistics(history: PromptHistory): Readonly<Record<string, PromptStatistics>> {
  const entries = Object.entries(history).map(([prompt, rewards]) => {
    const statistics = { mean: mean(rewards), std: standardDeviation(rewards, { ddof: 0 }), count: rewards.length }
    return [prompt, statistics] as const
  })
  return Object.fromEntries(entries)
}

/** DDPO without a tracker: (r − mean)/(std + 1e-8) over the batch, population deviation. */
export function batchAdvantages(rewards: ArrayLike<number>): Float64Array {
  assertFinite(rewards, 'rewards')
  if (rewards.length === 0) return new Float64Array(0)
  const [centre, spread] = [mean(rewards), standardDeviation(rewards, { ddof: 0 })]
  return Float64Array.from(rewards, reward => (reward - centre) / (spread + batchEpsilon))
}
