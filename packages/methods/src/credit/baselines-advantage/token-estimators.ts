import { assertFinite, assertOneOf, assertProbability, assertSameLength } from '@guerdon/core'
import { type GaeOptions, generalizedAdvantagesWithMoments } from '../../shared/gae.ts'
import type { Grouping } from '../../shared/group-normalise.ts'
import { maskedWhiten } from '../../shared/masked.ts'
import { assertRows, broadcastRows, type FloatArray, type RaggedRows, rowCount } from '../../shared/ragged.ts'
import { drGrpo, type GroupOptions } from './group-estimators.ts'

/** Token advantages and the returns they were made of. */
export interface TokenAdvantages {
  /** [T] */
  readonly advantages: FloatArray
  /** [T] */
  readonly returns: FloatArray
}

/** Choices of `gae`. */
export interface WhitenedGaeOptions extends GaeOptions {
  /** Set masked entries of the whitened advantages to 0; false leaves them transformed, as verl does. Default true. */
  readonly zeroMasked?: boolean
  /** Keep a copy of the advantages before whitening. Default false. */
  readonly keepRaw?: boolean
}

/** GAE after whitening, and before it when asked for. */
export interface WhitenedGae extends TokenAdvantages {
  /** [T] before whitening, with `keepRaw`. */
  readonly rawAdvantages?: FloatArray
}

/**
 * GAE as trainers use it: `generalizedAdvantages`, then whitened over all policy tokens of the batch; returns = raw
 * advantages + values (Schulman et al. 2016; PPO in verl's `core_algos.py`).
 *
 * @throws empty for fewer than two policy tokens
 */
export function gae(
  rewards: FloatArray,
  values: FloatArray,
  rows: RaggedRows,
  options: WhitenedGaeOptions = {},
): WhitenedGae {
  const { zeroMasked = true, keepRaw = false } = options
  const { advantages, returns, moments } = generalizedAdvantagesWithMoments(rewards, values, rows, options)
  const rawAdvantages = keepRaw ? advantages.slice() : undefined
  maskedWhiten(advantages, rows.mask, { zeroMasked, out: advantages, known: moments })
  return { advantages, returns, ...(rawAdvantages && { rawAdvantages }) }
}

/** Choices of `reinforcePlusPlus`. */
export interface ReinforcePlusPlusOptions {
  /** Discount γ in [0, 1]. Default 1. */
  readonly gamma?: number
  /**
   * What a hole in the mask (tool output) does to the return of the tokens before it. `skip`: it is passed over. `reset`:
   * the return starts again at 0, so nothing right of the hole reaches the tokens left of it (verl). Default `skip`.
   */
  readonly maskHoles?: 'skip' | 'reset'
}

/**
 * REINFORCE++: the discounted return-to-go of every token, whitened over the batch's policy tokens, masked tokens 0 (Hu et
 * al. 2025, arXiv 2501.03262). It needs neither critic nor groups.
 *
 * With `maskHoles: 'reset'` returns on masked tokens hold their own reward plus what follows, as in verl; with `skip` they
 * hold what is carried across, and a reward on a masked token is lost.
 */
export function reinforcePlusPlus(
  rewards: FloatArray,
  rows: RaggedRows,
  options: ReinforcePlusPlusOptions = {},
): TokenAdvantages {
  const { gamma = 1, maskHoles = 'skip' } = options
  assertProbability(gamma, 'gamma')
  assertOneOf(maskHoles, 'maskHoles', ['skip', 'reset'])
  assertRows(rewards, 'rewards', rows)
  const { offsets, mask } = rows
  const reset = maskHoles === 'reset'
  const returns = new Float64Array(rewards.length)
  for (let r = 0; r < rowCount(rows); r++) {
    let running = 0
    for (let t = offsets[r + 1] - 1; t >= offsets[r]; t--) {
      if (mask === undefined || mask[t] !== 0) {
        running = rewards[t] + gamma * running
        returns[t] = running
      } else if (reset) {
        returns[t] = rewards[t] + gamma * running
        running = 0
      } else returns[t] = running
    }
  }
  return { returns, advantages: maskedWhiten(returns, mask).values }
}

/**
 * REINFORCE++-baseline: sᵢ − mean_g on every token, whitened over the batch's policy tokens (long responses weigh more),
 * masked tokens 0 (arXiv 2501.03262).
 *
 * @param scores [R]
 * @returns [T]
 */
export function reinforcePlusPlusBaseline(
  scores: ArrayLike<number>,
  groups: Grouping,
  rows: RaggedRows,
  options: GroupOptions = {},
): FloatArray {
  const spread = broadcastRows(drGrpo(scores, groups, options), rows)
  return maskedWhiten(spread, rows.mask, { out: spread }).values
}

/**
 * ReMax: Aₜ = Σ_{k ≥ t} rₖmₖ − bᵢ, with bᵢ the score of the greedy response to the same prompt (Li et al. 2023, arXiv
 * 2310.10505).
 *
 * @param baselines [R] score of the greedy response
 * @param options.zeroMasked masked tokens 0; false leaves their return, without baseline, as verl does. Default true
 */
export function remax(
  rewards: FloatArray,
  baselines: ArrayLike<number>,
  rows: RaggedRows,
  options: { readonly zeroMasked?: boolean } = {},
): TokenAdvantages {
  const { zeroMasked = true } = options
  assertRows(rewards, 'rewards', rows)
  assertSameLength({ length: rowCount(rows) }, 'rows', baselines, 'baselines')
  assertFinite(baselines, 'baselines')
  const { offsets, mask } = rows
  const returns = new Float64Array(rewards.length)
  const advantages = new Float64Array(rewards.length)
  for (let r = 0; r < rowCount(rows); r++) {
    let running = 0
    for (let t = offsets[r + 1] - 1; t >= offsets[r]; t--) {
      const taken = mask === undefined || mask[t] !== 0
      if (taken) running += rewards[t]
      returns[t] = running
      advantages[t] = taken ? running - baselines[r] : zeroMasked ? 0 : running
    }
  }
  return { advantages, returns }
}
