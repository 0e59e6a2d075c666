import { node, type Operator, type Tensor } from '../graph.ts'
import { allocate, sizeOf } from '../ndarray.ts'
import { broadcastShapes, broadcastStrides, shapeError, stridedOffsets } from '../shape.ts'
import { mul, unbroadcast } from './binary.ts'
import { expandDims, reshape } from './layout.ts'
import { like, unifyFloats } from './operands.ts'
import { sum } from './reduce.ts'

/** Which operands to transpose in their last two axes. */
export interface MatmulOptions {
  readonly transposeA?: boolean
  readonly transposeB?: boolean
}

interface MatmulAttributes {
  readonly [name: string]: boolean
  transposeA: boolean
  transposeB: boolean
}

function swapLast(rank: number): number[] {
  const permutation = Array.from({ length: rank }, (_, axis) => axis)
  permutation[rank - 1] = rank - 2
  permutation[rank - 2] = rank - 1
  return permutation
}

/**
 * Products of matrices. The gradient for a matrix shared by a batch, `[…, T, k]·[k, n]`, is one product of the
 * flattened operands.
 */
export const matmulOperator: Operator<MatmulAttributes> = {
  name: 'matmul',
  vjp(y, cotangent, wanted) {
    const [a, b] = y.inputs
    const { transposeA, transposeB } = y.attributes
    const shared = b.shape.length === 2 && a.shape.length > 2 && !transposeA
    return [
      wanted[0] ? unbroadcast(cotangentOfA(), a.shape) : null,
      wanted[1] ? unbroadcast(cotangentOfB(), b.shape) : null,
    ]
    function cotangentOfA(): Tensor {
      return transposeA
        ? matmul(b, cotangent, { transposeA: transposeB, transposeB: true })
        : matmul(cotangent, b, { transposeB: !transposeB })
    }
    function cotangentOfB(): Tensor {
      const left = shared ? reshape(a, [-1, a.shape[a.shape.length - 1]]) : a
      const right = shared ? reshape(cotangent, [-1, cotangent.shape[cotangent.shape.length - 1]]) : cotangent
      return transposeB
        ? matmul(right, left, { transposeA: true, transposeB: transposeA })
        : matmul(left, right, { transposeA: !transposeA })
    }
  },
  evaluate(node, [a, b]) {
    const { transposeA, transposeB } = node.attributes
    const batch = node.shape.slice(0, -2)
    const [rows, columns] = node.shape.slice(-2)
    const inner = a.shape[a.shape.length - (transposeA ? 2 : 1)]
    const atA = stridedOffsets(batch, broadcastStrides(a.shape.slice(0, -2), batch))
    const atB = stridedOffsets(batch, broadcastStrides(b.shape.slice(0, -2), batch))
    const data = allocate(node.dtype, sizeOf(node.shape))
    const [rowA, stepA] = transposeA ? [1, rows] : [inner, 1]
    const [stepB, columnB] = transposeB ? [1, inner] : [columns, 1]
    let position = 0
    for (let i = 0; i < atA.length; i++) {
      const baseA = atA[i] * rows * inner
      const baseB = atB[i] * inner * columns
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          let dotProduct = 0
          for (let k = 0; k < inner; k++) {
            dotProduct += a.data[baseA + r * rowA + k * stepA] * b.data[baseB + k * stepB + c * columnB]
          }
          data[position++] = dotProduct
        }
      }
    }
    return like(node as Tensor, data)
  },
  lower(node, [a, b], emit) {
    const { transposeA, transposeB } = node.attributes
    if (!transposeA && !transposeB) return emit.one('MatMul', [a, b])
    if (node.dtype === 'float32' && !emit.portable) {
      const attributes = { transA: { int: Number(transposeA) }, transB: { int: Number(transposeB) } }
      return emit.one('FusedMatMul', [a, b], attributes, 'com.microsoft')
    }
    const turned = [a, b].map((name, i) =>
      [transposeA, transposeB][i]
        ? emit.one('Transpose', [name], { perm: { ints: swapLast(node.inputs[i].shape.length) } })
        : name,
    )
    return emit.one('MatMul', turned)
  },
}

/**
 * Matrix product over the last two axes, `[…, m, k]·[…, k, n] → […, m, n]`; leading axes broadcast. Vectors count as one
 * row on the left and one column on the right, and the axis added for that is dropped again.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = options
  const [first, second] = unifyFloats(a, b)
  if (first.shape.length === 1) {
    const row = matmul(expandDims(first, { axis: 0 }), second, { transposeB })
    return reshape(row, [...row.shape.slice(0, -2), row.shape[row.shape.length - 1]])
  }
  if (second.shape.length === 1) {
    const column = matmul(first, expandDims(second, { axis: 1 }), { transposeA })
    return reshape(column, column.shape.slice(0, -1))
  }
  const got = `[${a.shape}]${transposeA ? 'ᵀ' : ''} and [${b.shape}]${transposeB ? 'ᵀ' : ''}`
  if (first.shape.length === 0 || second.shape.length === 0) {
    throw shapeError('matmul', 'matrices or vectors', got, 'use mul for scalars')
  }
  const [m, k] = transposeA ? [...first.shape.slice(-2)].reverse() : first.shape.slice(-2)
  const [k2, n] = transposeB ? [...second.shape.slice(-2)].reverse() : second.shape.slice(-2)
  if (k !== k2) throw shapeError('matmul', 'equal inner extents', got)
  const batch = broadcastShapes('matmul', first.shape.slice(0, -2), second.shape.slice(0, -2))
  return node(matmulOperator, [first, second], { transposeA, transposeB }, [...batch, m, n], first.dtype)
}

/** Σ aᵢ·bᵢ over the last axis; leading axes broadcast. */
export function dot(a: Tensor, b: Tensor): Tensor {
  return sum(mul(...(unifyFloats(a, b) as [Tensor, Tensor])), { axis: -1 })
}

/** aᵢ·bⱼ of two vectors, `[m]` and `[n]` → `[m, n]`. */
export function outer(a: Tensor, b: Tensor): Tensor {
  if (a.shape.length !== 1 || b.shape.length !== 1) {
    throw shapeError('outer', 'two vectors', `[${a.shape}] and [${b.shape}]`)
  }
  return mul(expandDims(a, { axis: 1 }), expandDims(b, { axis: 0 }))
}
