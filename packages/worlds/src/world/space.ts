/** A limit of a range; null: unbounded (so that a space survives JSON, which has no infinity). */
export type Bound = number | null

/** One of 0 … count−1. */
export interface DiscreteSpace {
  readonly kind: 'discrete'
  readonly count: number
  /** What each number stands for. */
  readonly names?: readonly string[]
}

/** Numbers of a given shape, each within its own bounds (both included). */
export interface BoxSpace {
  readonly kind: 'box'
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'uint8'
  /** One for each entry, in row-major order. */
  readonly low: readonly Bound[]
  readonly high: readonly Bound[]
}

/** What actions or observations look like, as plain data. */
export type Space = DiscreteSpace | BoxSpace

/** Observations side by side: float32 or uint8 entries of a box, or the int32 index of a discrete space. */
export type Observations = Float32Array | Uint8Array | Int32Array

/** A discrete space from the names of its elements, or their number. */
export function discrete(elements: number | readonly string[]): DiscreteSpace {
  return typeof elements === 'number'
    ? { kind: 'discrete', count: elements }
    : { kind: 'discrete', count: elements.length, names: elements }
}

/** A vector of float32 numbers with these bounds. */
export function box(bounds: readonly (readonly [low: Bound, high: Bound])[]): BoxSpace {
  return {
    kind: 'box',
    shape: [bounds.length],
    dtype: 'float32',
    low: bounds.map(([low]) => low),
    high: bounds.map(([, high]) => high),
  }
}

/** A block of bytes of this shape, each at most `most`. */
export function bytes(shape: readonly number[], most: number): BoxSpace {
  const size = shape.reduce((product, side) => product * side, 1)
  return {
    kind: 'box',
    shape,
    dtype: 'uint8',
    low: new Array<Bound>(size).fill(0),
    high: new Array<Bound>(size).fill(most),
  }
}

/** Numbers in one element: 1 for a discrete space, the product of the shape for a box. */
export function sizeOf(space: Space): number {
  return space.kind === 'discrete' ? 1 : space.low.length
}

/** Bytes of one number of an observation. */
export function bytesPerEntry(space: Space): 1 | 4 {
  return space.kind === 'box' && space.dtype === 'uint8' ? 1 : 4
}

/** `length` observed numbers of this space within `buffer`. */
export function observationsIn(space: Space, buffer: ArrayBuffer, offset: number, length: number): Observations {
  if (space.kind === 'discrete') return new Int32Array(buffer, offset, length)
  return space.dtype === 'uint8' ? new Uint8Array(buffer, offset, length) : new Float32Array(buffer, offset, length)
}
