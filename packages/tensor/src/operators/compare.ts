import { node, type Operator, type Tensor } from '../graph.ts'
import { allocate, sizeOf } from '../ndarray.ts'
import { broadcastShapes, broadcastStrides, stridedOffsets } from '../shape.ts'
import { evaluateBinary, sub, unbroadcast } from './binary.ts'
import { cast, like, toTensor, unify, unifyNumbers } from './operands.ts'
import type { Operand } from './source.ts'

function defineComparison(name: string, onnx: string, kernel: (x: number, y: number) => number): Operator {
  return {
    name,
    elementwise: true,
    evaluate: (node, [a, b]) => evaluateBinary(node, a, b, kernel),
    lower: (_node, inputs, emit) => emit.one(onnx, inputs),
  }
}

const operators = {
  equal: defineComparison('equal', 'Equal', (x, y) => Number(x === y)),
  less: defineComparison('less', 'Less', (x, y) => Number(x < y)),
  lessEqual: defineComparison('lessEqual', 'LessOrEqual', (x, y) => Number(x <= y)),
  greater: defineComparison('greater', 'Greater', (x, y) => Number(x > y)),
  greaterEqual: defineComparison('greaterEqual', 'GreaterOrEqual', (x, y) => Number(x >= y)),
  logicalAnd: defineComparison('logicalAnd', 'And', (x, y) => x & y),
  logicalOr: defineComparison('logicalOr', 'Or', (x, y) => x | y),
}

/** Gives 1 where its input is 0 and 0 elsewhere. */
export const logicalNotOperator: Operator = {
  name: 'logicalNot',
  elementwise: true,
  evaluate: (node, [x]) =>
    like(
      node,
      Uint8Array.from(x.data as Uint8Array, value => 1 - value),
    ),
  lower: (_node, inputs, emit) => emit.one('Not', inputs),
}

/** Chooses element by element between two arrays. */
export const whereOperator: Operator = {
  name: 'where',
  elementwise: true,
  vjp(y, cotangent, wanted) {
    const [condition, a, b] = y.inputs
    return [
      null,
      wanted[1] ? unbroadcast(where(condition, cotangent, 0), a.shape) : null,
      wanted[2] ? unbroadcast(where(condition, 0, cotangent), b.shape) : null,
    ]
  },
  evaluate(node, inputs) {
    const [atCondition, atA, atB] = inputs.map(x => stridedOffsets(node.shape, broadcastStrides(x.shape, node.shape)))
    const [condition, a, b] = inputs
    const data = allocate(node.dtype, sizeOf(node.shape))
    for (let i = 0; i < data.length; i++) {
      data[i] = condition.data[atCondition[i]] !== 0 ? a.data[atA[i]] : b.data[atB[i]]
    }
    return like(node, data)
  },
  lower(node, inputs, emit) {
    if (node.dtype !== 'bool') return emit.one('Where', inputs)
    const [condition, a, b] = inputs
    const chosen = emit.one('Where', [condition, emit.cast(a, 'int32'), emit.cast(b, 'int32')])
    return emit.cast(chosen, 'bool')
  },
}

/** Operators of this file, for tables and tests. */
export const compareOperators = [...Object.values(operators), logicalNotOperator, whereOperator]

function compare(op: Operator, a: Operand, b: Operand): Tensor {
  const [first, second] = unifyNumbers(a, b)
  return node(op, [first, second], {}, broadcastShapes(op.name, first.shape, second.shape), 'bool')
}

function combine(op: Operator, a: Tensor, b: Tensor): Tensor {
  const operands = [cast(a, 'bool'), cast(b, 'bool')]
  return node(op, operands, {}, broadcastShapes(op.name, a.shape, b.shape), 'bool')
}

/** a = b, as bool. */
export function equal(a: Operand, b: Operand): Tensor {
  return compare(operators.equal, a, b)
}

/** a ≠ b, as bool. */
export function notEqual(a: Operand, b: Operand): Tensor {
  return logicalNot(equal(a, b))
}

/** a < b, as bool. */
export function less(a: Operand, b: Operand): Tensor {
  return compare(operators.less, a, b)
}

/** a ≤ b, as bool. */
export function lessEqual(a: Operand, b: Operand): Tensor {
  return compare(operators.lessEqual, a, b)
}

/** a > b, as bool. */
export function greater(a: Operand, b: Operand): Tensor {
  return compare(operators.greater, a, b)
}

/** a ≥ b, as bool. */
export function greaterEqual(a: Operand, b: Operand): Tensor {
  return compare(operators.greaterEqual, a, b)
}

/** a and b, as bool; anything but zero is true. */
export function logicalAnd(a: Tensor, b: Tensor): Tensor {
  return combine(operators.logicalAnd, a, b)
}

/** a or b, as bool; anything but zero is true. */
export function logicalOr(a: Tensor, b: Tensor): Tensor {
  return combine(operators.logicalOr, a, b)
}

/** not x, as bool; anything but zero is true. */
export function logicalNot(x: Tensor): Tensor {
  return node(logicalNotOperator, [cast(x, 'bool')], {}, x.shape, 'bool')
}

/** a where the condition holds, b elsewhere; all three broadcast. No gradient reaches the side not chosen. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [first, second] = unify(a, b)
  const shape = broadcastShapes('where', condition.shape, first.shape, second.shape)
  return node(whereOperator, [cast(condition, 'bool'), first, second], {}, shape, first.dtype)
}

/** True where x is neither NaN nor ±Inf: there and only there x − x is 0. */
export function finite(x: Operand): Tensor {
  const tensor = toTensor(x)
  return equal(sub(tensor, tensor), 0)
}
