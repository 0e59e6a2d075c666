import type { Backend } from './backend.ts'
import { onnxRuntimeBackend, type Runtime } from './onnxruntime.ts'

const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined

/**
 * ONNX Runtime compiled to WebAssembly, for browsers; it runs in Node too. More than one thread needs a page that is
 * cross-origin isolated.
 */
export const webBackend: Backend = onnxRuntimeBackend(
  'onnxruntime-web',
  async () => (await (isNode ? import('onnxruntime-web') : import('onnxruntime-web/wasm'))) as unknown as Runtime,
  ['wasm'],
)
