import { GuerdonError } from '@guerdon/core'
import {
  add,
  arange,
  cast,
  clip,
  concat,
  div,
  exp,
  expandDims,
  log,
  matmul,
  maximum,
  mean,
  mul,
  norm,
  reshape,
  slice,
  softmax,
  softplus,
  square,
  stack,
  sub,
  sum,
  type Tensor,
} from '@guerdon/tensor'
import { affine, type MlpLayer, mlp } from '../../shared/mlp.ts'
import type { Span } from '../../shared/spans.ts'

/** A diagonal Gaussian over a user's latent z for each of B users. */
export interface Posterior {
  /** [B][d] */
  readonly mean: Tensor
  /** [B][d] */
  readonly logVar: Tensor
}

/** Weights of an encoder that reads a whole set at once. */
export interface SetEncoderWeights {
  readonly layers: readonly MlpLayer[]
  readonly mean: MlpLayer
  readonly logVar: MlpLayer
}

/**
 * Encoder of the control variant: every number of a user's set side by side, a LeakyReLU(0.2) perceptron (after the last
 * layer too), two linear outputs. Depends on the order of the comparisons and on their number.
 *
 * @param first [B][A][T·S] first segments
 * @param second [B][A][T·S] second segments
 * @param labels [B][A] 1 where the first is preferred
 */
export function encodeAnnotations(
  set: { readonly first: Tensor; readonly second: Tensor; readonly labels: Tensor },
  weights: SetEncoderWeights,
): Posterior {
  const joined = concat([set.first, set.second, expandDims(set.labels, { axis: 2 })], { axis: 2 })
  const [batch, annotations, width] = joined.shape
  const hidden = mlp(reshape(joined, [batch, annotations * width]), weights.layers, {
    activation: 'leakyRelu',
    outputActivation: 'leakyRelu',
  })
  return { mean: affine(hidden, weights.mean), logVar: affine(hidden, weights.logVar) }
}

/** Embedding of (chosen, rejected) pairs, [N][e] each, by a LeakyReLU(0.2) perceptron on both side by side. */
export function encodePairs(chosen: Tensor, rejected: Tensor, layers: readonly MlpLayer[]): Tensor {
  return mlp(concat([chosen, rejected], { axis: 1 }), layers, { activation: 'leakyRelu' })
}

/** Weights of the language variant's context encoder. */
export interface ContextEncoderWeights {
  readonly query: MlpLayer
  readonly key: MlpLayer
  readonly value: MlpLayer
  readonly mean: MlpLayer
  readonly logVar: MlpLayer
}

/**
 * Encoder of the language variant: per user softmax(QKᵀ/√d)·V over the pairs of the context, averaged over the set, then two
 * linear maps. Independent of the order of the pairs. An empty context gives the prior mean 0 and log-variance 0 (the
 * released code averages an empty set).
 *
 * @param pairs [N][d] embedded pairs of all users
 * @param users which pairs belong to each user, [start, end) of rows
 */
export function encodeContexts(pairs: Tensor, users: readonly Span[], weights: ContextEncoderWeights): Posterior {
  if (users.length === 0) throw new GuerdonError('empty', 'expected at least one user; got none', { path: ['users'] })
  const [count, width] = pairs.shape
  const outputs = users.map(([start, end], user) => {
    if (!(start >= 0 && start <= end && end <= count)) {
      throw new GuerdonError(
        'invalid_input',
        `expected rows within [0, ${count}] for user ${user}; got [${start}, ${end})`,
        {
          path: ['users', user],
        },
      )
    }
    if (start === end) return undefined
    const context = slice(pairs, { starts: [start, 0], ends: [end, width] })
    const scores = matmul(affine(context, weights.query), affine(context, weights.key), { transposeB: true })
    const attended = matmul(softmax(div(scores, Math.sqrt(width))), affine(context, weights.value))
    return expandDims(mean(attended, { axis: 0 }), { axis: 0 })
  })
  const readOut = (layer: MlpLayer) =>
    concat(outputs.map(output => (output === undefined ? priorRow(layer) : affine(output, layer))))
  return { mean: readOut(weights.mean), logVar: readOut(weights.logVar) }
}

/** Mean and log-variance held within [−bound, bound]; the language variant uses 1. */
export function clampPosterior(posterior: Posterior, bound = 1): Posterior {
  const held = (x: Tensor) => clip(x, { minimum: -bound, maximum: bound })
  return { mean: held(posterior.mean), logVar: held(posterior.logVar) }
}

/**
 * z = μ + exp(½·logVar)·ε. With `sphere` z is projected to radius √d, as the language variant does for the samples it trains
 * on; at evaluation z is the mean, not projected.
 *
 * @param noise [B][d] standard normal draws
 */
export function reparameterise(
  posterior: Posterior,
  noise: Tensor,
  options: { readonly projection?: 'none' | 'sphere' } = {},
): Tensor {
  const z = add(posterior.mean, mul(exp(mul(posterior.logVar, 0.5)), noise))
  if (options.projection !== 'sphere') return z
  const length = maximum(norm(z, { axis: -1, keepDims: true }), 1e-12)
  return mul(div(z, length), Math.sqrt(z.shape[z.shape.length - 1]))
}

/** r(x, z): a perceptron on state (or embedding) and latent side by side, LeakyReLU(0.2). x [N][s], z [N][d] → [N]. */
export function decodeRewards(x: Tensor, z: Tensor, layers: readonly MlpLayer[]): Tensor {
  return reshape(mlp(concat([x, z], { axis: 1 }), layers, { activation: 'leakyRelu' }), [x.shape[0]])
}

/** Parameters of one radial flow. */
export interface RadialFlow {
  /** [1] α = exp(a), and β = −α + softplus(b). */
  readonly a: Tensor
  readonly b: Tensor
  /** [1][d] centre. */
  readonly centre: Tensor
}

/**
 * A chain of radial flows (Rezende & Mohamed 2015) as a learned prior: x ← x + β·h·(x − c) with h = 1/(α + ‖x − c‖).
 *
 * @param z [B][d]
 * @returns the transformed latent and log|det ∂| [B], whose sum is subtracted from the loss
 */
export function radialFlows(z: Tensor, flows: readonly RadialFlow[]): { readonly z: Tensor; readonly logDet: Tensor } {
  const [batch, width] = z.shape
  let current = z
  let logDet = mul(sum(z, { axis: 1 }), 0)
  for (const flow of flows) {
    const alpha = exp(flow.a)
    const beta = sub(softplus(flow.b), alpha)
    const offset = sub(current, flow.centre)
    const radius = norm(offset, { axis: 1, keepDims: true })
    const h = div(1, add(alpha, radius))
    const pull = mul(beta, h)
    current = add(current, mul(pull, offset))
    const along = sub(add(1, pull), mul(mul(beta, square(h)), radius))
    const step = add(mul(log(add(1, pull)), width - 1), log(along))
    logDet = add(logDet, reshape(step, [batch]))
  }
  return { z: current, logDet }
}

/** Σ_t t·m_t·h_t / Σ_t t·m_t: hidden states [B][T][e] pooled with weight growing with position, mask [B][T]. */
export function positionWeightedMean(hidden: Tensor, mask: Tensor): Tensor {
  const weights = mul(mask, cast(arange(mask.shape[1], { start: 1 }), mask.dtype))
  const total = sum(mul(hidden, expandDims(weights, { axis: 2 })), { axis: 1 })
  return div(total, sum(weights, { axis: 1, keepDims: true }))
}

function priorRow(layer: MlpLayer): Tensor {
  const row = mul(sum(layer.weight, { axis: 1 }), 0)
  return stack([row])
}
