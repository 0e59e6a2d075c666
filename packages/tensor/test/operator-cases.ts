import type { Tensor } from '../src/graph.ts'
import * as t from '../src/index.ts'

/** One application of an operator, for tests of gradients and of the backends. */
export interface OperatorCase {
  name: string
  f: (...args: Tensor[]) => Tensor
  args: t.NdArray[]
  /** False where the function is piecewise constant or not real: only values are compared. */
  differentiable?: boolean
}

/** Numbers spread over (low, high) that avoid kinks at integers and halves and ties. */
export function spread(shape: number[], low = -2, high = 2, phase = 0.37): t.NdArray {
  const count = t.sizeOf(shape)
  const data = Float64Array.from({ length: count }, (_, i) => {
    const fraction = ((i + 1) * 0.6180339887498949 + phase) % 1
    return low + (high - low) * (0.02 + 0.96 * fraction)
  })
  return { dtype: 'float64', shape, data }
}

/** An int32 array. */
export function integers(values: t.NestedNumbers): t.NdArray {
  return t.ndarray(values, { dtype: 'int32' })
}

/** A bool array. */
export function booleans(values: t.NestedNumbers): t.NdArray {
  return t.ndarray(values, { dtype: 'bool' })
}

const x34 = spread([3, 4])
const y34 = spread([3, 4], -2, 2, 0.11)
const positive = spread([3, 4], 0.3, 3)

const unary: [string, (x: Tensor) => Tensor, t.NdArray?][] = [
  ['neg', t.neg],
  ['exp', t.exp],
  ['log', t.log, positive],
  ['log1p', t.log1p, spread([3, 4], -0.8, 2)],
  ['log1p small', t.log1p, spread([3, 4], -1e-7, 1e-7)],
  ['expm1', t.expm1],
  ['expm1 small', t.expm1, spread([3, 4], -1e-7, 1e-7)],
  ['sqrt', t.sqrt, positive],
  ['rsqrt', t.rsqrt, positive],
  ['square', t.square],
  ['abs', t.abs],
  ['sin', t.sin],
  ['cos', t.cos],
  ['tanh', t.tanh],
  ['sigmoid', t.sigmoid],
  ['logSigmoid', t.logSigmoid],
  ['softplus', t.softplus],
  ['erf', t.erf],
  ['relu', t.relu],
  ['leakyRelu', x => t.leakyRelu(x, { slope: 0.2 })],
  ['silu', t.silu],
  ['gelu', t.gelu],
  ['gelu tanh', x => t.gelu(x, { approximate: 'tanh' })],
  ['clip', x => t.clip(x, { minimum: -1.1, maximum: 0.7 })],
  ['clip below', x => t.clip(x, { minimum: -0.3 })],
]

const steps: [string, (x: Tensor) => Tensor][] = [
  ['sign', t.sign],
  ['floor', t.floor],
  ['ceil', t.ceil],
  ['round', t.round],
  ['isFinite', t.isFinite],
  ['argMax', x => t.argMax(x)],
  ['argMin keep', x => t.argMin(x, { axis: 0, keepDims: true })],
  ['topK indices', x => t.topK(x, { k: 2 }).indices],
  ['argSort', x => t.argSort(x, { axis: 0 })],
  ['stopGradient', t.stopGradient],
  ['cast int32', x => t.cast(x, 'int32')],
  ['cast bool', x => t.cast(x, 'bool')],
]

const image = spread([2, 3, 6, 5])

/** Every operator at least once, in every shape rule that differs. */
export const operatorCases: OperatorCase[] = [
  ...unary.map(([name, f, x]) => ({ name, f: f as OperatorCase['f'], args: [x ?? x34] })),
  ...steps.map(([name, f]) => ({ name, f: f as OperatorCase['f'], args: [x34], differentiable: false })),
  { name: 'round halves', f: t.round, args: [t.ndarray([-1.5, -0.5, 0.5, 1.5, 2.5])], differentiable: false },
  { name: 'add', f: t.add, args: [x34, y34] },
  { name: 'add broadcast', f: t.add, args: [x34, spread([4])] },
  { name: 'sub broadcast', f: t.sub, args: [spread([3, 1]), spread([1, 4], -1, 1, 0.2)] },
  { name: 'mul', f: t.mul, args: [x34, y34] },
  { name: 'mul scalar', f: x => t.mul(2.5, x), args: [x34] },
  { name: 'div', f: t.div, args: [x34, positive] },
  { name: 'div integers', f: t.div, args: [integers([7, 8]), integers([2, 3])], differentiable: false },
  {
    name: 'integer arithmetic',
    f: (a, b) => t.sub(t.mul(a, b), 3),
    args: [integers([7, 8]), integers([2, 3])],
    differentiable: false,
  },
  { name: 'pow', f: t.pow, args: [positive, y34] },
  { name: 'pow cube', f: x => t.pow(x, 3), args: [x34] },
  { name: 'pow square', f: x => t.pow(x, 2), args: [x34] },
  { name: 'maximum', f: t.maximum, args: [x34, y34] },
  { name: 'minimum', f: x => t.minimum(x, 0.4), args: [x34] },
  { name: 'equal', f: t.equal, args: [integers([1, 2, 3]), integers([1, 0, 3])], differentiable: false },
  { name: 'notEqual', f: t.notEqual, args: [integers([1, 2, 3]), integers([1, 0, 3])], differentiable: false },
  { name: 'less', f: t.less, args: [x34, y34], differentiable: false },
  { name: 'lessEqual', f: t.lessEqual, args: [x34, y34], differentiable: false },
  { name: 'greaterEqual', f: t.greaterEqual, args: [x34, y34], differentiable: false },
  {
    name: 'logical',
    f: (a, b) => t.logicalOr(t.logicalAnd(a, b), t.logicalNot(b)),
    args: [booleans([1, 0, 1, 0]), booleans([1, 1, 0, 0])],
    differentiable: false,
  },
  { name: 'where', f: (x, y) => t.where(t.greater(x, 0), t.mul(x, y), t.square(y)), args: [x34, y34] },
  { name: 'where broadcast', f: x => t.where(t.causalMask(4), t.broadcastTo(x, [4, 4]), -3), args: [spread([4])] },
  {
    name: 'where bool',
    f: (a, b) => t.where(a, b, t.logicalNot(b)),
    args: [booleans([1, 0, 1, 0]), booleans([1, 1, 0, 0])],
    differentiable: false,
  },
  { name: 'sum', f: x => t.sum(x), args: [x34] },
  { name: 'sum axis', f: x => t.square(t.sum(x, { axis: -1, keepDims: true })), args: [x34] },
  {
    name: 'sum bool',
    f: x => t.sum(x, { axis: 0 }),
    args: [
      booleans([
        [1, 0],
        [1, 1],
      ]),
    ],
    differentiable: false,
  },
  { name: 'mean', f: x => t.square(t.mean(x, { axis: [0, 2] })), args: [spread([2, 3, 4])] },
  { name: 'max', f: x => t.max(x, { axis: 1 }), args: [x34] },
  { name: 'min', f: x => t.min(x), args: [x34] },
  { name: 'max int', f: x => t.max(x), args: [integers([3, -4, 5])], differentiable: false },
  { name: 'prod', f: x => t.prod(x, { axis: 1 }), args: [spread([2, 5])] },
  { name: 'prod all', f: x => t.prod(x), args: [x34] },
  { name: 'variance', f: x => t.variance(x, { axis: 1 }), args: [x34] },
  { name: 'variance sample', f: x => t.variance(x, { axis: 0, correction: 1, keepDims: true }), args: [x34] },
  { name: 'logSumExp', f: x => t.logSumExp(x, { axis: -1 }), args: [x34] },
  { name: 'logSumExp large', f: x => t.logSumExp(t.mul(x, 1000)), args: [x34] },
  { name: 'norm', f: x => t.norm(x, { axis: 1 }), args: [x34] },
  { name: 'norm 1', f: x => t.norm(x, { axis: 0, order: 1 }), args: [x34] },
  { name: 'cumsum', f: x => t.square(t.cumsum(x)), args: [x34] },
  {
    name: 'cumsum exclusive reverse',
    f: x => t.square(t.cumsum(x, { axis: 0, exclusive: true, reverse: true })),
    args: [x34],
  },
  { name: 'matmul', f: (a, b) => t.matmul(a, b), args: [x34, spread([4, 2])] },
  { name: 'matmul transposed A', f: (a, b) => t.matmul(a, b, { transposeA: true }), args: [x34, spread([3, 2])] },
  { name: 'matmul transposed B', f: (a, b) => t.matmul(a, b, { transposeB: true }), args: [x34, spread([2, 4])] },
  {
    name: 'matmul transposed both',
    f: (a, b) => t.matmul(a, b, { transposeA: true, transposeB: true }),
    args: [x34, spread([2, 3])],
  },
  { name: 'matmul batch', f: (a, b) => t.matmul(a, b), args: [spread([2, 3, 4]), spread([2, 4, 2])] },
  {
    name: 'matmul batch transposed',
    f: (a, b) => t.matmul(a, b, { transposeA: true, transposeB: true }),
    args: [spread([2, 4, 3]), spread([2, 5, 4])],
  },
  { name: 'matmul shared', f: (a, b) => t.matmul(a, b), args: [spread([2, 3, 4]), spread([4, 2])] },
  {
    name: 'matmul shared transposed',
    f: (a, b) => t.matmul(a, b, { transposeB: true }),
    args: [spread([2, 3, 4]), spread([2, 4])],
  },
  { name: 'matmul broadcast batch', f: (a, b) => t.matmul(a, b), args: [spread([2, 1, 3, 4]), spread([3, 4, 2])] },
  { name: 'matmul vectors', f: (a, b) => t.matmul(a, b), args: [spread([4]), spread([4], -1, 1, 0.8)] },
  { name: 'matmul vector matrix', f: (a, b) => t.matmul(a, b), args: [spread([4]), spread([4, 3])] },
  { name: 'dot', f: t.dot, args: [x34, y34] },
  { name: 'outer', f: t.outer, args: [spread([3]), spread([4])] },
  { name: 'reshape', f: x => t.square(t.reshape(x, [2, -1])), args: [x34] },
  { name: 'transpose', f: x => t.square(t.transpose(x, [2, 0, 1])), args: [spread([2, 3, 4])] },
  { name: 'broadcastTo', f: x => t.square(t.broadcastTo(x, [2, 3, 4])), args: [spread([3, 1])] },
  {
    name: 'squeeze expandDims',
    f: x => t.squeeze(t.square(t.expandDims(x, { axis: [0, 2] })), { axis: 0 }),
    args: [x34],
  },
  { name: 'concat', f: (a, b) => t.square(t.concat([a, b, a], { axis: 1 })), args: [x34, spread([3, 2])] },
  { name: 'stack', f: (a, b) => t.square(t.stack([a, b], { axis: -1 })), args: [x34, y34] },
  { name: 'split', f: x => t.mul(...(t.split(x, 2, { axis: 1 }) as [Tensor, Tensor])), args: [x34] },
  { name: 'slice', f: x => t.square(t.slice(x, { starts: [1, -3], ends: [3, -1] })), args: [x34] },
  {
    name: 'slice steps',
    f: x => t.square(t.slice(x, { starts: [1], ends: [9], axes: [1], steps: [3] })),
    args: [spread([2, 9])],
  },
  {
    name: 'slice backwards',
    f: x => t.square(t.slice(x, { starts: [7], ends: [0], axes: [1], steps: [-3] })),
    args: [spread([2, 9])],
  },
  { name: 'pad', f: x => t.square(t.pad(x, { before: [1, 0], after: [0, 2], value: 1.5 })), args: [x34] },
  { name: 'flip', f: x => t.mul(x, t.flip(x, { axis: 1 })), args: [x34] },
  { name: 'tile', f: x => t.square(t.tile(x, [2, 3])), args: [x34] },
  { name: 'tril', f: x => t.square(t.tril(x)), args: [x34] },
  { name: 'triu', f: x => t.square(t.triu(x, { diagonal: 1 })), args: [x34] },
  {
    name: 'gather',
    f: (x, i) => t.square(t.gather(x, i)),
    args: [
      x34,
      integers([
        [2, 0],
        [2, -1],
      ]),
    ],
  },
  { name: 'gather axis', f: (x, i) => t.square(t.gather(x, i, { axis: 1 })), args: [x34, integers([3, 3, 0])] },
  {
    name: 'takeAlongAxis',
    f: (x, i) => t.square(t.takeAlongAxis(x, i)),
    args: [
      x34,
      integers([
        [0, 0],
        [3, 1],
        [2, 2],
      ]),
    ],
  },
  {
    name: 'scatterAdd',
    f: (x, i, u) => t.square(t.scatterAdd(x, i, u)),
    args: [x34, integers([2, 0, 2]), spread([3, 4], -1, 1, 0.9)],
  },
  {
    name: 'scatterAdd axis',
    f: (x, i, u) => t.square(t.scatterAdd(x, i, u, { axis: 1 })),
    args: [
      x34,
      integers([
        [2, 0],
        [2, 2],
      ]),
      spread([3, 2, 2]),
    ],
  },
  {
    name: 'scatterAddAlongAxis',
    f: (x, i, u) => t.square(t.scatterAddAlongAxis(x, i, u)),
    args: [
      x34,
      integers([
        [0, 0],
        [3, 1],
        [2, 2],
      ]),
      spread([3, 2]),
    ],
  },
  { name: 'oneHot', f: (i, x) => t.mul(t.oneHot(i, { depth: 4 }), x), args: [integers([3, 0, 5]), x34] },
  { name: 'topK', f: x => t.square(t.topK(x, { k: 2 }).values), args: [x34] },
  { name: 'topK smallest', f: x => t.square(t.topK(x, { k: 2, axis: 0, largest: false }).values), args: [x34] },
  { name: 'sort', f: x => t.square(t.sort(x, { descending: true })), args: [x34] },
  { name: 'argSort ties', f: x => t.argSort(x), args: [t.ndarray([2, 1, 2, 1, 1])], differentiable: false },
  { name: 'softmax', f: x => t.softmax(x), args: [x34] },
  { name: 'softmax axis', f: x => t.square(t.softmax(x, { axis: 0 })), args: [x34] },
  { name: 'logSoftmax', f: x => t.square(t.logSoftmax(x)), args: [x34] },
  { name: 'crossEntropy', f: (x, c) => t.crossEntropy(x, c), args: [x34, integers([1, 3, 0])] },
  {
    name: 'crossEntropy weighted',
    f: (x, c, w) => t.crossEntropy(x, c, { weights: w }),
    args: [x34, integers([1, 3, 0]), spread([3], 0.2, 1)],
  },
  { name: 'layerNorm', f: x => t.mul(t.layerNorm(x), t.arange(4, { dtype: 'float64' })), args: [x34] },
  {
    name: 'layerNorm scaled',
    f: (x, scale, bias) => t.square(t.layerNorm(x, { scale, bias })),
    args: [spread([2, 3, 4]), spread([4]), spread([4], -1, 1, 0.6)],
  },
  { name: 'rmsNorm', f: (x, scale) => t.square(t.rmsNorm(x, { scale })), args: [x34, spread([4])] },
  { name: 'conv2d', f: (x, w) => t.conv2d(x, w), args: [image, spread([4, 3, 3, 2], -1, 1)] },
  {
    name: 'conv2d strided',
    f: (x, w) => t.square(t.conv2d(x, w, { stride: 2, padding: 1, dilation: [1, 2] })),
    args: [image, spread([4, 3, 3, 2], -1, 1)],
  },
  {
    name: 'conv2d with bias, windows shared with the gradient',
    f: (x, w, b) => t.square(t.add(t.conv2d(x, w, { stride: 2, padding: 1 }), t.reshape(b, [2, 1, 1]))),
    args: [spread([2, 4, 5, 4]), spread([2, 4, 3, 2], -1, 1), spread([2])],
  },
  {
    name: 'conv2d groups',
    f: (x, w) => t.conv2d(x, w, { groups: 3, padding: [1, 0, 2, 1] }),
    args: [image, spread([6, 1, 3, 3], -1, 1)],
  },
  { name: 'convTranspose2d', f: (x, w) => t.convTranspose2d(x, w), args: [image, spread([3, 2, 2, 3], -1, 1)] },
  {
    name: 'convTranspose2d strided',
    f: (x, w) => t.square(t.convTranspose2d(x, w, { stride: [2, 3], padding: 1, outputPadding: [1, 2] })),
    args: [image, spread([3, 2, 3, 4], -1, 1)],
  },
  {
    name: 'convTranspose2d groups',
    f: (x, w) => t.convTranspose2d(x, w, { groups: 3, stride: 2 }),
    args: [image, spread([3, 2, 2, 2], -1, 1)],
  },
  { name: 'maxPool2d', f: x => t.square(t.maxPool2d(x, { kernel: 2 })), args: [image] },
  {
    name: 'maxPool2d overlapping',
    f: x => t.square(t.maxPool2d(x, { kernel: 3, stride: 2, padding: 1 })),
    args: [image],
  },
  {
    name: 'maxPool2d after relu, with ties',
    f: x => t.square(t.maxPool2d(t.relu(t.add(x, t.constant([[[-0.5]], [[0.3]], [[-9]]]))), { kernel: [3, 5] })),
    args: [image],
  },
  { name: 'avgPool2d', f: x => t.square(t.avgPool2d(x, { kernel: 2 })), args: [image] },
  {
    name: 'avgPool2d overlapping',
    f: x => t.square(t.avgPool2d(x, { kernel: [3, 2], stride: 2, padding: 1 })),
    args: [image],
  },
]
