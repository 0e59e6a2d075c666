import {
  assertFinite,
  assertInteger,
  assertProbability,
  assertSameRagged,
  sigmoid,
  standardDeviation,
} from '@guerdon/core'
import { logSigmoid, mean, neg, sigmoid as sigmoidOf, type Tensor } from '@guerdon/tensor'

/** Outputs ranked by competition. */
export interface ReferenceRanking {
  /** [N] Σ over opponents of 1 for P > ½ and ½ for P = ½. */
  readonly wins: Float64Array
  /** [N] Σ over opponents of P. */
  readonly sumProbability: Float64Array
  /** [N] indices, best first. */
  readonly ranking: readonly number[]
  /** The best m, best first. */
  readonly top: readonly number[]
  /** The worst m, worst first: the paper's negative control. */
  readonly bottom: readonly number[]
}

/**
 * References by best-of-N: every pair is compared, outputs are ranked by wins, then by the sum of probabilities, then
 * by index, and the top m stay fixed during training. With N = 1 there is no competition; use the pointwise judge.
 *
 * Source: RewardDance, arXiv 2509.08826 §3 (tie rules are recommendations). Defaults of the paper: N = 16, m = 2.
 *
 * @param beats [N][N] probability that the row beats the column; the diagonal is not read
 */
export function rankReferences(
  beats: readonly ArrayLike<number>[],
  options: { readonly numReferences?: number } = {},
): ReferenceRanking {
  const { numReferences = 2 } = options
  assertInteger(numReferences, 'numReferences', 1)
  const size = beats.length
  const square = beats.map(() => new Float64Array(size))
  assertSameRagged(beats, 'beats', square, 'a square matrix')
  const wins = new Float64Array(size)
  const sumProbability = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      if (i === j) continue
      const probability = beats[i][j]
      assertProbability(probability, `beats[${i}][${j}]`)
      wins[i] += probability > 0.5 ? 1 : probability === 0.5 ? 0.5 : 0
      sumProbability[i] += probability
    }
  }
  const ranking = Array.from(wins, (_, i) => i).sort(
    (a, b) => wins[b] - wins[a] || sumProbability[b] - sumProbability[a] || a - b,
  )
  const worstFirst = [...ranking].reverse()
  return {
    wins,
    sumProbability,
    ranking,
    top: ranking.slice(0, numReferences),
    bottom: worstFirst.slice(0, numReferences),
  }
}

/** Rewards of a batch of candidates. */
export interface ComparativeRewards {
  /** [B] in (0, 1) */
  readonly rewards: Float64Array
  readonly mean: number
  /** Population standard deviation over candidates. */
  readonly std: number
}

/**
 * Comparative reward of each candidate: mean over its references of P("yes", the candidate is better) = σ(z).
 *
 * @param margins [B][m] z_yes − z_no against each reference, m ≥ 1
 */
export function comparativeRewards(margins: readonly ArrayLike<number>[]): ComparativeRewards {
  const rewards = Float64Array.from(margins, (row, i) => {
    assertFinite(row, 'margins', ['margins', i])
    let total = 0
    for (let j = 0; j < row.length; j++) total += sigmoid(row[j])
    return total / row.length
  })
  if (rewards.length === 0) return { rewards, mean: 0, std: 0 }
  const average = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length
  return { rewards, mean: average, std: standardDeviation(rewards, { ddof: 0 }) }
}

/** What reward feedback learning maximises. */
export const reflObjectives = ['probability', 'logProbability', 'logit'] as const
/** Name of what reward feedback learning maximises. */
export type ReflObjective = (typeof reflObjectives)[number]

/**
 * ReFL loss: −mean r over candidates and references, to be back-propagated through the frozen judge into the
 * generator's last denoising steps. `probability` (the paper) has a vanishing gradient p(1 − p) where the judge is
 * sure; `logProbability` and `logit` do not.
 *
 * @param margins [B][m] z_yes − z_no
 */
export function reflLoss(margins: Tensor, options: { readonly objective?: ReflObjective } = {}): Tensor {
  const { objective = 'probability' } = options
  if (objective === 'logit') return neg(mean(margins))
  return neg(mean(objective === 'logProbability' ? logSigmoid(margins) : sigmoidOf(margins)))
}

/** Indices of the `keep` highest scores, best first, ties to the lower index: the paths that live on. */
export function prunePaths(scores: ArrayLike<number>, options: { readonly keep: number }): number[] {
  assertFinite(scores, 'scores')
  assertInteger(options.keep, 'keep')
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b)
  return order.slice(0, options.keep)
}

/** (G − B)/(G + S + B) ∈ [−1, 1] from counts of good, same and bad votes; null without votes. */
export function gsbScore(votes: { readonly good: number; readonly same: number; readonly bad: number }): number | null {
  for (const [name, count] of Object.entries(votes)) assertInteger(count, name)
  const total = votes.good + votes.same + votes.bad
  return total === 0 ? null : (votes.good - votes.bad) / total
}

/**
 * Order bias of a judge: `self` = r(x, x) − ½ for an output against itself, `swap` = |r(a, b) + r(b, a) − 1|; both 0
 * for a fair judge.
 */
export function orderBias(probabilities: {
  readonly self: number
  readonly forward: number
  readonly backward: number
}): { readonly self: number; readonly swap: number } {
  return { self: probabilities.self - 0.5, swap: Math.abs(probabilities.forward + probabilities.backward - 1) }
}
