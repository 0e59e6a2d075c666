import { assertFinite, assertInteger, assertSameLength, assertSameRagged, GuerdonError } from '@guerdon/core'
import { groupNormalise } from '../../shared/group-normalise.ts'

type Rows = readonly ArrayLike<number>[]

/** One batch of responses, row by row; every row has the prompt's tokens masked out. */
export interface PolicyBatch {
  /** [B] shaped reward of each response. */
  readonly rewards: ArrayLike<number>
  /** [B][T] log-probabilities under the policy that sampled, and under the reference policy. */
  readonly logprobs: Rows
  readonly refLogprobs: Rows
  /** [B][T] critic values. */
  readonly values: Rows
  /** [B][T] 1 on response tokens. */
  readonly mask: Rows
}

/** Choices of the advantage computation. */
export interface PolicyAdvantageOptions {
  /** β of the per-token penalty −β·(log π − log π_ref). Default 0.005. */
  readonly klCoefficient?: number
  /** γ. Default 1. */
  readonly discount?: number
  /** λ of the advantage estimator. Default 0.95. */
  readonly lambda?: number
}

/** Token rewards, advantages and returns of a batch. */
export interface PolicyAdvantages {
  /** [B][T] −β·(log π − log π_ref) on response tokens, plus the reward on the last one. */
  readonly tokenRewards: Float64Array[]
  /** [B][T] whitened over all response tokens of the batch. */
  readonly advantages: Float64Array[]
  /** [B][T] discounted reward-to-go. */
  readonly returns: Float64Array[]
}

/**
 * Token rewards, advantages and value targets as PAR's PPO computes them.
 *
 * Differs from the usual estimator in three ways: masked tokens keep their place in the recursion with reward and value 0
 * (a gap inside a response decays the estimate by γλ); the value target is the plain discounted reward-to-go, not
 * advantage + value; whitening is (A − μ)/√(var + 1e-8) with the population variance over all response tokens.
 * `trainers/ppo_trainer.py` of PorUna-byte/PAR.
 *
 * @throws invalid_input for a response without tokens (the reward has no place)
 */
export function policyAdvantages(batch: PolicyBatch, options: PolicyAdvantageOptions = {}): PolicyAdvantages {
  const { klCoefficient = 0.005, discount = 1, lambda = 0.95 } = options
  assertSameLength(batch.mask, 'mask', batch.rewards, 'rewards')
  assertFinite(batch.rewards, 'rewards')
  assertSameRagged(batch.logprobs, 'logprobs', batch.mask, 'mask')
  assertSameRagged(batch.refLogprobs, 'refLogprobs', batch.mask, 'mask')
  assertSameRagged(batch.values, 'values', batch.mask, 'mask')
  const tokenRewards = batch.mask.map((mask, b) => {
    const row = new Float64Array(mask.length)
    let last = -1
    for (let t = 0; t < mask.length; t++) {
      if (!mask[t]) continue
      row[t] = klCoefficient * (batch.refLogprobs[b][t] - batch.logprobs[b][t])
      last = t
    }
    if (last < 0) {
      throw new GuerdonError('invalid_input', `expected at least one response token; response ${b} has none`, {
        path: ['mask', b],
        hint: 'leave the response out of the batch',
      })
    }
    row[last] += batch.rewards[b]
    assertFinite(row, 'tokenRewards', ['tokenRewards', b])
    return row
  })
  const returns: Float64Array[] = []
  const advantages = tokenRewards.map((rewards, b) => {
    const mask = batch.mask[b]
    const row = new Float64Array(rewards.length)
    const toGo = new Float64Array(rewards.length)
    let advantage = 0
    let following = 0
    let next = 0
    for (let t = rewards.length - 1; t >= 0; t--) {
      const value = mask[t] ? batch.values[b][t] : 0
      advantage = rewards[t] + discount * next - value + discount * lambda * advantage
      following = rewards[t] + discount * following
      next = value
      if (mask[t]) {
        row[t] = advantage
        toGo[t] = following
      }
    }
    returns.push(toGo)
    return row
  })
  whiten(advantages, batch.mask)
  return { tokenRewards, advantages, returns }
}

/** (x − μ)/√(var + 1e-8) over masked entries, population variance; in place. */
function whiten(rows: readonly Float64Array[], mask: Rows): void {
  let count = 0
  let total = 0
  rows.forEach((row, b) => {
    for (let t = 0; t < row.length; t++) {
      if (!mask[b][t]) continue
      count++
      total += row[t]
    }
  })
  const centre = total / count
  let squares = 0
  rows.forEach((row, b) => {
    for (let t = 0; t < row.length; t++) if (mask[b][t]) squares += (row[t] - centre) ** 2
  })
  const scale = 1 / Math.sqrt(squares / count + 1e-8)
  rows.forEach((row, b) => {
    for (let t = 0; t < row.length; t++) if (mask[b][t]) row[t] = (row[t] - centre) * scale
  })
}

/**
 * Group-relative advantages as PAR's GRPO computes them: (r − mean)/(std + 1e-8) with the sample deviation over groups of
 * consecutive responses; equal rewards and groups of one give 0.
 *
 * @param rewards [G·groupSize]
 * @throws shape_mismatch when the batch is not a whole number of groups
 */
export function groupAdvantages(
  rewards: ArrayLike<number>,
  options: { readonly groupSize?: number } = {},
): Float64Array {
  const { groupSize = 5 } = options
  assertInteger(groupSize, 'groupSize', 1)
  if (rewards.length % groupSize !== 0) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected a whole number of groups of ${groupSize}; got ${rewards.length} rewards`,
      { path: ['rewards'] },
    )
  }
  const index = Int32Array.from({ length: rewards.length }, (_, i) => Math.floor(i / groupSize))
  const grouping = { index, count: rewards.length / groupSize }
  return groupNormalise(rewards, grouping, { ddof: 1, epsilon: 1e-8 })
}
