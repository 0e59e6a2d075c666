import { GuerdonError } from '@guerdon/core'
import { sizeOf } from './ndarray.ts'

/** Extents of the axes of an array. */
export type Shape = readonly number[]

/** True when both shapes have the same extents. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis])
}

/** The common shape of operands by NumPy's rule: align at the last axis, extents of 1 stretch. Throws `shape_mismatch`. */
export function broadcastShapes(operator: string, ...shapes: Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map(shape => shape.length))
  const result = new Array<number>(rank).fill(1)
  for (const shape of shapes) {
    const lead = rank - shape.length
    for (let axis = 0; axis < shape.length; axis++) {
      const extent = shape[axis]
      const current = result[lead + axis]
      if (current === extent || extent === 1) continue
      if (current !== 1) throw shapeError(operator, 'shapes that broadcast', shapes.map(s => `[${s}]`).join(' and '))
      result[lead + axis] = extent
    }
  }
  return result
}

/** An axis counted from the front, given one that may count from the back. */
export function normalizeAxis(operator: string, axis: number, rank: number): number {
  const result = axis < 0 ? axis + rank : axis
  if (Number.isInteger(axis) && result >= 0 && result < rank) return result
  throw shapeError(operator, `an axis in [${-rank}, ${rank - 1}] for rank ${rank}`, `${axis}`)
}

/** Sorted distinct axes counted from the front; all axes when none are given. */
export function normalizeAxes(operator: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis)
  const list = (typeof axes === 'number' ? [axes] : axes).map(axis => normalizeAxis(operator, axis, rank))
  const distinct = [...new Set(list)].sort((a, b) => a - b)
  if (distinct.length !== list.length) throw shapeError(operator, 'distinct axes', `[${axes}]`)
  return distinct
}

/** The shape without `axes`, or with extent 1 there. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return keepDims
    ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : shape.filter((_, axis) => !axes.includes(axis))
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= shape[axis]
  }
  return strides
}

/** Strides that read an array of `shape` as if it had been broadcast to `target`. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape)
  const lead = target.length - shape.length
  return target.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : strides[axis - lead]))
}

/** For every element of `shape` in row-major order, `base + Σ index·stride`. */
export function stridedOffsets(shape: Shape, strides: readonly number[], base = 0): Int32Array {
  const offsets = new Int32Array(sizeOf(shape))
  if (offsets.length === 0) return offsets
  offsets[0] = base
  let filled = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const block = filled
    for (let index = 1; index < shape[axis]; index++) {
      const shift = index * strides[axis]
      for (let i = 0; i < block; i++) offsets[filled++] = offsets[i] + shift
    }
  }
  return offsets
}

/** `{ outer, extent, inner }` such that an array of `shape` reads as `[outer][extent][inner]` around `axis`. */
export function aroundAxis(shape: Shape, axis: number): { outer: number; extent: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), extent: shape[axis], inner: sizeOf(shape.slice(axis + 1)) }
}

/** A `shape_mismatch` error: operator, what was expected, what came. */
export function shapeError(operator: string, expected: string, got: string, hint?: string): GuerdonError {
  return new GuerdonError('shape_mismatch', `${operator}: expected ${expected}; got ${got}`, {
    path: [operator],
    ...(hint === undefined ? {} : { hint }),
  })
}
