import { GuerdonError } from '@guerdon/core'
import { type Attributes, node, type Operator, Tensor } from '../graph.ts'
import { convert, type DType, isFloat, type NdArray } from '../ndarray.ts'
import { constant, type Operand } from './source.ts'

/** Converts elements: floats to integers truncate toward zero, anything but zero is `true`. Gradients pass between floats. */
export const castOperator: Operator = {
  name: 'cast',
  elementwise: true,
  vjp(node, cotangent) {
    const [x] = node.inputs
    return [isFloat(x.dtype) ? cast(cotangent, x.dtype) : null]
  },
  evaluate(node, [x]) {
    return { dtype: node.dtype, shape: x.shape, data: convert(x.data, node.dtype) }
  },
  lower(node, [x], emit) {
    return emit.cast(x, node.dtype)
  },
}

/** x as another element type. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype && !x.weak) return x
  if (x.weak && isFloat(dtype)) return adopt(x, dtype)
  return new Tensor(castOperator, [x], {}, x.shape, dtype) as Tensor
}

/** Rebuilds a weak float as a float of the given type; nothing is rounded on the way. */
function adopt(x: Tensor, dtype: DType): Tensor {
  const built = new Map<Tensor, Tensor>()
  const rebuild = (current: Tensor): Tensor => {
    if (!current.weak) return current
    const known = built.get(current)
    if (known !== undefined) return known
    const result = new Tensor(current.op, current.inputs.map(rebuild), current.attributes, current.shape, dtype)
    built.set(current, result)
    return result
  }
  return rebuild(x)
}

/** A float for functions that need one: integers and booleans become weak floats. */
export function toFloat(x: Operand): Tensor {
  const tensor = toTensor(x)
  return isFloat(tensor.dtype)
    ? tensor
    : (new Tensor(castOperator, [tensor], {}, tensor.shape, 'float32', true) as Tensor)
}

/** A tensor; numbers become weak constants. */
export function toTensor(x: Operand): Tensor {
  if (x instanceof Tensor) return x
  if (typeof x !== 'number') {
    throw new GuerdonError('invalid_input', `expected a tensor or a number; got ${typeof x}`, {
      hint: 'wrap arrays with constant(…) or pass them as arguments of the function',
    })
  }
  return constant(x)
}

/**
 * Operands brought to one element type: floats win over integers, integers over booleans, float64 over float32,
 * and weak floats and numbers follow the others.
 */
export function unify(...operands: readonly Operand[]): Tensor[] {
  const tensors = operands.map(operand =>
    typeof operand === 'number' && Number.isInteger(operand) && hasOnlyIntegers(operands)
      ? constant(operand, { dtype: 'int32' })
      : toTensor(operand),
  )
  const floats = tensors.filter(tensor => isFloat(tensor.dtype))
  if (floats.length === 0) {
    const dtype = tensors.every(tensor => tensor.dtype === 'bool') ? 'bool' : 'int32'
    return tensors.map(tensor => cast(tensor, dtype))
  }
  const strong = floats.filter(tensor => !tensor.weak)
  if (strong.length === 0) return tensors.map(toFloat)
  const dtype = strong.some(tensor => tensor.dtype === 'float64') ? 'float64' : 'float32'
  return tensors.map(tensor => cast(tensor, dtype))
}

/** True when the tensors among the operands, at least one, are integers or booleans. */
function hasOnlyIntegers(operands: readonly Operand[]): boolean {
  const tensors = operands.filter((operand): operand is Tensor => operand instanceof Tensor)
  return tensors.length > 0 && tensors.every(tensor => !isFloat(tensor.dtype))
}

/** Like {@link unify}, and the result is float. */
export function unifyFloats(...operands: readonly Operand[]): Tensor[] {
  return unify(...unify(...operands).map(toFloat))
}

/** Like {@link unify}, and booleans become int32, for arithmetic. */
export function unifyNumbers(...operands: readonly Operand[]): Tensor[] {
  return unify(...operands).map(tensor => (tensor.dtype === 'bool' ? cast(tensor, 'int32') : tensor))
}

/** Throws unless the tensor has the expected element type. */
export function expectDtype(operator: string, name: string, x: Tensor, dtype: DType): void {
  if (x.dtype === dtype) return
  throw new GuerdonError('invalid_input', `${operator}: expected ${name} of type ${dtype}; got ${x.dtype}`, {
    path: [operator, name],
    hint: `use cast(${name}, '${dtype}')`,
  })
}

/** Passes its input on and lets no gradient through. */
export const stopGradientOperator: Operator = {
  name: 'stopGradient',
  evaluate(_node, [x]) {
    return x
  },
  lower(_node, [x]) {
    return x
  },
}

/** x, as a constant to differentiation. */
export function stopGradient(x: Tensor): Tensor {
  return node(stopGradientOperator, [x], {}, x.shape, x.dtype)
}

/** An array of the same shape and another content, for kernels. */
export function like(node: Tensor<Attributes>, data: NdArray['data']): NdArray {
  return { dtype: node.dtype, shape: node.shape, data }
}
