import { Tensor } from '../graph.ts'
import { sizeOf } from '../ndarray.ts'
import { add, mul, sub } from '../operators/binary.ts'
import { greater } from '../operators/compare.ts'
import { uniformValue } from '../operators/fill.ts'
import { broadcastTo, concat, pad, reshape, transpose } from '../operators/layout.ts'
import { matmul } from '../operators/matmul.ts'
import { cast } from '../operators/operands.ts'
import { enlarge, firstLargest, type PoolAttributes, pool } from '../operators/pool.ts'
import { relu } from '../operators/unary.ts'
import { sameShape } from '../shape.ts'

/** Gives a simpler node that computes the same, or nothing. */
export type Rule = (tensor: Tensor) => Tensor | undefined

function isSwapOfLastTwo(permutation: readonly number[]): boolean {
  const rank = permutation.length
  return permutation.every((axis, i) => {
    if (i === rank - 1) return axis === rank - 2
    return i === rank - 2 ? axis === rank - 1 : axis === i
  })
}

const passOn: Rule = ({ op, inputs, dtype, shape }) => {
  const [x] = inputs
  if (op.name === 'stopGradient') return x
  if (op.name === 'cast' && x.dtype === dtype) return x
  if (op.name === 'reshape' && sameShape(x.shape, shape)) return x
  return undefined
}

const mergeLayout: Rule = tensor => {
  const { op, inputs, shape } = tensor
  const [x] = inputs
  if (op.name === 'reshape' && x.op.name === 'reshape') return reshape(x.inputs[0], shape)
  if (op.name === 'broadcastTo' && x.op.name === 'broadcastTo') return broadcastTo(x.inputs[0], shape)
  if (op.name === 'transpose' && x.op.name === 'transpose') {
    const inner = x.attributes['permutation'] as readonly number[]
    const outer = tensor.attributes['permutation'] as readonly number[]
    return transpose(
      x.inputs[0],
      outer.map(axis => inner[axis]),
    )
  }
  return undefined
}

/** x + 0, x − 0, x·1 and x/1; adding 0 turns −0 into 0 at most. */
const neutral: Rule = ({ op, inputs, shape }) => {
  const [a, b] = inputs
  const neutralElement =
    op.name === 'add' || op.name === 'sub' ? 0 : op.name === 'mul' || op.name === 'div' ? 1 : undefined
  if (neutralElement === undefined) return undefined
  if (uniformValue(b) === neutralElement) return broadcastTo(a, shape)
  const commutes = op.name === 'add' || op.name === 'mul'
  return commutes && uniformValue(a) === neutralElement ? broadcastTo(b, shape) : undefined
}

/** c₁·(c₂·x) = (c₁c₂)·x */
const mergeScales: Rule = ({ op, inputs }) => {
  if (op.name !== 'mul') return undefined
  for (const [scale, other] of [inputs, [...inputs].reverse()]) {
    const outer = scale.shape.length === 0 ? uniformValue(scale) : undefined
    if (outer === undefined || other.op.name !== 'mul') continue
    for (const [innerScale, x] of [other.inputs, [...other.inputs].reverse()]) {
      const inner = innerScale.shape.length === 0 ? uniformValue(innerScale) : undefined
      if (inner !== undefined) return mul(x, outer * inner)
    }
  }
  return undefined
}

const signs: Rule = ({ op, inputs }) => {
  const [a, b] = inputs
  if (op.name === 'neg' && a.op.name === 'neg') return a.inputs[0]
  if (op.name === 'add' && b.op.name === 'neg') return sub(a, b.inputs[0])
  if (op.name === 'add' && a.op.name === 'neg') return sub(b, a.inputs[0])
  if (op.name === 'sub' && b.op.name === 'neg') return add(a, b.inputs[0])
  return undefined
}

/** A product takes over the transposition of its operands. */
const fuseTransposes: Rule = ({ op, inputs, attributes }) => {
  if (op.name !== 'matmul') return undefined
  const turned = inputs.map(
    input => input.op.name === 'transpose' && isSwapOfLastTwo(input.attributes['permutation'] as readonly number[]),
  )
  if (!turned.includes(true)) return undefined
  const [a, b] = inputs.map((input, i) => (turned[i] ? input.inputs[0] : input))
  return matmul(a, b, {
    transposeA: attributes['transposeA'] !== turned[0],
    transposeB: attributes['transposeB'] !== turned[1],
  })
}

interface Piece {
  readonly content: Tensor
  readonly axis: number
  readonly start: number
  readonly end: number
}

/** What zeros were put around, when they were put along one axis only. */
function pieceOf(tensor: Tensor): Piece | undefined {
  if (tensor.op.name !== 'pad' || tensor.attributes['value'] !== 0) return undefined
  const before = tensor.attributes['before'] as readonly number[]
  const content = tensor.inputs[0]
  const changed = tensor.shape.flatMap((extent, axis) => (extent === content.shape[axis] ? [] : [axis]))
  if (changed.length !== 1) return undefined
  const [axis] = changed
  return { content, axis, start: before[axis], end: before[axis] + content.shape[axis] }
}

function termsOf(tensor: Tensor): Tensor[] {
  return tensor.op.name === 'add' ? tensor.inputs.flatMap(termsOf) : [tensor]
}

/** Parts padded to their places and added up, as the gradient of slices comes out, are the parts joined. */
const joinPieces: Rule = tensor => {
  if (tensor.op.name !== 'add' || !tensor.inputs.some(input => input.op.name === 'pad')) return undefined
  const pieces = termsOf(tensor).map(pieceOf)
  if (!pieces.every(piece => piece !== undefined && piece.axis === pieces[0]?.axis)) return undefined
  const sorted = (pieces as Piece[]).sort((a, b) => a.start - b.start)
  if (sorted.some((piece, i) => i > 0 && piece.start !== sorted[i - 1].end)) return undefined
  const [{ axis, start }] = sorted
  const joined = concat(
    sorted.map(({ content }) => content),
    { axis },
  )
  const around = (count: number) => tensor.shape.map((_, a) => (a === axis ? count : 0))
  return pad(joined, { before: around(start), after: around(tensor.shape[axis] - sorted[sorted.length - 1].end) })
}

/** A channel bias goes into the convolution. */
const fuseConvBias: Rule = ({ op, inputs }) => {
  if (op.name !== 'add') return undefined
  for (const [image, bias] of [inputs, [...inputs].reverse()]) {
    if (image.op.name !== 'conv2d' || image.inputs.length !== 2 || image.dtype !== 'float32') continue
    const channels = image.shape[1]
    const perChannel = bias.shape.length >= 3 && bias.shape[bias.shape.length - 3] === channels
    if (perChannel && sizeOf(bias.shape) === channels) {
      const inputsWithBias = [...image.inputs, reshape(bias, [channels])]
      return new Tensor(image.op, inputsWithBias, image.attributes, image.shape, image.dtype)
    }
  }
  return undefined
}

/** ReLU is monotone, so that the maximum may be taken before it, and it after that on the smaller image. */
const poolBeforeRelu: Rule = ({ op, inputs, attributes }) => {
  if (op.name !== 'maxPool2d' || inputs[0].op.name !== 'relu' || attributes['output'] !== 0) return undefined
  return relu(pool(inputs[0].inputs[0], attributes as unknown as PoolAttributes))
}

/**
 * The gradient of pooling after ReLU is masked by the sign of the maxima instead of the image's: where the maximum of the
 * rectified window is positive its place is that in the window before, and where it is 0 nothing passes.
 */
const poolGradientBeforeRelu: Rule = ({ op, inputs: [product, sign] }) => {
  if (op.name !== 'mul' || product.op.name !== 'mul' || sign.op.name !== 'cast') return undefined
  const [enlarged, place] = product.inputs
  const [test] = sign.inputs
  if (enlarged.op.name !== 'enlarge' || place.op.name !== 'firstLargest' || test.op.name !== 'greater') return undefined
  const [rectified, maxima] = place.inputs
  if (test.inputs[0] !== rectified || uniformValue(test.inputs[1]) !== 0) return undefined
  if (rectified.op.name !== 'relu' || maxima.op.name !== 'relu') return undefined
  const kernel = place.attributes['kernel'] as readonly number[]
  const gated = mul(enlarged.inputs[0], cast(greater(maxima, 0), maxima.dtype))
  return mul(enlarge(gated, kernel), firstLargest(rectified.inputs[0], maxima.inputs[0], kernel))
}

/** In the order in which they are tried. */
export const rules: readonly Rule[] = [
  passOn,
  mergeLayout,
  neutral,
  mergeScales,
  signs,
  fuseTransposes,
  joinPieces,
  fuseConvBias,
  poolBeforeRelu,
  poolGradientBeforeRelu,
]
