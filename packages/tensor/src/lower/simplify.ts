import { type Attributes, Tensor, topologicalOrder } from '../graph.ts'
import { evaluate } from '../interpret.ts'
import { allocate, convert, type NdArray, sizeOf } from '../ndarray.ts'
import { uniformValue } from '../operators/fill.ts'
import { broadcastTo } from '../operators/layout.ts'
import { constantOperator } from '../operators/source.ts'
import { rules } from './rules.ts'

/** Constants larger than this are not worked out ahead: they would cost more to store than to compute. */
const largestFold = 65_536

/**
 * The same functions by a smaller graph: constants folded, common sub-expressions shared, rules of algebra that hold in
 * IEEE arithmetic applied, stretched operands of element-wise operators left unstretched. Nodes not reached from the
 * outputs disappear by themselves.
 */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  const done = new Map<Tensor, Tensor>()
  const interned = new Map<string, Tensor>()
  const numbers = new Map<Tensor, number>()
  const numberOf = (tensor: Tensor) => {
    const known = numbers.get(tensor)
    if (known !== undefined) return known
    numbers.set(tensor, numbers.size)
    return numbers.size - 1
  }

  const visitAll = (roots: readonly Tensor[]) => {
    for (const tensor of topologicalOrder(roots)) {
      if (!done.has(tensor)) done.set(tensor, visit(tensor))
    }
  }

  const visit = (tensor: Tensor): Tensor => {
    const inputs = tensor.inputs.map(input => done.get(input)!)
    const changed = inputs.some((input, i) => input !== tensor.inputs[i])
    const rebuilt = changed ? withInputs(tensor, inputs) : tensor
    const key = keyOf(rebuilt, numberOf)
    const twin = interned.get(key)
    if (twin !== undefined) return twin
    const better = improve(rebuilt)
    let result = rebuilt
    if (better !== undefined && better !== rebuilt) {
      visitAll([better])
      result = done.get(better)!
    }
    interned.set(key, result)
    done.set(result, result)
    return result
  }

  visitAll(outputs)
  return outputs.map(output => done.get(output)!)
}

function withInputs(tensor: Tensor, inputs: readonly Tensor[]): Tensor {
  return new Tensor(tensor.op, inputs, tensor.attributes, tensor.shape, tensor.dtype)
}

function keyOf(tensor: Tensor, numberOf: (tensor: Tensor) => number): string {
  const head = `${tensor.op.name}|${tensor.dtype}|${tensor.shape}|`
  if (tensor.op === (constantOperator as unknown as Tensor['op'])) {
    const { array } = tensor.attributes as { array: NdArray }
    return array.data.length <= 64 ? `${head}${Array.from(array.data, exactly)}` : `${head}#${numberOf(tensor)}`
  }
  if (tensor.op.name === 'input') return `${head}#${numberOf(tensor)}`
  return `${head}${JSON.stringify(tensor.attributes, describe)}|${tensor.inputs.map(numberOf)}`
}

function exactly(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function describe(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

function improve(tensor: Tensor): Tensor | undefined {
  if (tensor.op.name === 'input' || tensor.op.name === 'constant') return undefined
  if (tensor.dtype === 'float64' && tensor.op.compose !== undefined) return tensor.op.compose(tensor)
  return uniform(tensor) ?? fold(tensor) ?? unstretch(tensor) ?? applyRules(tensor)
}

function applyRules(tensor: Tensor): Tensor | undefined {
  for (const rule of rules) {
    const better = rule(tensor)
    if (better !== undefined) return better
  }
  return undefined
}

function literal(array: NdArray): Tensor {
  return new Tensor(constantOperator, [], { array }, array.shape, array.dtype) as unknown as Tensor
}

/** An element-wise function of arrays that are each filled with one value is such an array too. */
function uniform(tensor: Tensor): Tensor | undefined {
  const { name, elementwise } = tensor.op
  if (name === 'reshape') {
    const value = uniformValue(tensor)
    return value === undefined ? undefined : broadcastTo(scalarOf(tensor, value), tensor.shape)
  }
  if (!elementwise) return undefined
  const values = tensor.inputs.map(uniformValue)
  if (values.some(value => value === undefined)) return undefined
  const inputs = tensor.inputs.map((input, i) => scalarOf(input, values[i]!))
  const small = new Tensor(tensor.op, inputs, tensor.attributes, [], tensor.dtype)
  return broadcastTo(literal(evaluate([small], new Map())[0]), tensor.shape)
}

function scalarOf(tensor: Tensor, value: number): Tensor {
  const data = allocate('float64', 1)
  data[0] = value
  return literal({ dtype: tensor.dtype, shape: [], data: convert(data, tensor.dtype) })
}

/** A node of constants only is a constant; arrays filled with one value stay small. */
function fold(tensor: Tensor): Tensor | undefined {
  if (tensor.op.name === 'broadcastTo' || sizeOf(tensor.shape) > largestFold) return undefined
  const small = tensor.inputs.every(
    input => (input.op.name === 'constant' || uniformValue(input) !== undefined) && sizeOf(input.shape) <= largestFold,
  )
  return small ? literal(evaluate([tensor], new Map())[0]) : undefined
}

/** Element-wise operators stretch their operands themselves. */
function unstretch(tensor: Tensor): Tensor | undefined {
  if (!tensor.op.elementwise || !tensor.inputs.some(input => input.op.name === 'broadcastTo')) return undefined
  const bare = tensor.inputs.map(input => (input.op.name === 'broadcastTo' ? input.inputs[0] : input))
  const rank = tensor.shape.length
  const covered = tensor.shape.map((extent, axis) =>
    bare.some(input => input.shape[axis - rank + input.shape.length] === extent),
  )
  const small: Tensor<Attributes> = new Tensor(
    tensor.op,
    bare,
    tensor.attributes,
    covered.map((full, axis) => (full ? tensor.shape[axis] : 1)),
    tensor.dtype,
  )
  if (covered.every(full => full)) return small
  // Compute on the smaller arrays and stretch the result instead.
  return broadcastTo(small, tensor.shape)
}
