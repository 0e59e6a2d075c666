import { assertInteger, assertOneOf } from '@guerdon/core'
import { cast, div, greater, maximum, mul, type Operand, sub, sum, type Tensor } from '@guerdon/tensor'
import { groupItems } from '../../shared/group-normalise.ts'
import { aggregateLoss, segmentSums, zeroMasked } from '../../shared/loss-aggregation.ts'

/** Choices of `entropyBonus`. */
export interface EntropyBonusOptions {
  /**
   * `trajectory`: mean over trajectories of the mean over their turns of the mean over tokens (paper). `token-mean` and
   * `seq-mean-token-mean` are the trainer's aggregations (released code). Default `trajectory`.
   */
  readonly aggregation?: 'trajectory' | 'token-mean' | 'seq-mean-token-mean'
  /** Trajectory of each row, needed by `trajectory`; every row its own when absent. */
  readonly trajectoryIds?: ArrayLike<string | number>
}

/**
 * L^H, the mean entropy that the loss pays for. Rows without tokens do not count.
 *
 * @param tokenEntropies [B][L] entropies of the current policy, nats; one row a turn
 * @param mask [B][L]
 */
export function entropyBonus(tokenEntropies: Tensor, mask: Tensor, options: EntropyBonusOptions = {}): Tensor {
  const { aggregation = 'trajectory' } = options
  assertOneOf(aggregation, 'aggregation', ['trajectory', 'token-mean', 'seq-mean-token-mean'])
  if (aggregation !== 'trajectory') return aggregateLoss(tokenEntropies, mask, { aggregation })
  const rows = tokenEntropies.shape[0]
  const { index, count } = groupItems(options.trajectoryIds ?? [...Array(rows).keys()])
  const lengths = sum(mask, { axis: -1 })
  const present = cast(greater(lengths, 0), tokenEntropies.dtype)
  const turnMeans = div(sum(zeroMasked(tokenEntropies, mask), { axis: -1 }), maximum(lengths, 1))
  const perTrajectory = (values: Tensor) => segmentSums(values, index, count)
  const turns = perTrajectory(present)
  const means = div(perTrajectory(turnMeans), maximum(turns, 1))
  const visited = cast(greater(turns, 0), tokenEntropies.dtype)
  return div(sum(means), maximum(sum(visited), 1))
}

/** The terms of EPO's loss: numbers or scalar graphs. */
export interface EpoTerms {
  readonly policyLoss: Operand
  /** L^H. */
  readonly entropy: Operand
  /** L^smooth. */
  readonly smoothPenalty: Operand
}

/** Weights of EPO's loss. */
export interface EpoWeights {
  /** λ. Default 0.001. */
  readonly entropyCoef?: number
  /** c. Default 1. */
  readonly smoothCoef?: number
  /** β_k of the iteration. Default 1. */
  readonly phaseWeight?: number
}

/** L = L_policy − λ·(L^H − c·β·L^smooth): entropy is paid for, leaving the corridor is charged. */
export function epoLoss(terms: EpoTerms, weights: EpoWeights = {}): Tensor {
  const { entropyCoef = 0.001, smoothCoef = 1, phaseWeight = 1 } = weights
  const regulariser = sub(terms.entropy, mul(terms.smoothPenalty, smoothCoef * phaseWeight))
  return sub(terms.policyLoss, mul(regulariser, entropyCoef))
}

/**
 * Weight of the smoothing term at update k of K: β_k = 1 + exp(−γ·k/k_mid), k_mid = max(1, ⌊K/2⌋). It falls from 2 to
 * 1 + e^{−2γ}.
 */
export function phaseWeight(step: number, options: { readonly totalSteps: number; readonly gamma?: number }): number {
  const { totalSteps, gamma = 1 } = options
  assertInteger(step, 'step')
  assertInteger(totalSteps, 'totalSteps')
  return 1 + Math.exp((-gamma * step) / Math.max(1, Math.floor(totalSteps / 2)))
}

/**
 * The released weight, at most 1 and of the opposite magnitude: with half = ⌊`maxEpochs`/2⌋, 1 − 0.2(1 − e^{−2e/half}) up to
 * half, then 0.8·e^{−3(e−half)/(maxEpochs−half)}; it jumps from 0.827 to about 0.77 at the switch. The epoch is clamped to
 * [0, maxEpochs]; `maxEpochs` ≤ 0 gives 1. The release hard-codes 150.
 */
export function releasedPhaseWeight(epoch: number, options: { readonly maxEpochs?: number } = {}): number {
  const { maxEpochs = 150 } = options
  if (maxEpochs <= 0) return 1
  const half = Math.floor(maxEpochs / 2)
  const at = Math.min(Math.max(epoch, 0), maxEpochs)
  if (at <= half) return half === 0 ? 1 : 1 - 0.2 * (1 - Math.exp((-2 * at) / half))
  return 0.8 * Math.exp((-3 * (at - half)) / (maxEpochs - half))
}
