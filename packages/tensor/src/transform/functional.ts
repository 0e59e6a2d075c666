import type { Tensor } from '../graph.ts'
import { isFloat, sizeOf } from '../ndarray.ts'
import { add, mul } from '../operators/binary.ts'
import { onesLike, zerosLike } from '../operators/fill.ts'
import { reshape, stack } from '../operators/layout.ts'
import { cast } from '../operators/operands.ts'
import { sum } from '../operators/reduce.ts'
import { constant } from '../operators/source.ts'
import { shapeError } from '../shape.ts'
import { type MapLeaves, treeLeaves, treeMap } from '../tree.ts'
import { gradients, gradientsOfMany, isTensor } from './gradients.ts'

/** Arguments and results of the functions here are tensors or trees of tensors. */
type Arguments = readonly unknown[]

/** Which argument to differentiate for. */
export interface GradOptions<K extends number = number> {
  /** Position of the argument, a tensor or a tree of tensors; default 0. */
  readonly argument?: K
}

function rebuild<T>(form: T, leaves: readonly Tensor[]): T {
  let position = 0
  return treeMap(form, isTensor, () => leaves[position++]) as T
}

function scalar(name: string, output: unknown): Tensor {
  if (isTensor(output) && sizeOf(output.shape) === 1 && isFloat(output.dtype)) return output
  const got = isTensor(output) ? `${output.dtype} of shape [${output.shape}]` : typeof output
  throw shapeError(name, 'a function that returns one float', got, 'reduce it with sum or mean')
}

/**
 * f with its gradient: `(…arguments) → { value, gradient }`, the gradient shaped as the chosen argument. With `hasAux`,
 * f returns `[loss, aux]` and `aux` is handed on.
 */
export function valueAndGrad<A extends Arguments, X, K extends number = 0>(
  f: (...args: A) => readonly [Tensor, X],
  options: GradOptions<K> & { hasAux: true },
): (...args: A) => { value: Tensor; gradient: A[K]; aux: X }
export function valueAndGrad<A extends Arguments, K extends number = 0>(
  f: (...args: A) => Tensor,
  options?: GradOptions<K> & { hasAux?: false },
): (...args: A) => { value: Tensor; gradient: A[K] }
export function valueAndGrad<A extends Arguments>(
  f: (...args: A) => Tensor | readonly [Tensor, unknown],
  options: GradOptions & { hasAux?: boolean } = {},
): (...args: A) => { value: Tensor; gradient: unknown; aux?: unknown } {
  return (...args) => {
    const output = f(...args)
    const value = scalar('valueAndGrad', options.hasAux ? (output as readonly unknown[])[0] : output)
    const argument = args[options.argument ?? 0]
    const gradient = rebuild(argument, gradients(value, treeLeaves(argument, isTensor)))
    return options.hasAux ? { value, gradient, aux: (output as readonly unknown[])[1] } : { value, gradient }
  }
}

/** The gradient of a function that returns one float: `(…arguments) → tree shaped as the chosen argument`. */
export function grad<A extends Arguments, K extends number = 0>(
  f: (...args: A) => Tensor,
  options: GradOptions<K> = {},
): (...args: A) => A[K] {
  return (...args) => {
    const value = scalar('grad', f(...args))
    const argument = args[options.argument ?? 0]
    return rebuild(argument, gradients(value, treeLeaves(argument, isTensor)))
  }
}

/** f at `primals` and its transposed Jacobian: `pullback(cotangents like the value)` → cotangents like the arguments. */
export function vjp<A extends Arguments, R>(
  f: (...args: A) => R,
  ...primals: A
): { value: R; pullback: (cotangent: R) => A } {
  const value = f(...primals)
  const inputs = treeLeaves(primals, isTensor)
  return {
    value,
    pullback: cotangent =>
      rebuild(primals, gradientsOfMany(treeLeaves(value, isTensor), inputs, treeLeaves(cotangent, isTensor))) as A,
  }
}

/**
 * f at `primals` and the directional derivative J·tangents. Forward mode by transposing twice: uᵀJ is linear in u, so its
 * transposed Jacobian applied to the tangents is J·tangents.
 */
export function jvp<A extends Arguments, R>(f: (...args: A) => R, primals: A, tangents: A): { value: R; tangent: R } {
  const value = f(...primals)
  const outputs = treeLeaves(value, isTensor)
  const inputs = treeLeaves(primals, isTensor)
  const directions = treeLeaves(tangents, isTensor)
  // The point at which uᵀJ is differentiated for u does not matter; the outputs' own placeholders need no value.
  const seeds = outputs.map(output => cast(onesLike(output), output.dtype))
  const pulled = gradientsOfMany(outputs, inputs, seeds)
  const usable = pulled.flatMap((_, i) => (isFloat(inputs[i].dtype) ? [i] : []))
  const tangent = gradientsOfMany(
    usable.map(i => pulled[i]),
    seeds,
    usable.map(i => directions[i]),
  )
  return { value, tangent: rebuild(value, tangent) }
}

/** Hessian-vector product ∇²f(primal)·tangent of a function of one (tree) argument that returns one float. */
export function hvp<P>(f: (primal: P) => Tensor, primal: P, tangent: P): P {
  const inputs = treeLeaves(primal, isTensor)
  const directions = treeLeaves(tangent, isTensor)
  const slopes = gradients(scalar('hvp', f(primal)), inputs)
  const along = slopes.map((slope, i) => sum(mul(slope, directions[i]))).reduce((a, b) => add(a, b))
  return rebuild(primal, gradients(along, inputs))
}

/**
 * The Jacobian of a function that returns one tensor, row by row in reverse mode: each leaf of the chosen argument gives
 * `[…output shape, …leaf shape]`. Meant for small outputs: the graph grows with the number of output elements.
 */
export function jacobian<A extends Arguments, K extends number = 0>(
  f: (...args: A) => Tensor,
  options: GradOptions<K> = {},
): (...args: A) => MapLeaves<A[K], Tensor, Tensor> {
  return (...args) => {
    const output = f(...args)
    const argument = args[options.argument ?? 0]
    const inputs = treeLeaves(argument, isTensor)
    const count = sizeOf(output.shape)
    const rows = Array.from({ length: count }, (_, index) => {
      const unit = new Float64Array(count)
      unit[index] = 1
      const seed = cast(constant({ dtype: 'float64', shape: output.shape, data: unit }), output.dtype)
      return gradients(output, inputs, seed)
    })
    const leaves = inputs.map((input, i) =>
      count === 0 ? zerosLike(input) : reshape(stack(rows.map(row => row[i])), [...output.shape, ...input.shape]),
    )
    return rebuild(argument, leaves) as MapLeaves<A[K], Tensor, Tensor>
  }
}
