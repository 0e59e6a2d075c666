import type { Tensor } from '../graph.ts'
import { where } from './compare.ts'
import { constant } from './source.ts'

/** A bool matrix `[rows][columns]`, true where column − row ≤ `diagonal` (default 0). */
export function lowerTriangle(rows: number, columns: number, options: { diagonal?: number } = {}): Tensor {
  const { diagonal = 0 } = options
  const data = Uint8Array.from({ length: rows * columns }, (_, at) => {
    const row = Math.floor(at / columns)
    return at - row * columns - row <= diagonal ? 1 : 0
  })
  return constant({ dtype: 'bool', shape: [rows, columns], data })
}

/** The bool matrix `[n][n]` of what position t (row) may look at: positions ≤ t. */
export function causalMask(n: number): Tensor {
  return lowerTriangle(n, n)
}

/** x with zeros above the `diagonal` (default 0) of its last two axes. */
export function tril(x: Tensor, options: { diagonal?: number } = {}): Tensor {
  const [rows, columns] = x.shape.slice(-2)
  return where(lowerTriangle(rows, columns, options), x, 0)
}

/** x with zeros below the `diagonal` (default 0) of its last two axes. */
export function triu(x: Tensor, options: { diagonal?: number } = {}): Tensor {
  const [rows, columns] = x.shape.slice(-2)
  return where(lowerTriangle(rows, columns, { diagonal: (options.diagonal ?? 0) - 1 }), 0, x)
}
