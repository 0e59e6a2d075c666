import { assertInRange, GuerdonError, sigmoid } from '@guerdon/core'
import { add, matmul, mul, reshape, slice, type Tensor } from '@guerdon/tensor'

/**
 * How the three outputs z of the head meet the rewards: `additive-unit-primary` z₁ + r_p + z₃·r_aux (gridworld,
 * CartPole), `weighted-primary` z₁ + z₂·r_p + z₃·r_aux (MountainCar), `unit-offset` (z₁ − 1) + r_p + z₃·r_aux (MuJoCo:
 * three free scalars that start at 1).
 */
export type AlignmentVariant = 'additive-unit-primary' | 'weighted-primary' | 'unit-offset'

/** Parameters φ: z = weight·x + bias, `[3][D]` and `[3]`; D = 0 (no weight) for free scalars. */
export interface RewardParameters {
  readonly weight?: Tensor
  readonly bias: Tensor
}

/** The same as numbers. */
export interface RewardWeights {
  /** [3][D] */
  readonly weight?: readonly ArrayLike<number>[] | undefined
  /** [3] */
  readonly bias: ArrayLike<number>
}

/** The head at one state. */
export interface AlignedReward {
  readonly reward: number
  /** φ₁(x): offset. */
  readonly offset: number
  /** Weight of the primary reward. */
  readonly primaryWeight: number
  /** φ₃(x): weight of the heuristic. */
  readonly auxiliaryWeight: number
}

/**
 * Behaviour-alignment reward of one step.
 *
 * @param features [D] of the state
 * Source: Gupta et al. 2023, section 4; `Alignment_Reward.forward` (whose tanh copies and z₂ are not used in the first
 * variant).
 */
export function alignedReward(
  weights: RewardWeights,
  features: ArrayLike<number>,
  primary: number,
  auxiliary: number,
  options: { readonly variant?: AlignmentVariant } = {},
): AlignedReward {
  const { variant = 'additive-unit-primary' } = options
  const z = [0, 1, 2].map(k => {
    let value = weights.bias[k]
    const row = weights.weight?.[k]
    if (row) {
      if (row.length !== features.length)
        throw new GuerdonError('shape_mismatch', `expected ${row.length} features; got ${features.length}`, {
          path: ['features'],
        })
      for (let d = 0; d < row.length; d++) value += row[d] * features[d]
    }
    return value
  })
  const offset = variant === 'unit-offset' ? z[0] - 1 : z[0]
  const primaryWeight = variant === 'weighted-primary' ? z[1] : 1
  return {
    reward: offset + primaryWeight * primary + z[2] * auxiliary,
    offset,
    primaryWeight,
    auxiliaryWeight: z[2],
  }
}

/** g at the start of training: γ_ϕ = 0.990. */
export const initialGammaParameter = 4.6

/** γ_ϕ = σ(g); g = 4.6 gives 0.990. Keep g bounded (`boundedGammaParameter`): far out its gradient is gone. */
export function alignedGamma(parameter: number): number {
  assertInRange(parameter, 'parameter', -Number.MAX_VALUE, Number.MAX_VALUE)
  return sigmoid(parameter)
}

/** g kept in [−bound, bound] (default 8), where γ_ϕ can still learn. Apply after every outer step. */
export function boundedGammaParameter(parameter: number, bound = 8): number {
  return Math.min(bound, Math.max(-bound, parameter))
}

/** Aligned rewards as a graph. @param features [B][H][D] @param primary [B][H] @param auxiliary [B][H] */
export function alignedRewards(
  parameters: RewardParameters,
  features: Tensor,
  primary: Tensor,
  auxiliary: Tensor,
  options: { readonly variant?: AlignmentVariant } = {},
): Tensor {
  const { variant = 'additive-unit-primary' } = options
  const [batch, horizon, width] = features.shape
  const output = (k: number) => {
    const bias = slice(parameters.bias, { starts: [k], ends: [k + 1] })
    if (!parameters.weight) return bias
    const row = slice(parameters.weight, { starts: [k], ends: [k + 1] })
    const product = matmul(reshape(features, [batch * horizon, width]), row, { transposeB: true })
    return add(reshape(product, [batch, horizon]), bias)
  }
  const offset = variant === 'unit-offset' ? add(output(0), -1) : output(0)
  const own = variant === 'weighted-primary' ? mul(output(1), primary) : primary
  return add(add(offset, own), mul(output(2), auxiliary))
}
