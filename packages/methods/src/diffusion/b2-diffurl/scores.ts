import { assertFinite, assertInteger, assertSameLength, mean, standardDeviation } from '@guerdon/core'

/** Rewards of earlier stages by prompt: one list a stage, oldest first; plain data. */
export type StageHistory = readonly Readonly<Record<string, readonly number[]>>[]

/** Scores of one stage. */
export interface NormalizedStage {
  /** [n] (R − mean)/(std + 1e-8) over the prompt's pool; null where the pool has one reward and so no deviation. */
  readonly scores: readonly (number | null)[]
  /** Statistics of each prompt of this stage; `std` is null for a pool of one. */
  readonly statistics: Readonly<Record<string, { readonly mean: number; readonly std: number | null }>>
  /** History for the next stage. */
  readonly history: StageHistory
}

const deviationEpsilon = 1e-8

/**
 * Scores rewards by their prompt's recent ones: pool = rewards of the prompt in the last `historyCount` stages and in this one,
 * score = (R − mean)/(std + 1e-8), sample deviation (ddof 1). A prompt seen once has no score: not NaN, not 0, not selectable.
 *
 * @throws not_finite for NaN or ±Infinity
 */
export function historyNormalizedScores(
  history: StageHistory,
  prompts: readonly string[],
  rewards: ArrayLike<number>,
  options: { readonly historyCount?: number } = {},
): NormalizedStage {
  const { historyCount = 8 } = options
  assertInteger(historyCount, 'historyCount')
  assertSameLength(prompts, 'prompts', rewards, 'rewards')
  assertFinite(rewards, 'rewards')
  const current = new Map<string, number[]>()
  for (const [i, prompt] of prompts.entries()) {
    const own = current.get(prompt)
    if (own) own.push(rewards[i])
    else current.set(prompt, [rewards[i]])
  }
  const recent = historyCount === 0 ? [] : history.slice(-historyCount)
  const statistics = new Map<string, { mean: number; std: number | null }>()
  for (const [prompt, own] of current) {
    const pool = [...recent.flatMap(stage => (Object.hasOwn(stage, prompt) ? stage[prompt] : [])), ...own]
    statistics.set(prompt, { mean: mean(pool), std: pool.length < 2 ? null : standardDeviation(pool, { ddof: 1 }) })
  }
  const scores = prompts.map((prompt, i) => {
    const { mean: centre, std } = statistics.get(prompt) ?? { mean: 0, std: null }
    return std === null ? null : (rewards[i] - centre) / (std + deviationEpsilon)
  })
  const next = [...recent, Object.fromEntries(current)]
  return {
    scores,
    statistics: Object.fromEntries(statistics),
    history: historyCount === 0 ? [] : next.slice(-historyCount),
  }
}

/** A child kept for training. */
export interface SelectedChild {
  readonly group: number
  readonly branch: number
  readonly score: number
}

/** Choices of `branchSelect`. */
export interface SelectOptions {
  /** The best child is kept from this score on. Default 0.5. */
  readonly positiveThreshold?: number
  /** The worst child is kept below this score. Default −0.5. */
  readonly negativeThreshold?: number
  /** `released`: one child without a score costs its whole group, because NaN is both largest and smallest there. */
  readonly compat?: 'released'
}

/**
 * Keeps of each group of siblings its best child if it scores ≥ the positive threshold, then its worst if it scores < the
 * negative one; the first of equals. Everything else is dropped, children without a score too.
 *
 * @param groups [G][m] scores; null or NaN for a child that has none
 */
export function branchSelect(
  groups: readonly (readonly (number | null)[])[],
  options: SelectOptions = {},
): SelectedChild[] {
  const { positiveThreshold = 0.5, negativeThreshold = -0.5, compat } = options
  return groups.flatMap((scores, group) => {
    const kept: SelectedChild[] = []
    if (compat === 'released' && scores.some(score => !isScore(score))) return kept
    const best = extreme(scores, (a, b) => a > b)
    const worst = extreme(scores, (a, b) => a < b)
    if (best && best.score >= positiveThreshold) kept.push({ group, ...best })
    if (worst && worst.score < negativeThreshold) kept.push({ group, ...worst })
    return kept
  })
}

/** What siblings say about the trained steps alone. */
export interface BranchContrast {
  readonly groupMean: number[]
  /** Reward minus the mean of the siblings' group: the effect of the shared prefix is gone. */
  readonly withinBranch: number[][]
  readonly bestIndex: number[]
  readonly worstIndex: number[]
  /** Best minus worst. */
  readonly gap: number[]
}

/** Centres rewards among siblings; the sound advantage where the official score only removes the prompt's mean. */
export function branchContrast(rewards: readonly (readonly number[])[]): BranchContrast {
  const groupMean = rewards.map(group => mean(group))
  const bestIndex = rewards.map(group => extreme(group, (a, b) => a > b)?.branch ?? 0)
  const worstIndex = rewards.map(group => extreme(group, (a, b) => a < b)?.branch ?? 0)
  return {
    groupMean,
    withinBranch: rewards.map((group, g) => group.map(reward => reward - groupMean[g])),
    bestIndex,
    worstIndex,
    gap: rewards.map((group, g) => group[bestIndex[g]] - group[worstIndex[g]]),
  }
}

/** Weights of positive and negative scores. */
export interface WeightOptions {
  /** Default 5. */
  readonly advantageClip?: number
  /** β₁, weight of scores above 0. Default 1. */
  readonly positiveWeight?: number
  /** β₂, weight of the others. Default 1. */
  readonly negativeWeight?: number
}

/** A = clip(score, ±c)·β₁ for a score above 0, ·β₂ otherwise. */
export function weightedAdvantages(scores: ArrayLike<number>, options: WeightOptions = {}): Float64Array {
  const { advantageClip = 5, positiveWeight = 1, negativeWeight = 1 } = options
  assertFinite(scores, 'scores')
  return Float64Array.from(scores, score => {
    const clipped = Math.min(Math.max(score, -advantageClip), advantageClip)
    return clipped * (score > 0 ? positiveWeight : negativeWeight)
  })
}

function isScore(score: number | null): score is number {
  return score !== null && !Number.isNaN(score)
}

function extreme(
  scores: readonly (number | null)[],
  better: (a: number, b: number) => boolean,
): { readonly branch: number; readonly score: number } | undefined {
  let found: { branch: number; score: number } | undefined
  for (const [branch, score] of scores.entries()) {
    if (isScore(score) && (!found || better(score, found.score))) found = { branch, score }
  }
  return found
}
