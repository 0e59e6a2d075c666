import type { NdArray } from '@guerdon/tensor'

/** Numbers of one axis. */
export function row(array: NdArray): number[] {
  return Array.from(array.data)
}

/** The number of a scalar. */
export function scalar(array: NdArray): number {
  return array.data[0]
}

/** Rows of a matrix. */
export function rows(array: NdArray): number[][] {
  const [, columns] = array.shape
  return Array.from({ length: array.shape[0] }, (_, i) => row(array).slice(i * columns, (i + 1) * columns))
}

/** An array of any rank as nested lists; a scalar as a number. */
export function nested(array: NdArray): unknown {
  const build = (axis: number, offset: number): unknown => {
    if (axis === array.shape.length) return array.data[offset]
    const stride = array.shape.slice(axis + 1).reduce((product, size) => product * size, 1)
    return Array.from({ length: array.shape[axis] }, (_, i) => build(axis + 1, offset + i * stride))
  }
  return build(0, 0)
}

/** Matrices of a three-axis array. */
export function blocks(array: NdArray): number[][][] {
  const [count, height, width] = array.shape
  const size = height * width
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: height }, (_, j) => row(array).slice(i * size + j * width, i * size + (j + 1) * width)),
  )
}
