import type { Tensor } from '@guerdon/tensor'
import * as t from '@guerdon/tensor'

type Case = (...inputs: Tensor[]) => Tensor | Tensor[]

/** x² before an operator that only moves elements, so that its second derivative is not zero. */
const moved = (move: (x: Tensor) => Tensor): Case => {
  return x => move(t.square(x))
}

function linear(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  return t.add(t.matmul(x, weight, { transposeB: true }), bias)
}

const attention: Case = (x, weight, bias, outWeight, outBias) => {
  const [batch, length, width] = x.shape
  const heads = 2
  const split = (part: Tensor) => t.transpose(t.reshape(part, [batch, length, heads, width / heads]), [0, 2, 1, 3])
  const [query, key, value] = t.split(linear(x, weight, bias), 3, { axis: -1 }).map(split)
  const scores = t.div(t.matmul(query, key, { transposeB: true }), Math.sqrt(width / heads))
  const masked = t.where(t.causalMask(length), scores, Number.NEGATIVE_INFINITY)
  const mixed = t.transpose(t.matmul(t.softmax(masked), value), [0, 2, 1, 3])
  return linear(t.reshape(mixed, [batch, length, width]), outWeight, outBias)
}

const gru: Case = (x, state, weightX, weightH, biasX, biasH) => {
  const states: Tensor[] = []
  let hidden = state
  for (let step = 0; step < x.shape[1]; step++) {
    const current = t.squeeze(t.slice(x, { starts: [step], ends: [step + 1], axes: [1] }), { axis: 1 })
    const fromX = t.split(linear(current, weightX, biasX), 3, { axis: -1 })
    const fromH = t.split(linear(hidden, weightH, biasH), 3, { axis: -1 })
    const reset = t.sigmoid(t.add(fromX[0], fromH[0]))
    const update = t.sigmoid(t.add(fromX[1], fromH[1]))
    const candidate = t.tanh(t.add(fromX[2], t.mul(reset, fromH[2])))
    hidden = t.add(t.mul(t.sub(1, update), candidate), t.mul(update, hidden))
    states.push(hidden)
  }
  return t.stack(states, { axis: 1 })
}

const withBias = (image: Tensor, bias: Tensor) => t.add(image, t.reshape(bias, [1, -1, 1, 1]))

/** The function recorded under each name in record.py, written with this package's operators. */
export const cases: Record<string, Case> = {
  neg: t.neg,
  exp: t.exp,
  expm1: t.expm1,
  square: t.square,
  abs: t.abs,
  sign: t.sign,
  floor: t.floor,
  ceil: t.ceil,
  round: t.round,
  sin: t.sin,
  cos: t.cos,
  tanh: t.tanh,
  sigmoid: t.sigmoid,
  logSigmoid: t.logSigmoid,
  softplus: t.softplus,
  relu: t.relu,
  gelu: x => t.gelu(x),
  silu: t.silu,
  leakyRelu: x => t.leakyRelu(x, { slope: 0.2 }),
  erf: t.erf,
  clip: x => t.clip(x, { minimum: -0.7, maximum: 1.1 }),
  log: t.log,
  log1p: t.log1p,
  sqrt: t.sqrt,
  rsqrt: t.rsqrt,
  'round half to even': t.round,
  saturated: x => [t.sigmoid(x), t.logSigmoid(x), t.softplus(x), t.tanh(x)],
  isFinite: t.isFinite,

  add: t.add,
  sub: t.sub,
  mul: t.mul,
  div: t.div,
  pow: t.pow,
  'pow integer': x => t.pow(x, 3),
  maximum: t.maximum,
  minimum: t.minimum,
  equal: t.equal,
  notEqual: t.notEqual,
  less: t.less,
  lessEqual: t.lessEqual,
  greater: t.greater,
  greaterEqual: t.greaterEqual,
  logicalAnd: t.logicalAnd,
  logicalOr: t.logicalOr,
  logicalNot: t.logicalNot,
  where: t.where,
  cast: (a, b) => t.mul(t.cast(a, b.dtype), b),

  sum: x => t.sum(x),
  'sum axis': x => t.sum(x, { axis: [0, 2] }),
  'sum keep': x => t.sum(x, { axis: -1, keepDims: true }),
  mean: x => t.mean(x, { axis: 0 }),
  max: x => t.max(x, { axis: 1 }),
  min: x => t.min(x, { axis: 0, keepDims: true }),
  prod: x => t.prod(x, { axis: 1 }),
  variance: x => t.variance(x, { axis: 1 }),
  logSumExp: x => t.logSumExp(x, { axis: 1 }),
  norm: x => t.norm(x, { axis: 1 }),
  argMax: x => t.argMax(x, { axis: 1 }),
  argMin: x => t.argMin(x, { axis: 0 }),
  topK: x => {
    const { values, indices } = t.topK(x, { k: 2, axis: 1 })
    return [values, indices]
  },
  sort: x => t.sort(x, { axis: 1 }),
  'sort descending': x => t.sort(x, { axis: 0, descending: true }),
  cumsum: x => t.cumsum(x, { axis: 1 }),
  'cumsum reverse': x => t.cumsum(x, { axis: 0, reverse: true }),
  'cumsum exclusive': x => t.cumsum(x, { axis: 1, exclusive: true }),
  'cumsum reverse exclusive': x => t.cumsum(x, { axis: 1, reverse: true, exclusive: true }),

  matmul: (a, b) => t.matmul(a, b),
  'matmul batch': (a, b) => t.matmul(a, b),
  'matmul broadcast': (a, b) => t.matmul(a, b),
  'matmul broadcast both': (a, b) => t.matmul(a, b),
  'matmul transposeA': (a, b) => t.matmul(a, b, { transposeA: true }),
  'matmul transposeB': (a, b) => t.matmul(a, b, { transposeB: true }),
  'matmul transposeA transposeB': (a, b) => t.matmul(a, b, { transposeA: true, transposeB: true }),
  dot: t.dot,
  outer: t.outer,

  reshape: moved(x => t.reshape(x, [3, 4])),
  transpose: moved(x => t.transpose(x)),
  'transpose permutation': moved(x => t.transpose(x, [2, 0, 1])),
  broadcastTo: moved(x => t.broadcastTo(x, [2, 3, 2])),
  squeeze: moved(x => t.squeeze(x, { axis: 1 })),
  expandDims: moved(x => t.expandDims(x, { axis: -1 })),
  concat: (a, b) => t.concat([t.square(a), b], { axis: 1 }),
  stack: (a, b) => t.stack([t.square(a), b], { axis: 1 }),
  split: x => t.split(t.square(x), [2, 3], { axis: 1 }),
  slice: moved(x => t.slice(x, { starts: [1, 1], ends: [3, 5], steps: [1, 2] })),
  pad: moved(x => t.pad(x, { before: [0, 1], after: [1, 2], value: 0.5 })),
  flip: moved(x => t.flip(x, { axis: [0, 1] })),
  tile: moved(x => t.tile(x, [2, 3])),
  gather: (x, indices) => t.gather(t.square(x), indices),
  'gather axis': (x, indices) => t.gather(t.square(x), indices, { axis: 1 }),
  takeAlongAxis: (x, indices) => t.takeAlongAxis(t.square(x), indices, { axis: 1 }),
  scatterAdd: (x, indices, updates) => t.scatterAdd(x, indices, t.square(updates), { axis: 0 }),
  oneHot: indices => t.oneHot(indices, { depth: 3 }),
  triangular: moved(x => t.tril(x)),
  stopGradient: x => t.mul(x, t.stopGradient(x)),

  softmax: x => t.softmax(x),
  'softmax axis': x => t.softmax(x, { axis: 0 }),
  logSoftmax: x => t.logSoftmax(x),
  'logSoftmax huge': x => t.logSoftmax(x),
  layerNorm: (x, scale, bias) => t.layerNorm(x, { scale, bias }),
  rmsNorm: (x, scale) => t.rmsNorm(x, { scale }),
  crossEntropy: (logits, targets) => t.crossEntropy(logits, targets, { reduction: 'none' }),

  conv2d: (x, kernel) => t.conv2d(x, kernel),
  'conv2d bias': (x, kernel, bias) => withBias(t.conv2d(x, kernel), bias),
  'conv2d stride padding': (x, kernel) => t.conv2d(x, kernel, { stride: 2, padding: 1 }),
  'conv2d uneven': (x, kernel) => t.conv2d(x, kernel, { stride: 2 }),
  convTranspose2d: (x, kernel) => t.convTranspose2d(x, kernel),
  'convTranspose2d stride padding': (x, kernel) => t.convTranspose2d(x, kernel, { stride: 2, padding: 1 }),
  maxPool2d: x => t.maxPool2d(x, { kernel: 2 }),
  'maxPool2d stride': x => t.maxPool2d(x, { kernel: 3, stride: 1 }),
  avgPool2d: x => t.avgPool2d(t.square(x), { kernel: 2 }),

  dense: linear,
  embedding: (weight, indices) => t.gather(t.square(weight), indices),
  attention,
  gru,
}
