import { assertSameLength, GuerdonError, spearmanCorrelation, sum } from '@guerdon/core'
import { bestIndex } from '../../shared/best-of-n.ts'
import { pairAccuracy } from '../../shared/pair-loss.ts'

type Numbers = ArrayLike<number>

/** How far two members rank the same responses alike. */
export interface RankAgreement {
  /** Spearman's ρ with average ranks; undefined when a member scores all alike. */
  readonly spearman: number | undefined
  /** Kendall's τ_b; undefined when a member scores all alike. */
  readonly kendallTauB: number | undefined
  /** Whether both would select the same response (ties to the first). */
  readonly sameTop1: boolean
}

/**
 * Rank agreement of two members on the same responses. Falls on the policy's own samples where members were trained from
 * different starts; members that stay in agreement cannot see their error.
 *
 * @param first [n]
 * @param second [n]
 */
export function rankAgreement(first: Numbers, second: Numbers): RankAgreement {
  assertSameLength(first, 'first', second, 'second')
  return {
    spearman: spearmanCorrelation(first, second),
    kendallTauB: kendallTauB(first, second),
    sameTop1: bestIndex(first) === bestIndex(second),
  }
}

/**
 * Kendall's τ_b = (P − Q)/√((P + Q + X)(P + Q + Y)) with P concordant and Q discordant pairs, X and Y tied in one column
 * only. O(n²). Undefined when a column is constant or n < 2.
 */
export function kendallTauB(first: Numbers, second: Numbers): number | undefined {
  assertSameLength(first, 'first', second, 'second')
  let difference = 0
  let untiedFirst = 0
  let untiedSecond = 0
  for (let i = 0; i < first.length; i++) {
    for (let j = 0; j < i; j++) {
      const a = Math.sign(first[i] - first[j])
      const b = Math.sign(second[i] - second[j])
      difference += a * b
      untiedFirst += a * a
      untiedSecond += b * b
    }
  }
  return untiedFirst === 0 || untiedSecond === 0 ? undefined : difference / Math.sqrt(untiedFirst * untiedSecond)
}

/** Share of prompts on which the policy's score beats the baseline's, ties counted half. Throws `empty` for none. */
export function winRate(policyScores: Numbers, baselineScores: Numbers): number {
  return pairAccuracy(policyScores, baselineScores).tiesHalf
}

/**
 * r̄ − λ·KL with the one-sample estimate KL = Σ_t (log π − log π_sft) over the tokens of each response.
 *
 * @param rewards [B] aggregated scores
 * @param logprobs [B][T] of the sampled tokens under the policy; ragged
 * @param sftLogprobs [B][T] under the starting policy
 */
export function klPenalisedRewards(
  rewards: Numbers,
  logprobs: readonly Numbers[],
  sftLogprobs: readonly Numbers[],
  options: { readonly lambda: number },
): { readonly kl: Float64Array; readonly rewards: Float64Array } {
  assertSameLength(rewards, 'rewards', logprobs, 'logprobs')
  assertSameLength(logprobs, 'logprobs', sftLogprobs, 'sftLogprobs')
  const kl = Float64Array.from(logprobs, (row, b) => {
    assertSameLength(row, `logprobs[${b}]`, sftLogprobs[b], `sftLogprobs[${b}]`)
    return sum(Float64Array.from(row, (value, t) => value - sftLogprobs[b][t]))
  })
  const penalised = kl.map((estimate, b) => rewards[b] - options.lambda * estimate)
  penalised.forEach((reward, b) => {
    if (!Number.isFinite(reward)) {
      throw new GuerdonError(
        'not_finite',
        `expected finite rewards and log-probabilities; response ${b} gives ${reward}`,
        {
          path: ['rewards', b],
        },
      )
    }
  })
  return { kl, rewards: penalised }
}
