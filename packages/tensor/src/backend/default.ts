import type { Backend } from './backend.ts'
import { nodeBackend } from './onnxruntime-node.ts'
import { webBackend } from './onnxruntime-web.ts'

const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined

/** The native backend on Node, the WebAssembly one elsewhere. Either loads its library at the first use. */
export const defaultBackend: Backend = isNode ? nodeBackend : webBackend
