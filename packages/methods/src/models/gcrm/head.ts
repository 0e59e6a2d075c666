import { assertInteger, assertOneOf, GuerdonError, type Random } from '@guerdon/core'
import { reshape, type Tensor } from '@guerdon/tensor'
import { type MlpLayer, mlp } from '../../shared/mlp.ts'

/**
 * `linear`: D → 1. `mlp`: D → ⌊D/2⌋ → ⌊D/2⌋ → D → 1 with ReLU, which keeps rewards from following the Q-values of the trunk (less
 * gaming) at about the same accuracy. No bias on the last layer of either.
 */
export const goalHeadKinds = ['linear', 'mlp'] as const
/** Name of a kind of reward head. */
export type GoalHeadKind = (typeof goalHeadKinds)[number]

/** Weights of one layer as numbers. */
export interface HeadWeights {
  /** [out][in] */
  readonly weight: Float64Array[]
  /** [out] */
  readonly bias?: Float64Array
}

/**
 * Initial weights of a reward head: every weight normal with deviation 1/(inputs + 1), as released; biases of hidden layers 0.
 * One normal draw a weight, layer by layer, row by row.
 *
 * @param width D of the hidden states
 */
export function initialGoalHead(
  width: number,
  random: Random,
  options: { readonly kind?: GoalHeadKind } = {},
): HeadWeights[] {
  const { kind = 'linear' } = options
  assertOneOf(kind, 'kind', goalHeadKinds)
  assertInteger(width, 'width', kind === 'mlp' ? 2 : 1)
  const half = Math.floor(width / 2)
  const sizes = kind === 'linear' ? [width, 1] : [width, half, half, width, 1]
  return sizes.slice(1).map((outputs, layer): HeadWeights => {
    const inputs = sizes[layer]
    const row = () => random.normals(inputs).map(value => value / (inputs + 1))
    const weight = Array.from({ length: outputs }, row)
    return layer === sizes.length - 2 ? { weight } : { weight, bias: new Float64Array(outputs) }
  })
}

/**
 * Rewards of B responses from the hidden state at the last position.
 *
 * @param hidden [B][D]
 * @param layers one for the linear head, four for the MLP
 * @returns [B]
 */
export function goalHead(hidden: Tensor, layers: readonly MlpLayer[]): Tensor {
  return reshape(mlp(hidden, layers, { activation: 'relu' }), [hidden.shape[0]])
}

/**
 * (r − mean)/std with the rewards' mean and deviation on an evaluation set, for scores that are to be compared or mixed. Off in
 * training.
 *
 * @throws invalid_option for a deviation that is not above 0
 */
export function normaliseReward(reward: number, scale: { readonly mean: number; readonly std: number }): number {
  if (scale.std > 0) return (reward - scale.mean) / scale.std
  throw new GuerdonError('invalid_option', `expected a standard deviation above 0; got ${scale.std}`, {
    path: ['std'],
    hint: 'score the evaluation set again: equal rewards have no scale',
  })
}
