import {
  add,
  concat,
  div,
  expandDims,
  layerNorm,
  matmul,
  mean,
  mul,
  relu,
  reshape,
  sigmoid,
  slice,
  softmax,
  split,
  sqrt,
  squeeze,
  sub,
  type Tensor,
  tanh,
  transpose,
  variance,
  zeros,
} from '@guerdon/tensor'
import { affine, type MlpLayer } from '../../shared/mlp.ts'

/** Front end shared by both heads: the player's view asks, the entities of the state answer. */
export interface CrossAttentionParameters {
  /** Pre-processing of the query `[H][Q]` and of every entity `[H][K]`. */
  readonly query: MlpLayer
  readonly entities: MlpLayer
  /** Projections `[H][H]`. */
  readonly toQueries: MlpLayer
  readonly toKeys: MlpLayer
  readonly toValues: MlpLayer
  readonly toOutput: MlpLayer
  /** Layer norm `[H]`. */
  readonly scale: Tensor
  readonly shift: Tensor
}

/**
 * Multi-head cross-attention with layer norm: `[B][Q]` query and `[B][E][K]` entities to `[B][H]`, scaled dot products
 * softmax(qkᵀ/√(H/heads))·v, residual on the pre-processed query.
 *
 * @param heads divides H. Default 4
 */
export function crossAttention(
  parameters: CrossAttentionParameters,
  query: Tensor,
  entities: Tensor,
  options: { readonly heads?: number } = {},
): Tensor {
  const { heads = 4 } = options
  const asked = relu(affine(query, parameters.query))
  const known = relu(affine(entities, parameters.entities))
  const [batch, hidden] = asked.shape
  const count = known.shape[1]
  const size = hidden / heads
  const perHead = (x: Tensor, rows: number) => transpose(reshape(x, [batch, rows, heads, size]), [0, 2, 1, 3])
  const q = perHead(affine(expandDims(asked, { axis: 1 }), parameters.toQueries), 1)
  const k = perHead(affine(known, parameters.toKeys), count)
  const v = perHead(affine(known, parameters.toValues), count)
  const attention = softmax(div(matmul(q, k, { transposeB: true }), Math.sqrt(size)))
  const mixed = reshape(transpose(matmul(attention, v), [0, 2, 1, 3]), [batch, hidden])
  return layerNorm(add(asked, affine(mixed, parameters.toOutput)), { scale: parameters.scale, bias: parameters.shift })
}

/** Gates in the order input, forget, cell, output: `[4R][I]` from the input and `[4R][R]` from the hidden state. */
export interface LstmParameters {
  readonly input: MlpLayer
  readonly recurrent: MlpLayer
}

/** Last hidden state `[N][R]` of an LSTM over `[N][L][I]`, from zeros. */
export function lstmLast(parameters: LstmParameters, sequence: Tensor): Tensor {
  const [count, length] = sequence.shape
  const size = parameters.recurrent.weight.shape[1]
  let hidden = zeros([count, size])
  let cell = hidden
  for (let t = 0; t < length; t++) {
    const x = squeeze(slice(sequence, { starts: [t], ends: [t + 1], axes: [1] }), { axis: 1 })
    const gates = add(affine(x, parameters.input), affine(hidden, parameters.recurrent))
    const [input, forget, candidate, output] = split(gates, 4, { axis: -1 })
    cell = add(mul(sigmoid(forget), cell), mul(sigmoid(input), tanh(candidate)))
    hidden = mul(sigmoid(output), tanh(cell))
  }
  return hidden
}

/** Everything of the reward-prediction head. */
export interface RewardPredictionParameters {
  readonly attention: CrossAttentionParameters
  readonly lstm: LstmParameters
  /** `[3][R]`, R = 32 in the paper. */
  readonly classes: MlpLayer
}

/**
 * Logits `[N][3]` (positive, negative, zero) of the reward at the end of each sequence of observations.
 *
 * @param queries [N][L][Q] @param entities [N][L][E][K]
 * Source: Moschopoulos et al. 2023, auxiliary tasks; `lucy_utils` RP network.
 */
export function rewardPredictionHead(
  parameters: RewardPredictionParameters,
  queries: Tensor,
  entities: Tensor,
  options: { readonly heads?: number } = {},
): Tensor {
  const [count, length, width] = queries.shape
  const [, , entityCount, entityWidth] = entities.shape
  const seen = crossAttention(
    parameters.attention,
    reshape(queries, [count * length, width]),
    reshape(entities, [count * length, entityCount, entityWidth]),
    options,
  )
  const sequence = reshape(seen, [count, length, seen.shape[1]])
  return affine(lstmLast(parameters.lstm, sequence), parameters.classes)
}

/** One layer of the auto-encoder with its batch norm `[out]`. */
export interface NormalisedLayer extends MlpLayer {
  readonly scale: Tensor
  readonly shift: Tensor
}

/** Everything of the state-representation head; widths 128-32-16-32-128-512-… in the paper. */
export interface StateReconstructionParameters {
  readonly attention: CrossAttentionParameters
  readonly layers: readonly NormalisedLayer[]
}

/**
 * Reconstruction `[N][D]` of the flattened query and entities. Batch norm by the statistics of the batch (N ≥ 2), ReLU
 * after every layer; ReLU on the output too as released, which cannot reconstruct negative observations: choose
 * `outputActivation: 'none'` for those.
 *
 * @param query [N][Q] @param entities [N][E][K]
 */
export function stateReconstructionHead(
  parameters: StateReconstructionParameters,
  query: Tensor,
  entities: Tensor,
  options: { readonly heads?: number; readonly outputActivation?: 'relu' | 'none' } = {},
): Tensor {
  const { outputActivation = 'relu' } = options
  let x = crossAttention(parameters.attention, query, entities, options)
  parameters.layers.forEach((layer, i) => {
    const last = i === parameters.layers.length - 1
    const normalised = batchNorm(affine(x, layer), layer.scale, layer.shift)
    x = last && outputActivation === 'none' ? normalised : relu(normalised)
  })
  return x
}

/** What the state head must reproduce: `[N][Q + E·K]`. */
export function reconstructionTarget(query: Tensor, entities: Tensor): Tensor {
  const [count, entityCount, width] = entities.shape
  return concat([query, reshape(entities, [count, entityCount * width])], { axis: -1 })
}

function batchNorm(x: Tensor, scale: Tensor, shift: Tensor): Tensor {
  const centre = mean(x, { axis: 0, keepDims: true })
  const spread = variance(x, { axis: 0, keepDims: true })
  return add(mul(div(sub(x, centre), sqrt(add(spread, 1e-5))), scale), shift)
}
