import {
  add,
  arange,
  cast,
  div,
  expandDims,
  gather,
  less,
  log,
  matmul,
  maximum,
  mean,
  mul,
  neg,
  type Operand,
  reshape,
  sigmoid,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  where,
} from '@guerdon/tensor'
import { pairLoss } from '../../shared/pair-loss.ts'

/** Hidden states of B preference pairs, left-padded: the last position is the last token. */
export interface GoalStates {
  /** [B][T][D] */
  readonly chosen: Tensor
  readonly rejected: Tensor
}

/** `goalIndices` as tensors: int32 or float, [B][S] and [B][U]; negative positions count from the end. */
export interface GoalIndexTensors {
  readonly source: Tensor
  readonly goal: Tensor
  readonly chosen: Tensor
  readonly rejected: Tensor
}

/** Choices of the contrastive goal loss. */
export interface ContrastiveGoalOptions {
  /** Weight of the loss. Default 0.5. */
  readonly beta?: number
  /** `cosine`: all pairs of states; `cosineAverage`: goal (and rejected) states are averaged first. Default `cosine`. */
  readonly strategy?: 'cosine' | 'cosineAverage'
}

/**
 * Contrastive goal loss: β·(−log A − log(1 − B)) with A = mean σ(cos(source, goal)) over all S × S pairs of earlier and later
 * states of a chosen response, B = mean σ(cos(chosen, rejected)) over all U × U states of a pair's two responses.
 *
 * The logarithm of the mean, not the mean of logarithms; negatives come from the pair's own rejected response only. With
 * cosines in [−1, 1] the loss lies in β·[0.6265, 2.6265]. GCRM, arXiv 2407.13887; `ContrastiveGoalLoss` of
 * vaskarnathscale/goal-conditioned-rm.
 */
export function contrastiveGoalLoss(
  states: GoalStates,
  indices: GoalIndexTensors,
  options: ContrastiveGoalOptions = {},
): Tensor {
  const { beta = 0.5, strategy = 'cosine' } = options
  const joined = (x: Tensor) => (strategy === 'cosineAverage' ? mean(x, { axis: 1, keepDims: true }) : x)
  const similar = meanCosineLogit(pick(states.chosen, indices.source), joined(pick(states.chosen, indices.goal)))
  const dissimilar = meanCosineLogit(
    pick(states.chosen, indices.chosen),
    joined(pick(states.rejected, indices.rejected)),
  )
  return mul(neg(add(log(similar), log(sub(1, dissimilar)))), beta)
}

/** Preference loss plus contrastive loss. */
export interface GcrmLoss {
  readonly preference: Tensor
  readonly total: Tensor
}

/**
 * mean −log σ(r_c − r_r − margin) + contrastive loss, both through the whole trunk at every step.
 *
 * @param chosen [B] rewards at the last position
 * @param rejected [B]
 */
export function gcrmLoss(
  chosen: Tensor,
  rejected: Tensor,
  contrastive: Operand,
  options: { readonly margin?: Operand } = {},
): GcrmLoss {
  const preference = pairLoss(chosen, rejected, options)
  return { preference, total: add(preference, contrastive) }
}

function pick(states: Tensor, indices: Tensor): Tensor {
  const [batch, length, width] = states.shape
  const positions = cast(indices, 'int32')
  const absolute = where(less(positions, 0), add(positions, length), positions)
  const firstOfRow = expandDims(mul(arange(batch), length), { axis: 1 })
  return gather(reshape(states, [batch * length, width]), add(absolute, firstOfRow))
}

function meanCosineLogit(first: Tensor, second: Tensor): Tensor {
  return mean(sigmoid(matmul(unit(first), unit(second), { transposeB: true })))
}

function unit(x: Tensor): Tensor {
  return div(x, sqrt(maximum(sum(square(x), { axis: -1, keepDims: true }), 1e-16)))
}
