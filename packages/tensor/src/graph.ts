import type { Emitter } from './lower/emitter.ts'
import { type DType, isFloat, type NdArray } from './ndarray.ts'

/** What an attribute of a node may hold. */
export type AttributeValue = number | boolean | string | readonly number[] | NdArray | undefined

/** Static facts of a node: axes, strides, flags. */
export type Attributes = { readonly [name: string]: AttributeValue }

/**
 * What is known about an operator, in one place: its vector–Jacobian product in terms of the operators themselves,
 * its reference kernel, and its form in ONNX. The shape rule is the public function that makes nodes of it.
 */
export interface Operator<A extends Attributes = Attributes> {
  readonly name: string
  /** True when each element of the result depends on the elements at the same place of the (broadcast) inputs alone. */
  readonly elementwise?: boolean
  /**
   * Cotangents of the inputs from the cotangent of the output, `null` where no gradient flows.
   * `wanted[i]` says whether the i-th will be used. Absent: the operator is not differentiable and stops gradients.
   */
  vjp?(node: Tensor<A>, cotangent: Tensor, wanted: readonly boolean[]): (Tensor | null)[]
  /** Reference kernel of the interpreter. */
  evaluate(node: Tensor<A>, inputs: readonly NdArray[]): NdArray
  /** The same in other operators, used for float64 where ONNX Runtime has no kernel. */
  compose?(node: Tensor<A>): Tensor
  /** Emits ONNX nodes and returns the name of the value. */
  lower(node: Tensor<A>, inputs: readonly string[], emit: Emitter): string
}

/**
 * A symbolic value: immutable data, namely an operator, its inputs and attributes, a shape and an element type.
 * There is no tape and no global graph; a graph is what can be reached from its outputs.
 */
export class Tensor<A extends Attributes = Attributes> {
  readonly op: Operator<A>
  readonly inputs: readonly Tensor[]
  readonly attributes: A
  readonly shape: readonly number[]
  readonly dtype: DType
  /** True for floats made of constants and integers only: they take the type of whatever float they meet. */
  readonly weak: boolean

  constructor(
    op: Operator<A>,
    inputs: readonly Tensor[],
    attributes: A,
    shape: readonly number[],
    dtype: DType,
    weak = false,
  ) {
    this.op = op
    this.inputs = inputs
    this.attributes = attributes
    this.shape = shape
    this.dtype = dtype
    this.weak = weak
  }
}

/** Makes a node; a float is weak when all float inputs are (and there is one). */
export function node<A extends Attributes>(
  op: Operator<A>,
  inputs: readonly Tensor[],
  attributes: A,
  shape: readonly number[],
  dtype: DType,
): Tensor {
  let weak = false
  if (isFloat(dtype)) {
    const floats = inputs.filter(input => isFloat(input.dtype))
    weak = floats.length > 0 && floats.every(input => input.weak)
  }
  return new Tensor(op, inputs, attributes, shape, dtype, weak) as Tensor
}

/** Every node reachable from `outputs`, each after its inputs. */
export function topologicalOrder(outputs: readonly Tensor[]): Tensor[] {
  const order: Tensor[] = []
  const state = new Map<Tensor, 'open' | 'done'>()
  const stack: Tensor[] = [...outputs].reverse()
  while (stack.length > 0) {
    const current = stack[stack.length - 1]
    const seen = state.get(current)
    if (seen === 'done') {
      stack.pop()
    } else if (seen === 'open') {
      stack.pop()
      state.set(current, 'done')
      order.push(current)
    } else {
      state.set(current, 'open')
      for (let i = current.inputs.length - 1; i >= 0; i--) {
        if (!state.has(current.inputs[i])) stack.push(current.inputs[i])
      }
    }
  }
  return order
}
