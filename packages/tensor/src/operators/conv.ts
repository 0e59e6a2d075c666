import { node, type Operator, type Tensor } from '../graph.ts'
import type { Emitter, OnnxAttributes } from '../lower/emitter.ts'
import { allocate, sizeOf } from '../ndarray.ts'
import { shapeError } from '../shape.ts'

import { concat, dilate, flip, pad, reshape, slice, split, transpose } from './layout.ts'
import { matmul } from './matmul.ts'
import { like, unifyFloats } from './operands.ts'
import { sum } from './reduce.ts'
import { type WindowAttributes, windows2d, windowsLowered } from './windows.ts'

/** One number for both axes, or `[height, width]`. */
export type Pair = number | readonly [number, number]

/** How a kernel moves over an image. */
export interface ConvOptions {
  /** Default 1. */
  readonly stride?: Pair
  /** Zeros added around the image: one number, `[height, width]` or `[top, left, bottom, right]`; default 0. */
  readonly padding?: Pair | readonly [number, number, number, number]
  /** Distance between kernel elements; default 1. */
  readonly dilation?: Pair
  /** Channel groups that do not see each other; default 1. */
  readonly groups?: number
}

interface ConvAttributes {
  readonly [name: string]: readonly number[] | number
  strides: readonly number[]
  pads: readonly number[]
  dilations: readonly number[]
  groups: number
  /** Extra rows and columns at the end of a transposed convolution; `[0, 0]` for a plain one. */
  outputPadding: readonly number[]
}

/** `[height, width]` of a {@link Pair}. */
export function pairOf(value: Pair | undefined, fallback: number): [number, number] {
  const [height, width] = typeof value === 'object' ? value : [value ?? fallback, value ?? fallback]
  return [height, width]
}

/** `[top, left, bottom, right]` of a padding option. */
export function padsOf(padding: ConvOptions['padding']): [number, number, number, number] {
  if (typeof padding === 'object' && padding.length === 4) return [...padding]
  const [height, width] = pairOf(padding as Pair | undefined, 0)
  return [height, width, height, width]
}

function onnxAttributes(attributes: ConvAttributes): OnnxAttributes {
  return {
    strides: { ints: attributes.strides },
    pads: { ints: attributes.pads },
    dilations: { ints: attributes.dilations },
    group: { int: attributes.groups },
  }
}

/**
 * Calls back for every pair of image and kernel position that meet: flat positions in the small image (result of the
 * convolution), the large image (its input) and the kernel `[O][C/g][kh][kw]`.
 */
function eachContact(
  small: readonly number[],
  large: readonly number[],
  kernel: readonly number[],
  { strides, pads, dilations, groups }: ConvAttributes,
  visit: (inSmall: number, inLarge: number, inKernel: number) => void,
): void {
  const [batch, outChannels, rows, columns] = small
  const [, channels, height, width] = large
  const [, perGroup, kernelRows, kernelColumns] = kernel
  const outPerGroup = outChannels / groups
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      const firstChannel = Math.floor(o / outPerGroup) * perGroup
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          const inSmall = ((n * outChannels + o) * rows + r) * columns + c
          for (let channel = 0; channel < perGroup; channel++) {
            for (let i = 0; i < kernelRows; i++) {
              const y = r * strides[0] - pads[0] + i * dilations[0]
              if (y < 0 || y >= height) continue
              for (let j = 0; j < kernelColumns; j++) {
                const x = c * strides[1] - pads[1] + j * dilations[1]
                if (x < 0 || x >= width) continue
                const inLarge = ((n * channels + firstChannel + channel) * height + y) * width + x
                visit(inSmall, inLarge, ((o * perGroup + channel) * kernelRows + i) * kernelColumns + j)
              }
            }
          }
        }
      }
    }
  }
}

/** Windows of more elements than this are not spread out: 128 MB in float32. */
const largestSpread = 2 ** 25

/**
 * Cotangent of the kernel: the product of the cotangent with the windows of the image, summed over the batch; one large
 * product runs several times faster than the convolution it equals.
 */
function kernelCotangent(large: Tensor, small: Tensor, kernel: readonly number[], attributes: ConvAttributes): Tensor {
  const { groups } = attributes
  if (groups > 1) {
    const images = split(large, groups, { axis: 1 })
    const cotangents = split(small, groups, { axis: 1 })
    const part = [kernel[0] / groups, ...kernel.slice(1)]
    return concat(images.map((image, g) => kernelCotangent(image, cotangents[g], part, { ...attributes, groups: 1 })))
  }
  const [batch, outputs, rows, columns] = small.shape
  if (batch * rows * columns * kernel[1] * kernel[2] * kernel[3] > largestSpread) {
    return exchangedConvolution(large, small, kernel, attributes)
  }
  const spread = windows2d(large, windowsOf(kernel, [rows, columns], attributes))
  const products = matmul(reshape(small, [batch, outputs, rows * columns]), spread, { transposeB: true })
  return reshape(sum(products, { axis: 0 }), kernel)
}

function windowsOf(
  kernel: readonly number[],
  counts: readonly number[],
  { strides, pads, dilations }: ConvAttributes,
): WindowAttributes {
  return { kernel: kernel.slice(2), strides, pads, dilations, counts }
}

/**
 * The cotangent of the kernel as a convolution of the image with the cotangent, with batch and channels exchanged and
 * strides and dilations exchanged; needs no further memory.
 */
function exchangedConvolution(
  large: Tensor,
  small: Tensor,
  kernel: readonly number[],
  { strides, dilations, pads }: ConvAttributes,
): Tensor {
  const exchanged = convolve(transpose(large, [1, 0, 2, 3]), transpose(small, [1, 0, 2, 3]), {
    strides: dilations,
    dilations: strides,
    pads,
    groups: 1,
    outputPadding: [0, 0],
  })
  const cut = slice(exchanged, { starts: [0, 0], ends: [kernel[2], kernel[3]], axes: [2, 3] })
  return transpose(cut, [1, 0, 2, 3])
}

/** A convolution as a matrix product with the windows of the image. */
function composeConvolution(x: Tensor, kernel: Tensor, attributes: ConvAttributes, shape: readonly number[]): Tensor {
  const [, outChannels, rows, columns] = shape
  const { groups } = attributes
  const images = split(x, groups, { axis: 1 })
  const kernels = split(kernel, groups, { axis: 0 })
  const products = images.map((image, g) =>
    matmul(
      reshape(kernels[g], [outChannels / groups, -1]),
      windows2d(image, windowsOf(kernel.shape, [rows, columns], attributes)),
    ),
  )
  return reshape(concat(products, { axis: 1 }), shape)
}

/** A transposed convolution: zeros between the pixels and a convolution with the kernel turned round. */
function composeTransposed(x: Tensor, kernel: Tensor, attributes: ConvAttributes, shape: readonly number[]): Tensor {
  const { strides, pads, dilations, groups, outputPadding } = attributes
  const spread = dilate(dilate(x, 2, strides[0]), 3, strides[1])
  const reach = [0, 1].map(axis => dilations[axis] * (kernel.shape[2 + axis] - 1))
  const canvas = pad(spread, {
    before: [0, 0, ...reach],
    after: [0, 0, reach[0] + outputPadding[0], reach[1] + outputPadding[1]],
  })
  const cut = slice(canvas, {
    starts: [pads[0], pads[1]],
    ends: [canvas.shape[2] - pads[2], canvas.shape[3] - pads[3]],
    axes: [2, 3],
  })
  const [channels, perGroup, ...extents] = kernel.shape
  const grouped = reshape(flip(kernel, { axis: [2, 3] }), [groups, channels / groups, perGroup, ...extents])
  const turned = reshape(transpose(grouped, [0, 2, 1, 3, 4]), [groups * perGroup, channels / groups, ...extents])
  const plain = { strides: [1, 1], pads: [0, 0, 0, 0], dilations, groups, outputPadding: [0, 0] }
  return composeConvolution(cut, turned, plain, shape)
}

/** Cross-correlation of images with kernels. */
export const conv2dOperator: Operator<ConvAttributes> = {
  name: 'conv2d',
  vjp(y, cotangent, wanted) {
    const [x, kernel] = y.inputs
    const { strides, pads, dilations } = y.attributes
    const outputPadding = [0, 1].map(axis => {
      const reached = (y.shape[2 + axis] - 1) * strides[axis] + dilations[axis] * (kernel.shape[2 + axis] - 1) + 1
      return x.shape[2 + axis] + pads[axis] + pads[2 + axis] - reached
    })
    return [
      wanted[0] ? convolveTransposed(cotangent, kernel, { ...y.attributes, outputPadding }) : null,
      wanted[1] ? kernelCotangent(x, cotangent, kernel.shape, y.attributes) : null,
    ]
  },
  evaluate(node, [x, kernel]) {
    const sums = new Float64Array(sizeOf(node.shape))
    eachContact(node.shape, x.shape, kernel.shape, node.attributes, (inSmall, inLarge, inKernel) => {
      sums[inSmall] += x.data[inLarge] * kernel.data[inKernel]
    })
    const data = allocate(node.dtype, sums.length)
    data.set(sums)
    return like(node as Tensor, data)
  },
  compose: node => composeConvolution(node.inputs[0], node.inputs[1], node.attributes, node.shape),
  lower: (node, inputs, emit) =>
    lowerBySharedWindows(node, inputs, emit) ?? emit.one('Conv', inputs, onnxAttributes(node.attributes)),
}

/**
 * When the gradient of the kernel needs the windows of the image anyway, the convolution is one product with them and costs
 * half; a bias is added after. Not worth it for few channels.
 */
function lowerBySharedWindows(
  node: Tensor<ConvAttributes>,
  [x, kernel, bias]: readonly string[],
  emit: Emitter,
): string | undefined {
  const [image, weights] = node.inputs
  if (node.attributes.groups > 1 || weights.shape[1] < 4 || emit.portable) return undefined
  const needed = JSON.stringify(windowsOf(weights.shape, node.shape.slice(2), node.attributes))
  const isShared = emit
    .readers(image)
    .some(reader => reader.op.name === 'windows2d' && JSON.stringify(reader.attributes) === needed)
  if (!isShared) return undefined
  const columns = windowsLowered(x, image.shape, JSON.parse(needed), emit)
  const matrix = emit.one('Reshape', [kernel, emit.ints([weights.shape[0], sizeOf(weights.shape) / weights.shape[0]])])
  const product = emit.one('MatMul', [matrix, columns])
  const shifted =
    bias === undefined
      ? product
      : emit.one('Add', [product, emit.one('Reshape', [bias, emit.ints([weights.shape[0], 1])])])
  return emit.one('Reshape', [shifted, emit.ints(node.shape)])
}

/** Transpose of a convolution in its image argument. */
export const convTranspose2dOperator: Operator<ConvAttributes> = {
  name: 'convTranspose2d',
  vjp(y, cotangent, wanted) {
    const [x, kernel] = y.inputs
    const attributes = { ...y.attributes, outputPadding: [0, 0] }
    return [
      wanted[0] ? convolve(cotangent, kernel, attributes) : null,
      wanted[1] ? kernelCotangent(cotangent, x, kernel.shape, attributes) : null,
    ]
  },
  evaluate(node, [x, kernel]) {
    const sums = new Float64Array(sizeOf(node.shape))
    eachContact(x.shape, node.shape, kernel.shape, node.attributes, (inSmall, inLarge, inKernel) => {
      sums[inLarge] += x.data[inSmall] * kernel.data[inKernel]
    })
    const data = allocate(node.dtype, sums.length)
    data.set(sums)
    return like(node as Tensor, data)
  },
  compose: node => composeTransposed(node.inputs[0], node.inputs[1], node.attributes, node.shape),
  lower(node, inputs, emit) {
    const plain = emit.singleThread ? undefined : padsOfEqualConvolution(node)
    if (plain !== undefined) {
      // ONNX Runtime's ConvTranspose keeps to one thread; with two, the equal convolution is faster.
      const exchanged = emit.one('Transpose', [inputs[1]], { perm: { ints: [1, 0, 2, 3] } })
      const ends = node.inputs[1].shape.slice(2).map(extent => -extent - 1)
      const turned = emit.one('Slice', [exchanged, ...[[-1, -1], ends, [2, 3], [-1, -1]].map(list => emit.ints(list))])
      return emit.one('Conv', [inputs[0], turned], { ...onnxAttributes(node.attributes), pads: { ints: plain } })
    }
    const attributes = { ...onnxAttributes(node.attributes), output_padding: { ints: node.attributes.outputPadding } }
    return emit.one('ConvTranspose', inputs, attributes)
  },
}

/** Padding of the convolution with the kernel turned round that equals a transposed convolution without strides. */
function padsOfEqualConvolution(y: Tensor<ConvAttributes>): number[] | undefined {
  const { strides, pads, dilations, groups, outputPadding } = y.attributes
  if (groups > 1 || strides.some(stride => stride > 1)) return undefined
  const wide = pads.map((count, i) => {
    const reach = dilations[i % 2] * (y.inputs[1].shape[2 + (i % 2)] - 1)
    return reach - count + (i < 2 ? 0 : outputPadding[i - 2])
  })
  return wide.every(count => count >= 0) ? wide : undefined
}

/** Operators of this file, for tables and tests. */
export const convOperators = [conv2dOperator, convTranspose2dOperator] as unknown as Operator[]

function convolve(x: Tensor, kernel: Tensor, attributes: ConvAttributes): Tensor {
  const { strides, pads, dilations } = attributes
  const extents = [0, 1].map(axis => {
    const free = x.shape[2 + axis] + pads[axis] + pads[2 + axis] - dilations[axis] * (kernel.shape[2 + axis] - 1) - 1
    return Math.floor(free / strides[axis]) + 1
  })
  if (extents.some(extent => extent < 1)) {
    throw shapeError('conv2d', 'an image at least as large as the kernel', `[${x.shape}] and [${kernel.shape}]`)
  }
  return node(conv2dOperator, [x, kernel], attributes, [x.shape[0], kernel.shape[0], ...extents], x.dtype)
}

function convolveTransposed(x: Tensor, kernel: Tensor, attributes: ConvAttributes): Tensor {
  const { strides, pads, dilations, groups, outputPadding } = attributes
  const extents = [0, 1].map(
    axis =>
      (x.shape[2 + axis] - 1) * strides[axis] +
      dilations[axis] * (kernel.shape[2 + axis] - 1) +
      1 -
      pads[axis] -
      pads[2 + axis] +
      outputPadding[axis],
  )
  const shape = [x.shape[0], kernel.shape[1] * groups, ...extents]
  return node(convTranspose2dOperator, [x, kernel], attributes, shape, x.dtype)
}

function attributesOf(options: ConvOptions & { outputPadding?: Pair }): ConvAttributes {
  return {
    strides: pairOf(options.stride, 1),
    pads: padsOf(options.padding),
    dilations: pairOf(options.dilation, 1),
    groups: options.groups ?? 1,
    outputPadding: pairOf(options.outputPadding, 0),
  }
}

function check(
  operator: string,
  x: Tensor,
  kernel: Tensor,
  channelAxis: number,
  channels: number,
  groups: number,
): void {
  const fits = x.shape.length === 4 && kernel.shape.length === 4 && kernel.shape[channelAxis] === channels
  if (fits && kernel.shape[0] % groups === 0) return
  const form = channelAxis === 1 ? '[O][C/groups][kh][kw]' : '[C][O/groups][kh][kw]'
  throw shapeError(operator, `an image [N][C][H][W] and a kernel ${form}`, `[${x.shape}] and [${kernel.shape}]`)
}

/**
 * Cross-correlation y[n,o,r,c] = Σ x[n, k, r·s + i·d − p, c·s + j·d − p]·w[o,k,i,j] of images `[N][C][H][W]` with kernels
 * `[O][C/groups][kh][kw]`.
 */
export function conv2d(x: Tensor, kernel: Tensor, options: ConvOptions = {}): Tensor {
  const [image, weights] = unifyFloats(x, kernel)
  const attributes = attributesOf(options)
  check('conv2d', image, weights, 1, image.shape[1] / attributes.groups, attributes.groups)
  return convolve(image, weights, attributes)
}

/**
 * Transposed convolution of images `[N][C][H][W]` with kernels `[C][O/groups][kh][kw]`: the gradient of {@link conv2d} for
 * its image. Height (H − 1)·s − 2p + d·(kh − 1) + 1 + outputPadding.
 */
export function convTranspose2d(
  x: Tensor,
  kernel: Tensor,
  options: ConvOptions & { outputPadding?: Pair } = {},
): Tensor {
  const [image, weights] = unifyFloats(x, kernel)
  const attributes = attributesOf(options)
  check('convTranspose2d', image, weights, 0, image.shape[1], attributes.groups)
  return convolveTransposed(image, weights, attributes)
}
