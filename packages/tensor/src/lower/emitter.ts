import type { Tensor } from '../graph.ts'
import type { DType, NdArray } from '../ndarray.ts'
import type { OnnxAttribute, OnnxType } from '../onnx/model.ts'

/** Attributes of an ONNX node by name. */
export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>

/**
 * Where operators write their ONNX form. Values are names; asking twice for the same node with the same inputs gives the
 * same value, which is how common sub-expressions are shared.
 */
export interface Emitter {
  /** True when a run uses one thread: ONNX Runtime's ScatterND adds without locks. */
  readonly singleThread: boolean
  /** True when only operators of the ONNX standard may be used, for models that other tools will load. */
  readonly portable: boolean
  /** True when the graph has a node of this operator, whose by-products can then be shared. */
  has(operator: string): boolean
  /** The nodes of the graph that read a tensor. */
  readers(tensor: Tensor): readonly Tensor[]
  /** Adds a node with one output and returns its name. */
  one(op: string, inputs: readonly string[], attributes?: OnnxAttributes, domain?: string): string
  /** Adds a node with several outputs. */
  many(op: string, inputs: readonly string[], outputs: number, attributes?: OnnxAttributes, domain?: string): string[]
  /** A list of int64, as shapes and axes are given. */
  ints(values: readonly number[]): string
  /** A scalar constant. */
  scalar(value: number, dtype: DType | 'int64'): string
  /** A constant array. */
  constant(array: NdArray): string
  /** A conversion. */
  cast(value: string, to: OnnxType): string
}
