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
