import type { Random } from '@guerdon/core'
import { type NdArray, sizeOf } from '../ndarray.ts'

/** Uniform in ±bound, float32. */
export function uniformArray(random: Random, shape: readonly number[], bound: number): NdArray {
  const data = Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-bound, bound))
  return { dtype: 'float32', shape, data }
}

/** Normal with mean 0 and the given standard deviation, float32. */
export function normalArray(random: Random, shape: readonly number[], deviation: number): NdArray {
  const data = Float32Array.from({ length: sizeOf(shape) }, () => deviation * random.normal())
  return { dtype: 'float32', shape, data }
}

/** One value everywhere, float32. */
export function filledArray(shape: readonly number[], value: number): NdArray {
  return { dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)).fill(value) }
}

/**
 * A matrix `[inputs][outputs]` with orthonormal columns or rows (whichever are fewer) times `gain`: Gram–Schmidt, twice,
 * on normal draws. Saxe et al. 2014.
 */
export function orthogonalArray(random: Random, shape: readonly [number, number], gain = 1): NdArray {
  const [inputs, outputs] = shape
  const [count, length] = inputs < outputs ? [inputs, outputs] : [outputs, inputs]
  const vectors = Array.from({ length: count }, () => random.normals(length))
  for (let i = 0; i < count; i++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const overlap = vectors[i].reduce((total, value, k) => total + value * vectors[j][k], 0)
        for (let k = 0; k < length; k++) vectors[i][k] -= overlap * vectors[j][k]
      }
    }
    const size = Math.hypot(...vectors[i])
    for (let k = 0; k < length; k++) vectors[i][k] /= size
  }
  const data = new Float32Array(inputs * outputs)
  for (let row = 0; row < inputs; row++) {
    for (let column = 0; column < outputs; column++) {
      data[row * outputs + column] = gain * (inputs < outputs ? vectors[row][column] : vectors[column][row])
    }
  }
  return { dtype: 'float32', shape, data }
}
