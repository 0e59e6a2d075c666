import { node, type Operator, type Tensor } from '../graph.ts'
import { type NdArray, sizeOf } from '../ndarray.ts'
import { shapeError } from '../shape.ts'
import { type ConvOptions, conv2d, type Pair, padsOf, pairOf } from './conv.ts'
import { full, zerosLike } from './fill.ts'
import { scatterAddAlongAxis } from './indexing.ts'
import { reshape, sliceAxis } from './layout.ts'
import { like, toFloat } from './operands.ts'
import { mean } from './reduce.ts'

interface PoolAttributes {
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

function largestPositions(node: Tensor<PoolAttributes>, x: NdArray): Int32Array {
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

/** Operators of this file, for tables and tests. */
export const poolOperators = [maxPool2dOperator] as unknown as Operator[]

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

function pool(x: Tensor, attributes: PoolAttributes): Tensor {
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
