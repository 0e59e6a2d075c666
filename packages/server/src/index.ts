export type { Adapter, AdapterItem, AdapterResults } from './adapters/adapter.ts'
export { evalProtocolAdapter, evalProtocolCommit } from './adapters/eval-protocol.ts'
export { adapters } from './adapters/index.ts'
export { openrlhfAdapter, openrlhfCommit } from './adapters/openrlhf.ts'
export { responseOf } from './adapters/prompt-prefix.ts'
export { skypilotAdapter, skypilotCommit } from './adapters/skypilot.ts'
export { slimeAdapter, slimeCommit } from './adapters/slime.ts'
export { createRewardApp, type RewardApp } from './app.ts'
export {
  type BinaryBatch,
  type BinaryColumn,
  batchContentType,
  decodeBatch,
  encodeBatch,
} from './binary/layout.ts'
export { jsonLog, type Log, type LogEvent } from './http/log.ts'
export { RequestError, type RequestErrorCode, type RequestErrorDetails } from './http/request-error.ts'
export { type ListenOptions, listen, type RunningServer } from './listen.ts'
export { openApiDocument } from './openapi.ts'
export {
  defaultLimits,
  type RecipeSource,
  type ServerLimits,
  type ServerOptions,
  type UnscoredPolicy,
} from './options.ts'
export type { RecordedBatch, Recorder } from './recorder.ts'
export { type AsyncRewardInput, defineAsyncReward } from './rewards/async-reward.ts'
export { openStoreRecorder, type StoreRecorderOptions } from './store-recorder.ts'
export { type TextItem, textBatch } from './text-batch.ts'
