import { node, type Operator, type Tensor } from '../graph.ts'
import type { Emitter } from '../lower/emitter.ts'
import { allocate, type NdArray, sizeOf } from '../ndarray.ts'
import { convTranspose2d } from './conv.ts'
import { pad, reshape, slice, stack } from './layout.ts'
import { cast, like } from './operands.ts'
import { constant } from './source.ts'

/** How windows lie on an image. */
export interface WindowAttributes {
  readonly [name: string]: readonly number[]
  /** `[height, width]` of a window. */
  kernel: readonly number[]
  strides: readonly number[]
  /** `[top, left, bottom, right]` */
  pads: readonly number[]
  dilations: readonly number[]
  /** Windows per column and per row. */
  counts: readonly number[]
}

/**
 * Every window of an image as a column, `[N][C][H][W]` → `[N][C·kh·kw][rows·columns]`: what a kernel and the gradient of a
 * kernel are multiplied with.
 */
export const windows2dOperator: Operator<WindowAttributes> = {
  name: 'windows2d',
  vjp(y, cotangent) {
    const [x] = y.inputs
    const { kernel, strides, pads, dilations, counts } = y.attributes
    const [batch, channels, ...extents] = x.shape
    const outputPadding = [0, 1].map(axis => {
      const reached = (counts[axis] - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1
      return extents[axis] + pads[axis] + pads[2 + axis] - reached
    })
    const columns = reshape(cotangent, [batch, channels * kernel[0] * kernel[1], counts[0], counts[1]])
    const picks = cast(constant(picksOf(channels, kernel)), x.dtype)
    const folded = convTranspose2d(columns, picks, {
      stride: [strides[0], strides[1]],
      dilation: [dilations[0], dilations[1]],
      padding: [pads[0], pads[1], pads[2], pads[3]],
      outputPadding: [outputPadding[0], outputPadding[1]],
      groups: channels,
    })
    return [folded]
  },
  evaluate(node, [x]) {
    const { kernel, strides, pads, dilations, counts } = node.attributes
    const [batch, channels, height, width] = x.shape
    const data = allocate(node.dtype, sizeOf(node.shape))
    let position = 0
    for (let plane = 0; plane < batch * channels; plane++) {
      for (let element = 0; element < kernel[0] * kernel[1]; element++) {
        const top = Math.floor(element / kernel[1]) * dilations[0] - pads[0]
        const left = (element % kernel[1]) * dilations[1] - pads[1]
        for (let at = 0; at < counts[0] * counts[1]; at++) {
          const row = Math.floor(at / counts[1]) * strides[0] + top
          const column = (at % counts[1]) * strides[1] + left
          const inside = row >= 0 && row < height && column >= 0 && column < width
          data[position++] = inside ? x.data[(plane * height + row) * width + column] : 0
        }
      }
    }
    return like(node as Tensor, data)
  },
  compose: ({ inputs: [x], attributes }) => composeWindows(x, attributes),
  lower: (node, [x], emit) => windowsLowered(x, node.inputs[0].shape, node.attributes, emit),
}

/** The node of {@link windows2dOperator}. */
export function windows2d(x: Tensor, attributes: WindowAttributes): Tensor {
  const { kernel, counts } = attributes
  const shape = [x.shape[0], x.shape[1] * kernel[0] * kernel[1], counts[0] * counts[1]]
  return node(windows2dOperator, [x], attributes, shape, x.dtype)
}

/** For every channel one kernel per element of the window, which is 1 there and 0 elsewhere: `[C·kh·kw][1][kh][kw]`. */
function picksOf(channels: number, [height, width]: readonly number[]): NdArray {
  const size = height * width
  const data = new Float32Array(channels * size * size)
  for (let i = 0; i < channels * size; i++) data[i * size + (i % size)] = 1
  return { dtype: 'float32', shape: [channels * size, 1, height, width], data }
}

/** As a convolution of every channel with kernels that each pick out one element: the fastest way ONNX Runtime has. */
export function windowsLowered(
  x: string,
  shape: readonly number[],
  { kernel, strides, pads, dilations, counts }: WindowAttributes,
  emit: Emitter,
): string {
  const [batch, channels, ...extents] = shape
  const picked = emit.one('Conv', [x, emit.constant(picksOf(channels, kernel))], {
    strides: { ints: strides },
    pads: { ints: pads },
    dilations: { ints: dilations },
    group: { int: channels },
  })
  const found = [0, 1].map(axis => {
    const free = extents[axis] + pads[axis] + pads[2 + axis] - dilations[axis] * (kernel[axis] - 1) - 1
    return Math.floor(free / strides[axis]) + 1
  })
  const fits = found.every((count, axis) => count === counts[axis])
  const cut = fits ? picked : emit.one('Slice', [picked, ...[[0, 0], counts, [2, 3]].map(list => emit.ints(list))])
  return emit.one('Reshape', [cut, emit.ints([batch, channels * kernel[0] * kernel[1], counts[0] * counts[1]])])
}

/** The same by slices of the padded image, one for each element of the window. */
function composeWindows(x: Tensor, { kernel, strides, pads, dilations, counts }: WindowAttributes): Tensor {
  const padded = pad(x, { before: [0, 0, pads[0], pads[1]], after: [0, 0, pads[2], pads[3]] })
  const parts: Tensor[] = []
  for (let i = 0; i < kernel[0]; i++) {
    for (let j = 0; j < kernel[1]; j++) {
      const starts = [i * dilations[0], j * dilations[1]]
      const ends = [0, 1].map(axis => starts[axis] + (counts[axis] - 1) * strides[axis] + 1)
      parts.push(slice(padded, { starts, ends, axes: [2, 3], steps: strides }))
    }
  }
  return reshape(stack(parts, { axis: 2 }), [x.shape[0], x.shape[1] * parts.length, counts[0] * counts[1]])
}
