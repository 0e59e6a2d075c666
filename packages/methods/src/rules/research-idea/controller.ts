import { assertInRange, assertSameLength, GuerdonError } from '@guerdon/core'
import {
  add,
  matmul,
  mean,
  mul,
  type Operand,
  reshape,
  sigmoid,
  slice,
  square,
  stack,
  sub,
  type Tensor,
  tanh,
  zeros,
} from '@guerdon/tensor'
import { type IdeaDimension, ideaDimensions } from './reward-model.ts'

/** One steer matrix a dimension, [h][h]. Start at zeros: no change. */
export type Steers = Readonly<Record<IdeaDimension, Tensor>>
/** Strength ε of each dimension: a number, or [B] or [B][1] to differ by row. */
export type Strengths = Readonly<Record<IdeaDimension, Operand>>

/**
 * Steered hidden state h′ = h + Σ_d ε_d·(W_d h), row by row. ε = 0 leaves the model exactly as it was; the gradient
 * reaches every W_d with ε_d ≠ 0.
 *
 * Steers the hidden state, not the output embedding: E(I + εW)h. Source: LDC, arXiv 2412.14626 (reconstruction after
 * "language-model steers").
 *
 * @param hidden [B][h] last hidden states
 * @returns [B][h]
 */
export function steerHidden(hidden: Tensor, steers: Steers, strengths: Strengths): Tensor {
  let steered = hidden
  for (const name of ideaDimensions) {
    const strength = strengths[name]
    const scale = typeof strength === 'number' || strength.shape.length !== 1 ? strength : reshape(strength, [-1, 1])
    steered = add(steered, mul(matmul(hidden, steers[name], { transposeB: true }), scale))
  }
  return steered
}

/** Next-token logits of steered states, E·h′. @param outputEmbedding [V][h] @returns [B][V] */
export function steeredLogits(hidden: Tensor, steers: Steers, strengths: Strengths, outputEmbedding: Tensor): Tensor {
  return matmul(steerHidden(hidden, steers, strengths), outputEmbedding, { transposeB: true })
}

/** The strength held in [−maximum, maximum]; a large one makes the logits degenerate. Default maximum 2. */
export function clampStrength(strength: number, options: { readonly epsilonMax?: number } = {}): number {
  const { epsilonMax = 2 } = options
  return Math.min(epsilonMax, Math.max(-epsilonMax, strength))
}

/** Weights of the sentence-level decoder with n hidden units and F features. */
export interface SentenceControllerParameters {
  /** [n][F] */
  readonly inputWeights: Tensor
  /** [n][n] */
  readonly recurrentWeights: Tensor
  /** [n] */
  readonly hiddenBias: Tensor
  /** [3][n] */
  readonly outputWeights: Tensor
  /** [3] */
  readonly outputBias: Tensor
}

/**
 * Strengths for each next sentence by an Elman network: s_t = tanh(W_x f_t + W_h s_{t−1} + b_h), ε_t = ε_max·σ(W_o s_t
 * + b_o), s_0 = 0.
 *
 * f_t must describe the sentences *before* t (the previous one's features, section, position), never the one being
 * written. Source: LDC (reconstruction).
 *
 * @param features [S][F], S ≥ 1
 * @returns [S][3] in (0, ε_max), in the order novelty, feasibility, effectiveness
 */
export function sentenceStrengths(
  features: Tensor,
  parameters: SentenceControllerParameters,
  options: { readonly epsilonMax?: number } = {},
): Tensor {
  const { epsilonMax = 2 } = options
  assertInRange(epsilonMax, 'epsilonMax', 0, Number.MAX_VALUE)
  const { inputWeights, recurrentWeights, hiddenBias, outputWeights, outputBias } = parameters
  const inputs = matmul(features, inputWeights, { transposeB: true })
  let state: Tensor = zeros([1, hiddenBias.shape[0]], { dtype: features.dtype })
  const rows: Tensor[] = []
  for (let t = 0; t < features.shape[0]; t++) {
    const recurrent = matmul(state, recurrentWeights, { transposeB: true })
    state = tanh(add(add(slice(inputs, { starts: [t], ends: [t + 1], axes: [0] }), recurrent), hiddenBias))
    const output = add(matmul(state, outputWeights, { transposeB: true }), outputBias)
    rows.push(reshape(mul(sigmoid(output), epsilonMax), [ideaDimensions.length]))
  }
  return stack(rows)
}

/** Mean squared error of predicted strengths against a target schedule [S][3]. */
export function scheduleLoss(
  features: Tensor,
  parameters: SentenceControllerParameters,
  targets: Operand,
  options: { readonly epsilonMax?: number } = {},
): Tensor {
  return mean(square(sub(sentenceStrengths(features, parameters, options), targets)))
}

/**
 * Candidate strengths per section for the search of target schedules: entry [k][section][dimension] is
 * `values[floor(draw · values.length)]`, draws taken in this order.
 *
 * @param draws [count · sections · 3] numbers in [0, 1)
 */
export function candidateSchedules(
  draws: ArrayLike<number>,
  options: { readonly count?: number; readonly sections?: number; readonly values?: readonly number[] } = {},
): number[][][] {
  const { count = 12, sections = 2, values = [0, 0.5, 1] } = options
  const size = ideaDimensions.length
  if (draws.length !== count * sections * size) {
    throw new GuerdonError('shape_mismatch', `expected ${count} · ${sections} · ${size} draws; got ${draws.length}`, {
      path: ['draws'],
    })
  }
  return Array.from({ length: count }, (_, k) =>
    Array.from({ length: sections }, (_, s) =>
      Array.from({ length: size }, (_, d) => {
        const draw = draws[(k * sections + s) * size + d]
        assertInRange(draw, 'draws', 0, 1 - Number.EPSILON / 2)
        return values[Math.floor(draw * values.length)]
      }),
    ),
  )
}

/** Index of the candidate with the largest mean of the three scores; the first on ties. @param scores [K][3] */
export function bestSchedule(scores: readonly ArrayLike<number>[]): number {
  let best = -1
  let bestMean = Number.NEGATIVE_INFINITY
  scores.forEach((row, k) => {
    assertSameLength(row, `scores[${k}]`, ideaDimensions, 'dimensions')
    const value = (row[0] + row[1] + row[2]) / 3
    if (value > bestMean) [best, bestMean] = [k, value]
  })
  if (best === -1) throw new GuerdonError('empty', 'expected at least one candidate schedule; got none')
  return best
}
