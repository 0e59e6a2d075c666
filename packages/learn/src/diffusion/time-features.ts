import { assertInteger, GuerdonError } from '@guerdon/core'
import { concat, constant, cos, expandDims, mul, sin, type Tensor } from '@guerdon/tensor'

/**
 * Sinusoidal features of timesteps: cos(ω_k·t), sin(ω_k·t) with ω_k = 10000^(−k/(width/2)), [B] → [B][width]. Cosines first.
 *
 * @throws invalid_option for an odd width
 */
export function timeFeatures(timesteps: Tensor, width: number): Tensor {
  assertInteger(width, 'width', 2)
  if (width % 2 !== 0) {
    throw new GuerdonError('invalid_option', `expected an even width; got ${width}`, { path: ['width'] })
  }
  const half = width / 2
  const rates = Array.from({ length: half }, (_, k) => 10_000 ** (-k / half))
  const angles = mul(expandDims(timesteps, { axis: 1 }), constant(rates))
  return concat([cos(angles), sin(angles)], { axis: 1 })
}
