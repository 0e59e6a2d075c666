import { node, type Operator, type Tensor } from '../graph.ts'
import type { Emitter } from '../lower/emitter.ts'
import { allocate, type NdArray, sizeOf } from '../ndarray.ts'
import { shapeError } from '../shape.ts'
import { mul } from './binary.ts'
import { equal } from './compare.ts'
import { type ConvOptions, conv2d, type Pair, padsOf, pairOf } from './conv.ts'
import { full, zerosLike } from './fill.ts'
import { scatterAddAlongAxis } from './indexing.ts'
import { broadcastTo, reshape, sliceAxis } from './layout.ts'
import { cast, like, toFloat } from './operands.ts'
import { mean, sum } from './reduce.ts'
import { constant } from './source.ts'

/** Static facts of pooling. */
export interface PoolAttributes {
  readonly [name: string]: readonly number[] | number
  kernel: readonly number[]
  strides: readonly number[]
  pads: readonly number[]
  /** Which result: 0 the largest values, 1 their flat positions in the whole input. */
  output: number
}

/** Largest element of every window, and where it stands; the two results share one node in ONNX. */
export const maxPool2dOperator: Operator<PoolAttributes> = {
  name: 'maxPool2d',
  vjp(y, cotangent) {
    const [x] = y.inputs
    if (y.attributes.output === 1) return [null]
    if (tiles(x, y.attributes))
      return [mul(enlarge(cotangent, y.attributes.kernel), firstLargest(x, y as Tensor, y.attributes.kernel))]
    const positions = reshape(pool(x, { ...y.attributes, output: 1 }), [-1])
    const flat = scatterAddAlongAxis(reshape(zerosLike(x), [-1]), positions, reshape(cotangent, [-1]))
    return [reshape(flat, x.shape)]
  },
  evaluate(node, [x]) {
    const positions = largestPositions(node, x)
    return node.attributes.output === 1
      ? like(node as Tensor, positions)
      : like(
          node as Tensor,
          node.dtype === 'float64'
            ? Float64Array.from(positions, at => x.data[at])
            : Float32Array.from(positions, at => x.data[at]),
        )
  },
  lower(node, inputs, emit) {
    const { kernel, strides, pads, output } = node.attributes
    const results = emit.many('MaxPool', inputs, 2, {
      kernel_shape: { ints: kernel },
      strides: { ints: strides },
      pads: { ints: pads },
    })
    return output === 0 ? results[0] : emit.cast(results[1], 'int32')
  },
}

function largestPositions(
  node: { readonly shape: readonly number[]; readonly attributes: PoolAttributes },
  x: NdArray,
): Int32Array {
  const { kernel, strides, pads } = node.attributes
  const [, , height, width] = x.shape
  const [batch, channels, rows, columns] = node.shape
  const positions = new Int32Array(sizeOf(node.shape))
  let out = 0
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        let best = -1
        for (let i = 0; i < kernel[0]; i++) {
          const y = r * strides[0] - pads[0] + i
          if (y < 0 || y >= height) continue
          for (let j = 0; j < kernel[1]; j++) {
            const column = c * strides[1] - pads[1] + j
            if (column < 0 || column >= width) continue
            const at = (plane * height + y) * width + column
            if (best < 0 || x.data[at] > x.data[best]) best = at
          }
        }
        positions[out++] = best
      }
    }
  }
  return positions
}

/** Repeats every pixel of images in blocks of `kernel`. */
export const enlargeOperator: Operator<{ kernel: readonly number[] }> = {
  name: 'enlarge',
  vjp(y, cotangent) {
    const [x] = y.inputs
    const [rows, columns] = y.attributes.kernel
    const blocks = reshape(cotangent, [...x.shape.slice(0, 2), x.shape[2], rows, x.shape[3], columns])
    return [sum(blocks, { axis: [3, 5] })]
  },
  evaluate(node, [x]) {
    const [rows, columns] = node.attributes.kernel
    const [, , height, width] = node.shape
    const data = allocate(node.dtype, sizeOf(node.shape))
    const narrow = width / columns
    for (let at = 0; at < data.length; at++) {
      const row = Math.floor(at / width)
      const plane = Math.floor(row / height)
      const source = plane * (height / rows) + Math.floor((row % height) / rows)
      data[at] = x.data[source * narrow + Math.floor((at % width) / columns)]
    }
    return like(node as Tensor, data)
  },
  compose({ inputs: [x], attributes: { kernel }, shape }) {
    const [batch, channels, height, width] = x.shape
    const blocks = reshape(x, [batch, channels, height, 1, width, 1])
    return reshape(broadcastTo(blocks, [batch, channels, height, kernel[0], width, kernel[1]]), shape)
  },
  lower: (node, [x], emit) => enlargeLowered(x, node.attributes.kernel, emit),
}

function enlargeLowered(x: string, kernel: readonly number[], emit: Emitter): string {
  const scales = emit.constant({ dtype: 'float32', shape: [4], data: Float32Array.of(1, 1, ...kernel) })
  return emit.one('Resize', [x, '', scales], {
    mode: { string: 'nearest' },
    nearest_mode: { string: 'floor' },
    coordinate_transformation_mode: { string: 'asymmetric' },
  })
}

/** Every pixel of an image repeated in blocks of `kernel`. */
export function enlarge(x: Tensor, kernel: readonly number[]): Tensor {
  const [batch, channels, height, width] = x.shape
  return node(enlargeOperator, [x], { kernel }, [batch, channels, height * kernel[0], width * kernel[1]], x.dtype)
}

/** True when the windows cover the image without gaps, overlaps or padding. */
function tiles(x: Tensor, { kernel, strides, pads }: PoolAttributes): boolean {
  return [0, 1].every(
    axis =>
      kernel[axis] === strides[axis] && x.shape[2 + axis] % kernel[axis] === 0 && pads[axis] + pads[2 + axis] === 0,
  )
}

/**
 * 1 at the first of the largest elements of every window, 0 elsewhere, from an image and its maxima, without ONNX Runtime's
 * slow search for positions: elements equal to their window's maximum are ranked by their place, and the highest rank wins.
 */
export const firstLargestOperator: Operator<{ kernel: readonly number[] }> = {
  name: 'firstLargest',
  evaluate(node, [x]) {
    const { kernel } = node.attributes
    const [batch, channels, height, width] = x.shape
    const windows = { shape: [batch, channels, height / kernel[0], width / kernel[1]] }
    const data = allocate(node.dtype, x.data.length)
    for (const at of largestPositions(
      { ...windows, attributes: attributesOf({ kernel: [kernel[0], kernel[1]] }) },
      x,
    )) {
      data[at] = 1
    }
    return like(node as Tensor, data)
  },
  compose({ inputs: [x, y], attributes: { kernel } }) {
    const ranked = mul(cast(equal(x, enlarge(y, kernel)), x.dtype), constant(ranksOf(x, kernel)))
    const highest = pool(ranked, attributesOf({ kernel: [kernel[0], kernel[1]] }))
    return cast(equal(ranked, enlarge(highest, kernel)), x.dtype)
  },
  lower(node, [x, y], emit) {
    const { kernel } = node.attributes
    const largest = emit.cast(emit.one('Equal', [x, enlargeLowered(y, kernel, emit)]), 'float32')
    const ranked = emit.one('Mul', [largest, emit.constant(ranksOf(node.inputs[0], kernel))])
    const highest = emit.one('MaxPool', [ranked], { kernel_shape: { ints: kernel }, strides: { ints: kernel } })
    return emit.cast(emit.one('Equal', [ranked, enlargeLowered(highest, kernel, emit)]), 'float32')
  },
}

/** Operators of this file, for tables and tests. */
export const poolOperators = [maxPool2dOperator, enlargeOperator, firstLargestOperator] as unknown as Operator[]

/** For every pixel its rank in its window, the first pixel the highest, `[1][1][H][W]`. */
function ranksOf(x: Tensor, kernel: readonly number[]): NdArray {
  const [height, width] = x.shape.slice(2)
  const data = Float32Array.from({ length: height * width }, (_, at) => {
    const [row, column] = [Math.floor(at / width) % kernel[0], (at % width) % kernel[1]]
    return kernel[0] * kernel[1] - (row * kernel[1] + column)
  })
  return { dtype: 'float32', shape: [1, 1, height, width], data }
}

function extents(operator: string, x: Tensor, { kernel, strides, pads }: PoolAttributes): number[] {
  if (x.shape.length !== 4) throw shapeError(operator, 'an image [N][C][H][W]', `[${x.shape}]`)
  return [0, 1].map(axis => {
    const free = x.shape[2 + axis] + pads[axis] + pads[2 + axis] - kernel[axis]
    if (free < 0 || pads[axis] >= kernel[axis] || pads[2 + axis] >= kernel[axis]) {
      throw shapeError(
        operator,
        'windows inside the image, each over at least one pixel',
        `[${x.shape}], kernel [${kernel}], pads [${pads}]`,
      )
    }
    return Math.floor(free / strides[axis]) + 1
  })
}

/** The node of {@link firstLargestOperator} for an image and its maxima over windows that cover it without overlaps. */
export function firstLargest(x: Tensor, y: Tensor, kernel: readonly number[]): Tensor {
  return node(firstLargestOperator, [x, y], { kernel }, x.shape, x.dtype)
}

/** The node of {@link maxPool2dOperator}. */
export function pool(x: Tensor, attributes: PoolAttributes): Tensor {
  const shape = [x.shape[0], x.shape[1], ...extents('maxPool2d', x, attributes)]
  return node(maxPool2dOperator, [x], attributes, shape, attributes.output === 1 ? 'int32' : x.dtype)
}

/** How a window moves over an image. */
export interface PoolOptions {
  /** Extent of the window. */
  readonly kernel: Pair
  /** Default: the extent of the window. */
  readonly stride?: Pair
  /** As in {@link ConvOptions}; smaller than the window. */
  readonly padding?: ConvOptions['padding']
}

function attributesOf(options: PoolOptions): PoolAttributes {
  const kernel = pairOf(options.kernel, 1)
  return { kernel, strides: pairOf(options.stride ?? kernel, 1), pads: padsOf(options.padding), output: 0 }
}

/** Largest element of every window of images `[N][C][H][W]`; the gradient goes to the first of equals. Padding never wins. */
export function maxPool2d(x: Tensor, options: PoolOptions): Tensor {
  return pool(toFloat(x), attributesOf(options))
}

/** Mean of every window of images `[N][C][H][W]`; padding counts as zeros. */
export function avgPool2d(x: Tensor, options: PoolOptions): Tensor {
  const tensor = toFloat(x)
  const attributes = attributesOf(options)
  const { kernel, strides, pads } = attributes
  const [rows, columns] = extents('avgPool2d', tensor, attributes)
  const [batch, channels, height, width] = tensor.shape
  if (kernel.every((extent, axis) => extent === strides[axis]) && pads.every(count => count === 0)) {
    const cut = sliceAxis(sliceAxis(tensor, 2, 0, rows * kernel[0]), 3, 0, columns * kernel[1])
    return mean(reshape(cut, [batch, channels, rows, kernel[0], columns, kernel[1]]), { axis: [3, 5] })
  }
  const planes = reshape(tensor, [batch * channels, 1, height, width])
  const weights = full([1, 1, kernel[0], kernel[1]], 1 / (kernel[0] * kernel[1]))
  const pooled = conv2d(planes, weights, {
    stride: [strides[0], strides[1]],
    padding: [pads[0], pads[1], pads[2], pads[3]],
  })
  return reshape(pooled, [batch, channels, rows, columns])
}
