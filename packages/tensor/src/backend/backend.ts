import type { DType, NdArray } from '../ndarray.ts'

/** Name, element type and shape of an input or output. */
export interface ValueInfo {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
}

/** What a backend is told when it loads a model. */
export interface LoadOptions {
  /** Threads one run may use; default 1, right when several runs go in parallel. */
  readonly threads?: number
}

/** A loaded model. */
export interface Session {
  /** Runs the model once; arrays in the order of the inputs and outputs it was loaded with. */
  run(inputs: readonly NdArray[]): Promise<NdArray[]>
  /** Frees the model; it cannot be run afterwards. */
  dispose(): Promise<void>
}

/** Something that runs ONNX models. */
export interface Backend {
  readonly name: string
  load(
    model: Uint8Array,
    inputs: readonly ValueInfo[],
    outputs: readonly ValueInfo[],
    options?: LoadOptions,
  ): Promise<Session>
}
