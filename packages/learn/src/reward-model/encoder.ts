import { assertInteger, type Random } from '@guerdon/core'
import {
  add,
  arange,
  cast,
  type Dense,
  dense,
  div,
  expandDims,
  gather,
  mlpParameters,
  mul,
  type NdArray,
  reshape,
  sub,
  sum,
  type Tensor,
  tanh,
} from '@guerdon/tensor'
import {
  initialTransformer,
  type TransformerConfig,
  type TransformerParameters,
  transformerHidden,
  transformerShape,
} from '../language/transformer.ts'

/** What a reward model reads: tokens through a transformer, or vectors that another model made. */
export type EncoderConfig =
  | {
      readonly kind: 'tokens'
      readonly transformer: TransformerConfig
      /** Positions see only what stands before them. Default false. */
      readonly causal?: boolean
      /** One vector a row: the mean over visible positions, or the state of the last one. Default `mean`. */
      readonly pooling?: 'mean' | 'last'
    }
  | {
      readonly kind: 'vectors'
      /** Numbers of a vector, prompt and candidate side by side. */
      readonly size: number
      /** Widths of tanh layers between vector and heads. Default [64]; [] leaves the vectors as they are. */
      readonly hidden?: readonly number[]
    }

/** Parameters of an encoder: a transformer, or dense layers. */
export type EncoderParameters<T = Tensor> = TransformerParameters<T> | { layers: Dense<T>[] }

/** A batch of B things to be scored. */
export type EncoderInput<T = Tensor> =
  | {
      /** [B][T] int32 */
      readonly tokens: T
      /** [B][T] bool, true on prompt and candidate, false on padding. */
      readonly visible: T
    }
  | {
      /** [B][size] */
      readonly vectors: T
    }

/** Hidden states of a batch. */
export interface Encoded {
  /** [B][T][d]; T = 1 for vectors. */
  readonly states: Tensor
  /** [B][d] */
  readonly pooled: Tensor
}

/** Width d of what an encoder gives. Throws `invalid_option` for sizes below 1. */
export function encoderWidth(config: EncoderConfig): number {
  if (config.kind === 'tokens') return transformerShape(config.transformer).width
  const { size, hidden = [64] } = config
  assertInteger(size, 'size', 1)
  for (const [i, width] of hidden.entries()) assertInteger(width, `hidden[${i}]`, 1)
  return hidden.at(-1) ?? size
}

/** Fresh parameters of an encoder. */
export function initialEncoder(config: EncoderConfig, random: Random): EncoderParameters<NdArray> {
  if (config.kind === 'tokens') return initialTransformer(config.transformer, random)
  encoderWidth(config)
  return { layers: mlpParameters(random, [config.size, ...(config.hidden ?? [64])]) }
}

/** Hidden states and one vector a row. */
export function encode(parameters: EncoderParameters, input: EncoderInput, config: EncoderConfig): Encoded {
  if (config.kind === 'vectors') {
    const { layers } = parameters as { layers: Dense[] }
    const { vectors } = input as { vectors: Tensor }
    const pooled = layers.reduce((x, layer) => tanh(dense(layer, x)), vectors)
    return { states: expandDims(pooled, { axis: 1 }), pooled }
  }
  const { tokens, visible } = input as { tokens: Tensor; visible: Tensor }
  const { transformer, causal = false, pooling = 'mean' } = config
  const states = transformerHidden(
    parameters as TransformerParameters,
    tokens,
    transformer,
    // padding stands on the right, where causal attention does not look
    causal ? { causal } : { causal, visible },
  )
  return { states, pooled: pooling === 'mean' ? meanState(states, visible) : lastState(states, visible) }
}

/** Mean of the states at visible positions: Σ_t v_t·h_t / Σ_t v_t, [B][T][d] → [B][d]. */
export function meanState(states: Tensor, visible: Tensor): Tensor {
  const counted = expandDims(cast(visible, 'float32'), { axis: 2 })
  return div(sum(mul(states, counted), { axis: 1 }), sum(counted, { axis: 1 }))
}

/** State of the last visible position of each row, padding on the right: [B][T][d] → [B][d]. */
export function lastState(states: Tensor, visible: Tensor): Tensor {
  const last = sub(sum(cast(visible, 'int32'), { axis: 1 }), 1)
  return reshape(statesAt(states, expandDims(last, { axis: 1 })), [states.shape[0], states.shape[2]])
}

/**
 * States at positions of their own row.
 *
 * @param states [B][T][d]
 * @param positions [B][S] int32, from the start
 * @returns [B][S][d]
 */
export function statesAt(states: Tensor, positions: Tensor): Tensor {
  const [batch, length, width] = states.shape
  const rows = expandDims(mul(arange(batch, { dtype: 'int32' }), length), { axis: 1 })
  return gather(reshape(states, [batch * length, width]), add(positions, rows))
}
