import { type ColumnName, numbers, type RolloutBatch, type Signal } from '@guerdon/core'
import { placeOnPolicyTokens, policyTokens, tokenValues } from '../shared/policy-tokens.ts'
import { noScore, type Unscored } from '../shared/reward-parts.ts'

/** An estimator of advantages and returns from rows of rewards, values and a mask, [B][T] each. */
export type CriticEstimator = (
  rewards: readonly Float64Array[],
  values: readonly Float64Array[],
  mask: readonly Uint8Array[],
) => { readonly advantages: readonly Float64Array[]; readonly returns: readonly Float64Array[] }

/**
 * `token.advantage` and `token.return` of a batch with `token.reward` and `token.value`, estimated on the policy tokens
 * of the rollouts in which every policy token has both; the others take no part in the statistics and abstain.
 */
export function criticColumns(batch: RolloutBatch, estimate: CriticEstimator): Record<ColumnName, Signal> {
  const positions = policyTokens(batch)
  const rewards = numbers(batch, 'token.reward')
  const values = numbers(batch, 'token.value')
  const usable = positions.flatMap((at, r) => {
    const [own, critic] = [tokenValues(rewards, at), tokenValues(values, at)]
    return own === undefined || critic === undefined ? [] : [{ r, rewards: own, values: critic }]
  })
  const { advantages, returns } = estimate(
    usable.map(row => row.rewards),
    usable.map(row => row.values),
    usable.map(row => new Uint8Array(row.rewards.length).fill(1)),
  )
  const place = (rows: readonly Float64Array[]): Signal => {
    const all = positions.map((): Float64Array | Unscored => noScore('a token has no reward or value'))
    usable.forEach(({ r }, i) => {
      all[r] = rows[i]
    })
    return placeOnPolicyTokens(batch, all, positions)
  }
  return { 'token.advantage': place(advantages), 'token.return': place(returns) }
}
