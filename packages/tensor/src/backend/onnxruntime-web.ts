import type { Backend } from './backend.ts'
import { onnxRuntimeBackend, type Runtime } from './onnxruntime.ts'

const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined

/**
 * ONNX Runtime compiled to WebAssembly, for browsers; it runs in Node too. More than one thread needs a page that is
 * cross-origin isolated. All models of a page share the threads that the first one asks for, unless the page has set
 * `env.wasm.numThreads` of ONNX Runtime itself.
 */
export const webBackend: Backend = onnxRuntimeBackend(
  'onnxruntime-web',
  async ({ threads = 1 }) => {
    const runtime = await (isNode ? import('onnxruntime-web') : import('onnxruntime-web/wasm'))
    // Left unset, it takes up to four threads, and a session's own number changes nothing.
    runtime.env.wasm.numThreads ??= threads
    return runtime as unknown as Runtime
  },
  ['wasm'],
)
