import type { Backend } from './backend.ts'

/** The native backend on Node, the WebAssembly one elsewhere; loaded at the first use. */
export const defaultBackend: Backend = {
  name: 'default',
  async load(model, inputs, outputs, options) {
    const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined
    const backend = isNode
      ? (await import('./onnxruntime-node.ts')).nodeBackend
      : (await import('./onnxruntime-web.ts')).webBackend
    return backend.load(model, inputs, outputs, options)
  },
}
