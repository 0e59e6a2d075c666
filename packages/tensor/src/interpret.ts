import { type Tensor, topologicalOrder } from './graph.ts'
import type { NdArray } from './ndarray.ts'
import { argumentArrays, type Concrete, type Evaluated, trace } from './trace.ts'

/** Values of `outputs` given those of input nodes, by the reference kernels. */
export function evaluate(outputs: readonly Tensor[], known: ReadonlyMap<Tensor, NdArray>): NdArray[] {
  const values = new Map<Tensor, NdArray>(known)
  for (const tensor of topologicalOrder(outputs)) {
    if (values.has(tensor)) continue
    const inputs = tensor.inputs.map(input => values.get(input)!)
    values.set(tensor, tensor.op.evaluate(tensor, inputs))
  }
  return outputs.map(output => values.get(output)!)
}

/**
 * Runs a function on tensors at once with the reference kernels written in TypeScript; synchronous, in float64 unless
 * told. Meant for tests and small losses: every call builds the graph anew. See `jit` for speed.
 */
export function interpret<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: { dtype?: 'float32' | 'float64' } = {},
): (...args: Concrete<A>) => Evaluated<R> {
  const { dtype = 'float64' } = options
  return (...args) => {
    const arrays = argumentArrays(args as readonly unknown[], dtype)
    const graph = trace(f as unknown as (...args: never[]) => unknown, args as readonly unknown[], dtype)
    const known = new Map(graph.inputs.map((input, i) => [input, arrays[i]] as const))
    return graph.rebuild(evaluate(graph.outputs, known)) as Evaluated<R>
  }
}
