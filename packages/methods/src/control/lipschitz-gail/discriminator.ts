import { GuerdonError } from '@guerdon/core'
import {
  add,
  clip,
  concat,
  div,
  exp,
  gradients,
  greater,
  log,
  logSigmoid,
  matmul,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  reshape,
  sigmoid,
  softplus,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
} from '@guerdon/tensor'
import { type MlpLayer, mlp } from '../../shared/mlp.ts'

/** Layers of the discriminator: two hidden ones and a head of one output; input is observation then action. */
export type Discriminator = readonly MlpLayer[]

/** Choices of the discriminator. */
export interface DiscriminatorOptions {
  /** Slope of the LeakyReLU. Default 0.1. */
  readonly leak?: number
  /** Observations are clamped to ±this; beyond it the gradient is 0. Default 5. */
  readonly observationClamp?: number
  /** [hidden layers] left and right singular vectors of each weight, for spectral normalisation; none when absent. */
  readonly spectral?: readonly SpectralVectors[]
}

/** Current estimates of a weight's leading singular vectors, `[out]` and `[in]`, from power iteration. */
export interface SpectralVectors {
  readonly left: Tensor
  readonly right: Tensor
}

/**
 * Logit D(s, a) `[B]`: concat(clamp(s), a) through LeakyReLU layers. No sigmoid: the penalty and the reward are on the
 * logit.
 * @param observations [B][S] @param actions [B][A] (or next observations, for state pairs)
 */
export function discriminatorLogit(
  discriminator: Discriminator,
  observations: Tensor,
  actions: Tensor,
  options: DiscriminatorOptions = {},
): Tensor {
  const { leak = 0.1, observationClamp = 5, spectral } = options
  const clamped = clip(observations, { minimum: -observationClamp, maximum: observationClamp })
  const layers = spectral ? discriminator.map((layer, i) => normalised(layer, spectral[i])) : discriminator
  const output = mlp(concat([clamped, actions], { axis: -1 }), layers, { activation: 'leakyRelu', slope: leak })
  return reshape(output, [observations.shape[0]])
}

/** W / (uᵀ·W·v): the weight divided by its spectral norm, u and v held fixed. */
function normalised(layer: MlpLayer, vectors: SpectralVectors | undefined): MlpLayer {
  if (!vectors) return layer
  const { left, right } = vectors
  const [rows, columns] = layer.weight.shape
  const column = matmul(layer.weight, reshape(stopGradient(right), [columns, 1]))
  const size = sum(mul(reshape(stopGradient(left), [rows, 1]), column))
  return { ...layer, weight: div(layer.weight, size) }
}

/** ‖∇_x D(x)‖₂ of every row over the joined observation and action, `[B]`; exactly 0 contributes no gradient. */
export function logitGradientNorms(
  discriminator: Discriminator,
  observations: Tensor,
  actions: Tensor,
  options: DiscriminatorOptions = {},
): Tensor {
  // rows do not interact, so the gradient of the sum is every row's own gradient
  const total = sum(discriminatorLogit(discriminator, observations, actions, options))
  const [byObservation, byAction] = gradients(total, [observations, actions])
  const squares = sum(square(concat([byObservation, byAction], { axis: -1 })), { axis: -1 })
  const positive = greater(squares, 0)
  return where(positive, sqrt(where(positive, squares, 1)), 0)
}

/** Where the penalty is evaluated. */
export type PenaltyPoints = 'wgan' | 'dragan' | 'nagard' | 'bare'

/** Pairs of both sides with the draws that place the points between or around them. */
export interface PenaltyBatch {
  /** [B][S] and [B][A] of the policy. */
  readonly policyObservations: Tensor
  readonly policyActions: Tensor
  /** [B][S] and [B][A] of the expert. Not needed by `nagard` and `bare`. */
  readonly expertObservations?: Tensor
  readonly expertActions?: Tensor
  /**
   * `wgan`: [B] uniform each, independent for observations and actions. `dragan`, `nagard`: [B][S] and [B][A] noise,
   * N(0, 10²) in the paper. `bare`: none.
   */
  readonly observationDraws?: Tensor
  readonly actionDraws?: Tensor
}

/** Choices of the gradient penalty. */
export interface GradientPenaltyOptions extends DiscriminatorOptions {
  /** Default `wgan`. */
  readonly points?: PenaltyPoints
  /** k. Default 1. */
  readonly target?: number
  /** Penalise only norms above k. `bare` is always one-sided. Default true. */
  readonly oneSided?: boolean
}

/** Penalty with its parts. */
export interface GradientPenalty {
  /** Scalar: mean of the per-sample penalties. Weight λ = 10 in the paper. */
  readonly penalty: Tensor
  /** [B] */
  readonly perSample: Tensor
  /** [B] ‖∇D‖. */
  readonly norms: Tensor
}

/**
 * Gradient penalty on the logit: mean max(0, ‖∇_x D(x̂)‖₂ − k)² (two-sided: (‖·‖ − k)²), the norm per sample before
 * averaging. x̂ lies between policy and expert pairs (`wgan`, x̂ = ε·policy + (1−ε)·expert with separate ε for
 * observation and action), around one of them, or on the policy's own pairs.
 *
 * Blondé et al. 2020, eq. (8); liayn-pytorch `grad_pen`.
 */
export function gradientPenalty(
  discriminator: Discriminator,
  batch: PenaltyBatch,
  options: GradientPenaltyOptions = {},
): GradientPenalty {
  const { points = 'wgan', target = 1 } = options
  const oneSided = points === 'bare' || (options.oneSided ?? true)
  const [observations, actions] = penaltyPoints(batch, points)
  const norms = logitGradientNorms(discriminator, observations, actions, options)
  const excess = sub(norms, target)
  const perSample = square(oneSided ? maximum(excess, 0) : excess)
  return { penalty: mean(perSample), perSample, norms }
}

function penaltyPoints(batch: PenaltyBatch, points: PenaltyPoints): readonly [Tensor, Tensor] {
  const { policyObservations, policyActions } = batch
  if (points === 'bare') return [policyObservations, policyActions]
  const drawn = (draws: Tensor | undefined, name: string) => given(draws, name, points)
  const observationDraws = drawn(batch.observationDraws, 'observationDraws')
  const actionDraws = drawn(batch.actionDraws, 'actionDraws')
  if (points === 'nagard') return [add(policyObservations, observationDraws), add(policyActions, actionDraws)]
  const expertObservations = drawn(batch.expertObservations, 'expertObservations')
  const expertActions = drawn(batch.expertActions, 'expertActions')
  if (points === 'dragan') return [add(expertObservations, observationDraws), add(expertActions, actionDraws)]
  const between = (draws: Tensor, policy: Tensor, expert: Tensor) => {
    const share = reshape(draws, [policy.shape[0], 1])
    return add(mul(share, policy), mul(sub(1, share), expert))
  }
  return [
    between(observationDraws, policyObservations, expertObservations),
    between(actionDraws, policyActions, expertActions),
  ]
}

function given(tensor: Tensor | undefined, name: string, points: PenaltyPoints): Tensor {
  if (tensor) return tensor
  throw new GuerdonError('invalid_input', `expected ${name} for penalty points "${points}"; it is missing`, {
    path: [name],
  })
}

/** κ = exp(−penalty) of every sample, `[B]`: 1 inside the Lipschitz bound. Share of 1s is the validity. */
export function validityMultiplier(perSample: Tensor): Tensor {
  return exp(neg(perSample))
}

/** Choices of the classification loss. */
export interface DiscriminatorLossOptions {
  /** Weight of the entropy bonus. Default 0.001. */
  readonly entropyCoefficient?: number
  /** η of the positive-unlabelled loss; the usual cross-entropy when absent. */
  readonly unlabelledPrior?: number
}

/** Loss with its parts; scalars. */
export interface DiscriminatorLoss {
  /** classification + entropyLoss; add λ times the penalty. */
  readonly loss: Tensor
  readonly classificationLoss: Tensor
  /** −coefficient × mean cross-entropy of the scores with themselves. */
  readonly entropyLoss: Tensor
}

/**
 * mean[BCE(score_p, y_p) + BCE(score_e, y_e)] − c·H, H the mean BCE(score, σ(score)) over both sides. Labels: 0 for the
 * policy, 1 or one-sided random smoothing y ~ U(0.7, 1.2) for the expert. With `unlabelledPrior` η, as released:
 * mean[−η·log(1 − σ(e) + 1e-8) − max(0, log σ(e) − η·log σ(p))].
 *
 * Differs from the usual PU loss in the roles of e and p, as coded.
 *
 * @param policyScores [B] @param expertScores [B] logits @param policyLabels [B] @param expertLabels [B]
 */
export function discriminatorLoss(
  policyScores: Tensor,
  expertScores: Tensor,
  policyLabels: Tensor,
  expertLabels: Tensor,
  options: DiscriminatorLossOptions = {},
): DiscriminatorLoss {
  const { entropyCoefficient = 0.001, unlabelledPrior: eta } = options
  const scores = concat([policyScores, expertScores], { axis: 0 })
  const entropyLoss = mul(mean(binaryCrossEntropy(scores, sigmoid(scores))), -entropyCoefficient)
  const classified =
    eta === undefined
      ? add(binaryCrossEntropy(policyScores, policyLabels), binaryCrossEntropy(expertScores, expertLabels))
      : unlabelledLoss(policyScores, expertScores, eta)
  const classificationLoss = mean(classified)
  return { loss: add(classificationLoss, entropyLoss), classificationLoss, entropyLoss }
}

/** softplus(x) − y·x: binary cross-entropy of a logit, stable at ±800. */
function binaryCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  return sub(softplus(logits), mul(labels, logits))
}

function unlabelledLoss(policyScores: Tensor, expertScores: Tensor, eta: number): Tensor {
  const positive = mul(log(add(sub(1, sigmoid(expertScores)), 1e-8)), -eta)
  const unlabelled = maximum(sub(logSigmoid(expertScores), mul(logSigmoid(policyScores), eta)), 0)
  return sub(positive, unlabelled)
}

/** Mean squared error of a forward model's prediction `[B][S]` of the next observation. */
export function forwardModelLoss(predicted: Tensor, next: Tensor): Tensor {
  return mean(square(sub(predicted, next)))
}

/**
 * Norms `[B]` of the gradient of a forward model's outputs, summed over dimensions, with respect to observation and
 * action.
 * @param predict a graph from [B][S] and [B][A] to [B][S′]
 */
export function forwardJacobianNorms(
  predict: (observations: Tensor, actions: Tensor) => Tensor,
  observations: Tensor,
  actions: Tensor,
): Tensor {
  const [byObservation, byAction] = gradients(sum(predict(observations, actions)), [observations, actions])
  return sqrt(sum(square(concat([byObservation, byAction], { axis: -1 })), { axis: -1 }))
}

/** w·min + (1 − w)·max of twin critics: the soft minimum of the target, w = 0.75. */
export function softMinimum(
  q1: Tensor,
  q2: Tensor,
  options: { /** Default 0.75. */ readonly weight?: number } = {},
): Tensor {
  const { weight = 0.75 } = options
  return add(mul(minimum(q1, q2), weight), mul(maximum(q1, q2), 1 - weight))
}
