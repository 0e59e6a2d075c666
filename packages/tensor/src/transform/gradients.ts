import { Tensor, topologicalOrder } from '../graph.ts'
import { isFloat } from '../ndarray.ts'
import { add } from '../operators/binary.ts'
import { onesLike, zerosLike } from '../operators/fill.ts'
import { sameShape, shapeError } from '../shape.ts'

/**
 * Reverse-mode gradients as further graph: for each tensor w of `wrt`, Σ_i seed_i·∂output_i/∂w. `seed` defaults to 1 and
 * must be given unless the output has one element. Tensors the output does not depend on get zeros. The result is made
 * of ordinary operators and can be differentiated again.
 */
export function gradients(output: Tensor, wrt: readonly Tensor[], seed?: Tensor): Tensor[] {
  if (seed === undefined && !output.shape.every(extent => extent === 1)) {
    throw shapeError(
      'gradients',
      'an output with one element, or a seed',
      `shape [${output.shape}]`,
      'reduce it with sum or mean',
    )
  }
  if (seed !== undefined && !sameShape(seed.shape, output.shape)) {
    throw shapeError('gradients', `a seed of shape [${output.shape}]`, `[${seed.shape}]`)
  }
  return gradientsOfMany([output], wrt, [seed ?? onesLike(output)])
}

/** {@link gradients} of several outputs at once: Σ over outputs of seedᵀ·∂output/∂w. */
export function gradientsOfMany(
  outputs: readonly Tensor[],
  wrt: readonly Tensor[],
  seeds: readonly Tensor[],
): Tensor[] {
  const order = topologicalOrder(outputs)
  const onPath = new Set<Tensor>(wrt)
  for (const tensor of order) {
    if (tensor.op.vjp !== undefined && tensor.inputs.some(input => onPath.has(input))) onPath.add(tensor)
  }
  const cotangents = new Map<Tensor, Tensor>()
  const accumulate = (tensor: Tensor, part: Tensor) => {
    const known = cotangents.get(tensor)
    cotangents.set(tensor, known === undefined ? part : add(known, part))
  }
  outputs.forEach((output, i) => {
    if (isFloat(output.dtype)) accumulate(output, seeds[i])
  })
  for (let i = order.length - 1; i >= 0; i--) {
    const tensor = order[i]
    const cotangent = cotangents.get(tensor)
    if (cotangent === undefined || tensor.op.vjp === undefined || !onPath.has(tensor)) continue
    const wanted = tensor.inputs.map(input => onPath.has(input) && isFloat(input.dtype))
    if (!wanted.includes(true)) continue
    const parts = tensor.op.vjp(tensor, cotangent, wanted)
    parts.forEach((part, k) => {
      if (part !== null && wanted[k]) accumulate(tensor.inputs[k], part)
    })
  }
  return wrt.map(tensor => {
    const found = cotangents.get(tensor)
    return found === undefined || !isFloat(tensor.dtype) ? zerosLike(tensor) : found
  })
}

/** True for tensors; the leaf test of parameter trees. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor
}
