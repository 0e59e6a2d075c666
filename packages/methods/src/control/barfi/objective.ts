import {
  add,
  div,
  exp,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  oneHot,
  reshape,
  sigmoid,
  slice,
  squeeze,
  stack,
  stopGradient,
  sum,
  type Tensor,
} from '@guerdon/tensor'
import { type AlignmentVariant, alignedRewards, type RewardParameters } from './reward-head.ts'

/** Padded trajectories: B of them, padded to H steps. */
export interface TrajectoryBatch {
  /** [B][H][D] */
  readonly features: Tensor
  /** [B][H] int32 for discrete policies, [B][H][A] for continuous ones; read by the policy only. */
  readonly actions: Tensor
  /** [B][H] */
  readonly primary: Tensor
  readonly auxiliary: Tensor
  /** [B][H] 1 for real steps, 0 for padding. */
  readonly mask: Tensor
}

/** What a policy says of a batch. */
export interface PolicyView {
  /** [B][H] log π of the actions taken. */
  readonly logProb: Tensor
  /** [B][H] entropy of the policy at each state. */
  readonly entropy: Tensor
}

/** A policy as a graph, so that it can be differentiated twice. */
export type Policy<Parameters> = (parameters: Parameters, batch: TrajectoryBatch) => PolicyView

/** Which reward the objective is about. */
export type BarfiMode = 'primary' | 'naive' | 'aligned'

/** φ and g. */
export interface AlignmentParameters {
  readonly reward: RewardParameters
  /** [1] g, with γ_ϕ = σ(g). */
  readonly gamma: Tensor
}

/** What is subtracted from returns [B][H]; differentiated through unless it stops the gradient. */
export type ReturnBaselineOf = (returns: Tensor, batch: TrajectoryBatch) => Tensor

/** Choices of the objective. */
export interface ObjectiveOptions {
  readonly mode: BarfiMode
  /** Fixed γ of the primary mode. Default 0.99. */
  readonly primaryGamma?: number
  /** Weight of the mean entropy. Default 0 (0.25 in the gridworld's inner loop). */
  readonly entropyCoefficient?: number
  /** Let φ and g be constants: the inner loop. Default false: the outer step differentiates through the returns. */
  readonly detach?: boolean
  readonly variant?: AlignmentVariant
  /** [B][H] subtracted from the returns (MuJoCo variant: a running mean), or what makes it of them. */
  readonly baseline?: Tensor | ReturnBaselineOf
}

/**
 * Policy objective J, to be *maximised*: mean_b [(1/H)·Σ_t mask·log π(a_t|x_t)·R_t] + c·H̄, R_t = r_t + γR_{t+1}
 * backwards over the padded length with masked rewards, H̄ the mean entropy over real steps. Divided by the padded H,
 * not the episode's length; no γ^t in front; nothing corrects for old data.
 *
 * Modes: *primary* r_p with a fixed γ; *naive* r_p + r_aux with the learned γ held fixed; *aligned* r_φ with γ_ϕ.
 *
 * Source: Gupta et al. 2023, eq. (5)–(6); `get_policy_loss`.
 */
export function policyObjective(
  view: PolicyView,
  batch: TrajectoryBatch,
  alignment: AlignmentParameters,
  options: ObjectiveOptions,
): Tensor {
  const { entropyCoefficient = 0, baseline } = options
  const returns = discountedRewards(batch, alignment, options)
  const subtracted = typeof baseline === 'function' ? baseline(returns, batch) : baseline
  const centred = subtracted ? add(returns, neg(subtracted)) : returns
  const policy = mean(mul(mul(batch.mask, view.logProb), centred))
  if (entropyCoefficient === 0) return policy
  const entropy = div(sum(mul(view.entropy, batch.mask)), sum(batch.mask))
  return add(policy, mul(entropy, entropyCoefficient))
}

/** [B][H] returns of the chosen mode. */
export function discountedRewards(
  batch: TrajectoryBatch,
  alignment: AlignmentParameters,
  options: Pick<ObjectiveOptions, 'mode' | 'primaryGamma' | 'detach' | 'variant'>,
): Tensor {
  const { mode, primaryGamma = 0.99, detach = false } = options
  if (mode === 'primary') return backwardSums(mul(batch.primary, batch.mask), primaryGamma)
  const gamma = sigmoid(alignment.gamma)
  const reward =
    mode === 'naive'
      ? add(batch.primary, batch.auxiliary)
      : alignedRewards(alignment.reward, batch.features, batch.primary, batch.auxiliary, options)
  const hold = detach || mode === 'naive'
  return backwardSums(mul(hold ? stopGradient(reward) : reward, batch.mask), hold ? stopGradient(gamma) : gamma)
}

/** R_t = r_t + γR_{t+1} along the second axis. */
function backwardSums(rewards: Tensor, gamma: Tensor | number): Tensor {
  const horizon = rewards.shape[1]
  const at = (t: number) => squeeze(slice(rewards, { starts: [t], ends: [t + 1], axes: [1] }), { axis: 1 })
  const columns: Tensor[] = [at(horizon - 1)]
  for (let t = horizon - 2; t >= 0; t--) columns.unshift(add(at(t), mul(columns[0], gamma)))
  return stack(columns, { axis: 1 })
}

/** Weights of a linear softmax policy. */
export interface LinearSoftmax {
  /** [A][D] */
  readonly weight: Tensor
  /** [A] */
  readonly bias: Tensor
}

/** Linear softmax over features, for discrete actions. */
export const linearSoftmaxPolicy: Policy<LinearSoftmax> = (parameters, batch) => {
  const [count, horizon, width] = batch.features.shape
  const actions = parameters.weight.shape[0]
  const flat = reshape(batch.features, [count * horizon, width])
  const logits = add(matmul(flat, parameters.weight, { transposeB: true }), parameters.bias)
  const all = reshape(logSoftmax(logits), [count, horizon, actions])
  return {
    logProb: sum(mul(all, oneHot(batch.actions, { depth: actions })), { axis: -1 }),
    entropy: neg(sum(mul(exp(all), all), { axis: -1 })),
  }
}
