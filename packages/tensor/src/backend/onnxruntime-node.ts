import type { Backend } from './backend.ts'
import { onnxRuntimeBackend, type Runtime } from './onnxruntime.ts'

/** ONNX Runtime's native library, for Node. */
export const nodeBackend: Backend = onnxRuntimeBackend(
  'onnxruntime-node',
  async () => (await import('onnxruntime-node')) as unknown as Runtime,
  ['cpu'],
)
