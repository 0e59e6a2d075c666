import { assertOneOf, assertSameLength } from '@guerdon/core'
import { constant, gather, mean, mul, ndarray, softplus, sub, sum, type Tensor } from '@guerdon/tensor'
import { groupItems } from '../../shared/group-normalise.ts'
import { segmentSums, zeroMasked } from '../../shared/loss-aggregation.ts'

/** The rows of a batch of turns. All arrays have one entry a row. */
export interface StepRowsLayout {
  readonly trajectoryIds: ArrayLike<string | number>
  readonly groupIds: ArrayLike<string | number>
  /** Reward of the trajectory, repeated on its rows. */
  readonly trajectoryRewards: ArrayLike<number>
  /** 0 for rows to ignore. All when absent. */
  readonly active?: ArrayLike<number>
}

/** Which trajectories are compared. */
export interface TrajectoryPairs {
  /** Trajectory of each row, −1 for ignored rows. */
  readonly trajectoryOfRow: Int32Array
  /** Number of trajectories. */
  readonly trajectories: number
  /** Rows of each trajectory. */
  readonly lengths: Int32Array
  /** Preferred trajectory of each pair. */
  readonly better: Int32Array
  readonly worse: Int32Array
}

/**
 * Pairs of trajectories of one group: `ordered` takes every pair with strictly different rewards, `success-failure` every
 * success (reward > 0) with every failure (≤ 0). Order: group by group, better trajectory, then worse.
 */
export function trajectoryPairs(
  layout: StepRowsLayout,
  options: { readonly rule?: 'ordered' | 'success-failure' } = {},
): TrajectoryPairs {
  const { rule = 'ordered' } = options
  assertOneOf(rule, 'rule', ['ordered', 'success-failure'])
  const { trajectoryIds, groupIds, trajectoryRewards, active } = layout
  assertSameLength(trajectoryIds, 'trajectoryIds', groupIds, 'groupIds')
  assertSameLength(trajectoryIds, 'trajectoryIds', trajectoryRewards, 'trajectoryRewards')
  const rows = [...Array(trajectoryIds.length).keys()].filter(i => !active || active[i])
  const { index, count } = groupItems(rows.map(i => JSON.stringify([groupIds[i], trajectoryIds[i]])))
  const trajectoryOfRow = new Int32Array(trajectoryIds.length).fill(-1)
  const lengths = new Int32Array(count)
  const rewards = new Float64Array(count)
  const groups: (string | number)[] = []
  rows.forEach((i, k) => {
    trajectoryOfRow[i] = index[k]
    lengths[index[k]]++
    rewards[index[k]] = trajectoryRewards[i]
    groups[index[k]] = groupIds[i]
  })
  const better: number[] = []
  const worse: number[] = []
  const members = new Map<string | number, number[]>()
  groups.forEach((group, trajectory) => {
    const list = members.get(group)
    if (list) list.push(trajectory)
    else members.set(group, [trajectory])
  })
  for (const list of members.values()) {
    for (const a of list) {
      for (const b of list) {
        const preferred = rule === 'ordered' ? rewards[a] > rewards[b] : rewards[a] > 0 && rewards[b] <= 0
        if (!preferred) continue
        better.push(a)
        worse.push(b)
      }
    }
  }
  return {
    trajectoryOfRow,
    trajectories: count,
    lengths,
    better: Int32Array.from(better),
    worse: Int32Array.from(worse),
  }
}

/** Choices of `trajectoryDpoLoss`. */
export interface TrajectoryDpoOptions {
  /** β. Default 0.05. */
  readonly beta?: number
  /** Score of a trajectory: the sum over its steps (paper) or their mean (released code). Default `sum`. */
  readonly score?: 'sum' | 'mean'
}

/**
 * Trajectory-level preference loss of the implicit reward model: mean over pairs of −log σ(Q⁺ − Q⁻) with
 * Q(τ) = β Σ_t Σ_k q_{t,k} (or its mean over steps). Evaluated as softplus(Q⁻ − Q⁺), which does not underflow. No pair: 0,
 * without gradient; skip the update.
 *
 * @param tokenLogRatio [rows][L] log π_φ − log π_old
 * @param mask [rows][L]
 */
export function trajectoryDpoLoss(
  tokenLogRatio: Tensor,
  mask: Tensor,
  pairs: TrajectoryPairs,
  options: TrajectoryDpoOptions = {},
): Tensor {
  const { beta = 0.05, score = 'sum' } = options
  assertOneOf(score, 'score', ['sum', 'mean'])
  const stepRewards = mul(sum(zeroMasked(tokenLogRatio, mask), { axis: -1 }), beta)
  if (pairs.better.length === 0) return mul(sum(stepRewards), 0)
  const weights = Float64Array.from(pairs.trajectoryOfRow, trajectory => {
    if (trajectory < 0) return 0
    return score === 'mean' ? 1 / pairs.lengths[trajectory] : 1
  })
  const weighted = mul(stepRewards, constant(ndarray(weights)))
  const segments = pairs.trajectoryOfRow.map(trajectory => Math.max(0, trajectory))
  const scores = segmentSums(weighted, segments, pairs.trajectories)
  const better = gather(scores, constant(ndarray(pairs.better)), { axis: 0 })
  const worse = gather(scores, constant(ndarray(pairs.worse)), { axis: 0 })
  return mean(softplus(sub(worse, better)))
}

/**
 * PRIME's cross-entropy for an implicit reward model, the rival of the preference loss: −log σ(β Σ q) for rows labelled 1 and
 * −log(1 − σ(β Σ q)) for rows labelled 0, mean over rows.
 *
 * @param labels [rows] 0 or 1
 */
export function implicitPrmCrossEntropy(
  tokenLogRatio: Tensor,
  mask: Tensor,
  labels: Tensor,
  options: { readonly beta?: number } = {},
): Tensor {
  const { beta = 0.05 } = options
  const logits = mul(sum(zeroMasked(tokenLogRatio, mask), { axis: -1 }), beta)
  return mean(sub(softplus(logits), mul(labels, logits)))
}
