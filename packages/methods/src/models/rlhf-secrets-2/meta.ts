import {
  abs,
  add,
  expandDims,
  isTensor,
  lowerTriangle,
  mean,
  mul,
  sigmoid,
  stack,
  sub,
  sum,
  type Tensor,
  treeZip,
  valueAndGrad,
  where,
} from '@guerdon/tensor'

/**
 * How far a reward model separates k responses to one prompt (Eq. 11): J = (2/k²)·Σ_{i<j} σ(|r_i − r_j|). One response gives
 * 0; equal scores give (k − 1)/(2k), because σ(0) = ½, and no gradient.
 *
 * @param scores [k]
 */
export function scoreSpread(scores: Tensor): Tensor {
  const [count] = scores.shape
  const gaps = abs(sub(expandDims(scores, { axis: 1 }), expandDims(scores, { axis: 0 })))
  const above = lowerTriangle(count, count)
  return mul(sum(where(above, 0, sigmoid(gaps))), 2 / count ** 2)
}

/** Mean `scoreSpread` over prompts, whose numbers of responses may differ. */
export function meanScoreSpread(scoresByPrompt: readonly Tensor[]): Tensor {
  return mean(stack(scoresByPrompt.map(scoreSpread)))
}

/** The two objectives of a meta step as functions of the reward model's parameters. */
export interface MetaObjectives<P> {
  /** J on unlabelled responses of the current policy; to be raised. */
  readonly spread: (parameters: P) => Tensor
  /** Pair loss on labelled data; to be lowered. */
  readonly preference: (parameters: P) => Tensor
}

/** Step sizes of the meta step. */
export interface MetaStepOptions {
  /** η: step along ∇J before the loss is looked at. The paper names no value. */
  readonly eta: number
  /** α: step against the loss. The paper names no value. */
  readonly alpha: number
}

/** One meta step and everything it went through. */
export interface MetaStep<P> {
  readonly spread: Tensor
  readonly spreadGradient: P
  /** θ′ = θ + η·∇J(θ). */
  readonly lookahead: P
  /** Loss at θ′ and its gradient there. */
  readonly loss: Tensor
  readonly lossGradient: P
  /** θ − α·∇_{θ′}L(θ′). */
  readonly next: P
}

/**
 * One MetaRM update (Eq. 12–14): θ′ = θ + η·∇J(θ); θ ← θ − α·∇_{θ′}L(θ′). The gradient is taken at θ′ and applied to θ; first
 * order, nothing flows through θ′. Keeps a reward model apart on samples of a policy that has moved.
 *
 * @param parameters any tree of tensors
 */
export function metaStep<P>(parameters: P, objectives: MetaObjectives<P>, options: MetaStepOptions): MetaStep<P> {
  const { value: spread, gradient: rising } = valueAndGrad((p: P) => objectives.spread(p))(parameters)
  const spreadGradient = rising as P
  const lookahead = moved(parameters, spreadGradient, options.eta)
  const { value: loss, gradient } = valueAndGrad((p: P) => objectives.preference(p))(lookahead)
  const lossGradient = gradient as P
  return {
    spread,
    spreadGradient,
    lookahead,
    loss,
    lossGradient,
    next: moved(parameters, lossGradient, -options.alpha),
  }
}

function moved<P>(from: P, direction: P, step: number): P {
  return treeZip([from, direction], isTensor, ([value, slope]) => add(value, mul(slope, step))) as P
}
