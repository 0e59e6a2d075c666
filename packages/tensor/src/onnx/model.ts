/**
 * An ONNX model as plain data: what {@link encodeModel} turns into bytes. Only what this package emits is described.
 *
 * ```ts
 * const model: OnnxModel = {
 *   opsets: { '': 17, 'com.microsoft': 1 },
 *   nodes: [
 *     { op: 'FusedMatMul', domain: 'com.microsoft', inputs: ['x', 'w'], outputs: ['h'], attributes: { transB: { int: 1 } } },
 *     { op: 'ReduceSum', inputs: ['h', 'axes'], outputs: ['y'], attributes: { keepdims: { int: 0 } } },
 *   ],
 *   inputs: [{ name: 'x', type: 'float32', shape: [32, 8] }],
 *   outputs: [{ name: 'y', type: 'float32', shape: [32] }],
 *   initializers: [
 *     { name: 'w', type: 'float32', shape: [4, 8], data: new Float32Array(32) },
 *     { name: 'axes', type: 'int64', shape: [1], data: BigInt64Array.of(1n) },
 *   ],
 * }
 * ```
 */
export interface OnnxModel {
  /** Version of each operator set used, by domain; the standard operators' domain is `''`. */
  readonly opsets: Readonly<Record<string, number>>
  /** In an order in which every input of a node is defined before the node (ONNX requires it). */
  readonly nodes: readonly OnnxNode[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  /** Constant values by name; not repeated among the inputs. */
  readonly initializers?: readonly OnnxInitializer[]
  /** Types and shapes of values between nodes; optional, ONNX Runtime infers them. */
  readonly values?: readonly OnnxValue[]
  /** Name of the graph; default `'graph'` (ONNX does not allow none). */
  readonly name?: string
  /** Format version; default 8, the one that opset 17 came with. */
  readonly irVersion?: number
  /** Shown by viewers; default `'guerdon'`. */
  readonly producer?: string
  /** Free text of the graph, shown by viewers. */
  readonly description?: string
  /** Free key–value pairs, kept by ONNX tools. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** One operator application. */
export interface OnnxNode {
  /** Operator name, e.g. `'MatMul'`. */
  readonly op: string
  /** Operator domain; default `''`, the standard one. */
  readonly domain?: string
  /** Names of the inputs; `''` leaves an optional input out. */
  readonly inputs: readonly string[]
  /** Names of the outputs; `''` leaves an optional output out. */
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
  /** Shown by viewers and profilers; default none. */
  readonly name?: string
}

/** An attribute's value says its kind, because ONNX tells `1` from `1.0`: `{ int: 1 }`, `{ floats: [1, 2] }`. */
export type OnnxAttribute =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly string: string }
  | { readonly tensor: OnnxTensor }
  | { readonly floats: readonly number[] }
  | { readonly ints: readonly number[] }
  | { readonly strings: readonly string[] }

/** Element types of values. */
export type OnnxType = 'float32' | 'float64' | 'int32' | 'int64' | 'bool'

/** Name, element type and shape of a graph input, output or intermediate value. A string is a named free dimension. */
export interface OnnxValue {
  readonly name: string
  readonly type: OnnxType
  readonly shape: readonly (number | string)[]
}

/** A constant: row-major data, one element per entry of the shape's product; booleans are bytes 0 and 1. */
export type OnnxTensor =
  | { readonly type: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly type: 'float64'; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly type: 'int32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly type: 'int64'; readonly shape: readonly number[]; readonly data: BigInt64Array }
  | { readonly type: 'bool'; readonly shape: readonly number[]; readonly data: Uint8Array }

/** A named constant of the graph. */
export type OnnxInitializer = OnnxTensor & { readonly name: string }
