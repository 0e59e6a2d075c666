import { GuerdonError } from '@guerdon/core'
import type { InferenceSession, TypedTensor } from 'onnxruntime-node'
import type { NdArray, TypedData } from '../ndarray.ts'
import type { Backend, LoadOptions, ValueInfo } from './backend.ts'

/** What ONNX Runtime for Node and for browsers have in common. */
export interface Runtime {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>
  }
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => TypedTensor<'float32'>
}

type AnyTensor = new (type: string, data: TypedData, dims: readonly number[]) => TypedTensor<'float32'>

/** A backend on one of the packages of ONNX Runtime, which is loaded at the first use, with the options of that use. */
export function onnxRuntimeBackend(
  name: string,
  load: (options: LoadOptions) => Promise<Runtime>,
  providers: readonly string[],
): Backend {
  let runtime: Promise<Runtime> | undefined
  return {
    name,
    async load(model, inputs, outputs, options = {}) {
      runtime ??= load(options)
      const { InferenceSession, Tensor } = await runtime
      // In float64 the fusions of 'extended' keep scales as float32 attributes or make operators without a kernel; what
      // 'all' adds are image layouts that pay only where every kernel is constant.
      const session = await InferenceSession.create(model, {
        executionProviders: providers,
        intraOpNumThreads: options.threads ?? 1,
        interOpNumThreads: 1,
        graphOptimizationLevel: [...inputs, ...outputs].some(({ dtype }) => dtype === 'float64') ? 'basic' : 'extended',
        logSeverityLevel: 3,
      }).catch((cause: unknown) => {
        throw new GuerdonError('unsupported', `${name}: the model was refused: ${messageOf(cause)}`, {
          cause,
          hint: 'some operators have no float64 kernel; see the operator table of the tensor package',
        })
      })
      const TensorOf = Tensor as unknown as AnyTensor
      return {
        async run(arrays) {
          const feeds: Record<string, TypedTensor<'float32'>> = {}
          for (let i = 0; i < inputs.length; i++) {
            const { dtype, shape, data } = arrays[i]
            feeds[inputs[i].name] = new TensorOf(dtype, data, shape)
          }
          const results = await session.run(feeds)
          return outputs.map(output => toArray(output, results[output.name].data as unknown as TypedData))
        },
        async dispose() {
          await session.release()
        },
      }
    },
  }
}

function toArray({ dtype, shape }: ValueInfo, data: TypedData): NdArray {
  return { dtype, shape, data }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
