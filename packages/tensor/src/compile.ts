import { GuerdonError } from '@guerdon/core'
import type { Backend, Session, ValueInfo } from './backend/backend.ts'
import { defaultBackend } from './backend/default.ts'
import type { Tensor } from './graph.ts'
import { encodeGraph } from './lower/lower.ts'
import type { NdArray } from './ndarray.ts'
import { sameShape } from './shape.ts'
import { argumentArrays, type Concrete, type Evaluated, signatureOf, type Trace, trace } from './trace.ts'

/** How functions are compiled. */
export interface CompileOptions {
  /** Default: ONNX Runtime's native library on Node, its WebAssembly build elsewhere. */
  readonly backend?: Backend
  /** Element type of all floats that are not cast explicitly; default `'float32'`. */
  readonly dtype?: 'float32' | 'float64'
  /** Threads one run may use; default 1, right when several runs go in parallel. */
  readonly threads?: number
}

/** A function compiled for one form, shape and type of arguments. */
export interface Compiled<A extends readonly unknown[], R> {
  /** Runs it; the arguments must have the shapes and types of the example. */
  run(...args: Concrete<A>): Promise<Evaluated<R>>
  /** Puts result arrays in the places of the result's tensors. */
  rebuild(arrays: readonly NdArray[]): Evaluated<R>
  /** Runs it on the arrays of the arguments in order ({@link Compiled.inputs}); nothing is converted or checked. */
  runArrays(arrays: readonly NdArray[]): Promise<NdArray[]>
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  /** The model that is run. */
  readonly onnx: Uint8Array
  /** Frees the model. */
  dispose(): Promise<void>
}

function traceAny(f: unknown, args: readonly unknown[], dtype: 'float32' | 'float64'): Trace {
  return trace(f as (...args: never[]) => unknown, args, dtype)
}

function describe(tensors: readonly Tensor[], prefix: string): ValueInfo[] {
  return tensors.map(({ dtype, shape }, i) => ({ name: `${prefix}${i}`, dtype, shape }))
}

/** Compiles a function for arguments like the example: traced, simplified, written as ONNX and loaded once. */
export async function compile<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  exampleArgs: Concrete<A>,
  options: CompileOptions = {},
): Promise<Compiled<A, R>> {
  const { backend = defaultBackend, dtype = 'float32' } = options
  const graph = traceAny(f, exampleArgs as readonly unknown[], dtype)
  const inputs = describe(graph.inputs, 'i')
  const outputs = describe(graph.outputs, 'o')
  const { threads = 1 } = options
  const names = { inputs: inputs.map(({ name }) => name), outputs: outputs.map(({ name }) => name) }
  const onnx = encodeGraph(graph.inputs, graph.outputs, names, { threads })
  const session: Session = await backend.load(onnx, inputs, outputs, { threads })
  return {
    async run(...args) {
      const arrays = argumentArrays(args as readonly unknown[], dtype)
      check(arrays, inputs, graph.inputNames)
      return graph.rebuild(await session.run(arrays)) as Evaluated<R>
    },
    rebuild: arrays => graph.rebuild(arrays) as Evaluated<R>,
    runArrays: arrays => session.run(arrays),
    inputs,
    outputs,
    onnx,
    dispose: () => session.dispose(),
  }
}

function check(arrays: readonly NdArray[], inputs: readonly ValueInfo[], names: readonly string[]): void {
  if (arrays.length !== inputs.length) {
    throw new GuerdonError('shape_mismatch', `expected ${inputs.length} arrays in the arguments; got ${arrays.length}`)
  }
  for (let i = 0; i < arrays.length; i++) {
    const { dtype, shape } = arrays[i]
    const expected = inputs[i]
    if (dtype === expected.dtype && sameShape(shape, expected.shape)) continue
    throw new GuerdonError(
      'shape_mismatch',
      `expected argument ${names[i]} as ${expected.dtype} [${expected.shape}]; got ${dtype} [${shape}]`,
      { path: names[i].split('.'), hint: 'compile for these shapes, or use jit, which does so by itself' },
    )
  }
}

/**
 * A function that compiles itself for every form, shape and type of arguments it meets, once each. The function is traced
 * when it is compiled: whatever else it reads is then fixed.
 */
export function jit<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: CompileOptions = {},
): (...args: Concrete<A>) => Promise<Evaluated<R>> {
  const { dtype = 'float32' } = options
  const cache = new Map<string, Promise<Compiled<A, R>>>()
  return async (...args) => {
    const arrays = argumentArrays(args as readonly unknown[], dtype)
    const signature = signatureOf(args as readonly unknown[], arrays)
    let compiled = cache.get(signature)
    if (compiled === undefined) {
      compiled = compile(f, args, options)
      cache.set(signature, compiled)
      compiled.catch(() => cache.delete(signature))
    }
    const { runArrays, rebuild } = await compiled
    return rebuild(await runArrays(arrays))
  }
}

/**
 * A function as ONNX bytes for other tools, in operators of the ONNX standard (opset 17) alone. Inputs and outputs are named by their paths in the arguments and the result
 * (`0.layers.1.weight`; `output` for a single result) unless names are given, in the order of the leaves.
 */
export function exportOnnx<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  exampleArgs: Concrete<A>,
  options: {
    inputNames?: readonly string[]
    outputNames?: readonly string[]
    dtype?: 'float32' | 'float64'
  } = {},
): Uint8Array {
  const graph = traceAny(f, exampleArgs as readonly unknown[], options.dtype ?? 'float32')
  const inputs = options.inputNames ?? graph.inputNames
  const outputs = options.outputNames ?? graph.outputNames.map(name => (name === '' ? 'output' : name))
  const names = [...inputs, ...outputs]
  if (
    inputs.length !== graph.inputs.length ||
    outputs.length !== graph.outputs.length ||
    new Set(names).size !== names.length
  ) {
    throw new GuerdonError(
      'invalid_option',
      `expected ${graph.inputs.length} input and ${graph.outputs.length} output names, all different; got [${inputs}] and [${outputs}]`,
    )
  }
  return encodeGraph(graph.inputs, graph.outputs, { inputs, outputs }, { portable: true })
}
