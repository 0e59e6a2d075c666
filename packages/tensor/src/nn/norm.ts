import type { Tensor } from '../graph.ts'
import type { NdArray } from '../ndarray.ts'
import { layerNorm, rmsNorm } from '../operators/normalize.ts'
import { filledArray } from './initialise.ts'

/** Parameters of {@link layerNormLayer}: scale and bias `[width]`. */
export interface LayerNorm<T = Tensor> {
  scale: T
  bias: T
}

/** Parameters of {@link rmsNormLayer}: scale `[width]`. */
export interface RmsNorm<T = Tensor> {
  scale: T
}

/** Scale 1, bias 0. */
export function layerNormParameters(options: { width: number }): LayerNorm<NdArray> {
  return { scale: filledArray([options.width], 1), bias: filledArray([options.width], 0) }
}

/** Scale 1. */
export function rmsNormParameters(options: { width: number }): RmsNorm<NdArray> {
  return { scale: filledArray([options.width], 1) }
}

/** Layer normalisation over the last axis with learnt scale and bias. */
export function layerNormLayer(parameters: LayerNorm, x: Tensor, options: { epsilon?: number } = {}): Tensor {
  return layerNorm(x, { ...options, scale: parameters.scale, bias: parameters.bias })
}

/** Root-mean-square normalisation over the last axis with learnt scale. */
export function rmsNormLayer(parameters: RmsNorm, x: Tensor, options: { epsilon?: number } = {}): Tensor {
  return rmsNorm(x, { ...options, scale: parameters.scale })
}
