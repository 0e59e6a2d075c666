import {
  type ColumnName,
  defineStage,
  numbers,
  type RolloutBatch,
  type Signal,
  type StageDefinition,
} from '@guerdon/core'
import type * as z from 'zod'
import { placeOnPolicyTokens, policyTokens, tokenValues } from '../shared/policy-tokens.ts'
import { isUnscored, type Unscored } from '../shared/reward-parts.ts'

/** An estimator of advantages and returns from rows of rewards, values and a mask, [B][T] each. */
export type CriticEstimator = (
  rewards: readonly Float64Array[],
  values: readonly Float64Array[],
  mask: readonly Uint8Array[],
) => { readonly advantages: readonly Float64Array[]; readonly returns: readonly Float64Array[] }

/**
 * `token.advantage` and `token.return` of a batch with `token.reward` and `token.value`, estimated on the policy tokens
 * of the rollouts in which every policy token has both; the others take no part in the statistics, and their tokens get the
 * outcome of the first token without one.
 */
function criticColumns(batch: RolloutBatch, estimate: CriticEstimator): Record<ColumnName, Signal> {
  const positions = policyTokens(batch)
  const rewards = numbers(batch, 'token.reward')
  const values = numbers(batch, 'token.value')
  const usable: { readonly r: number; readonly rewards: Float64Array; readonly values: Float64Array }[] = []
  const unscored: (Unscored | undefined)[] = positions.map((at, r) => {
    const own = tokenValues(rewards, at)
    const critic = tokenValues(values, at)
    if (isUnscored(own)) return own
    if (isUnscored(critic)) return critic
    usable.push({ r, rewards: own, values: critic })
    return undefined
  })
  const { advantages, returns } = estimate(
    usable.map(row => row.rewards),
    usable.map(row => row.values),
    usable.map(row => new Uint8Array(row.rewards.length).fill(1)),
  )
  const place = (rows: readonly Float64Array[]): Signal => {
    const all = unscored.map((outcome): Float64Array | Unscored => outcome ?? new Float64Array())
    usable.forEach(({ r }, i) => {
      all[r] = rows[i]
    })
    return placeOnPolicyTokens(batch, all, positions)
  }
  return { 'token.advantage': place(advantages), 'token.return': place(returns) }
}

/** What tells one estimator stage from another. */
export interface CriticStage<Options> {
  readonly name: string
  readonly options: z.ZodType<Options>
  estimate(options: Options): CriticEstimator
}

/** A stage that turns `token.reward` and `token.value` into whitened `token.advantage`, and `token.return`. Stateless. */
export function criticStage<Options>({
  name,
  options,
  estimate,
}: CriticStage<Options>): StageDefinition<Options, null> {
  return defineStage<Options, null>({
    name,
    about: 'generalised advantages of token rewards, whitened over the policy tokens of the batch',
    options,
    reads: () => [
      { name: 'token.reward', kind: 'number', about: 'reward of each policy token' },
      { name: 'token.value', kind: 'number', about: "critic's value of each policy token" },
      { name: 'token.mask', kind: 'number', about: '1 on tokens the policy wrote', optional: true },
    ],
    writes: () => [
      { name: 'token.advantage', kind: 'number', about: 'whitened advantage' },
      { name: 'token.return', kind: 'number', about: 'unwhitened advantage plus value: the target of the critic' },
    ],
    initial: () => null,
    apply: (batch, state, chosen) => ({ columns: criticColumns(batch, estimate(chosen)), state }),
  })
}
