export type { Adapter, AdapterItem, AdapterResults, NumberAdapter, OutcomeAdapter } from './adapters/adapter.ts'
export { agentLightningAdapter, agentLightningCommit } from './adapters/agent-lightning.ts'
export { atroposAdapter, atroposCommit } from './adapters/atropos.ts'
export { evalProtocolAdapter, evalProtocolCommit } from './adapters/eval-protocol.ts'
export { adapters } from './adapters/index.ts'
export { msSwiftAdapter, msSwiftCommit } from './adapters/ms-swift.ts'
export { nemoGymAdapter, nemoGymCommit } from './adapters/nemo-gym.ts'
export { graderOfRecipe, graderStages, recipeOfGrader } from './adapters/openai-grader/index.ts'
export { openrlhfAdapter, openrlhfCommit } from './adapters/openrlhf.ts'
export { responseOf } from './adapters/prompt-prefix.ts'
export { skypilotAdapter, skypilotCommit } from './adapters/skypilot.ts'
export { skyrlAdapter, skyrlCommit } from './adapters/skyrl.ts'
export { slimeAdapter, slimeCommit } from './adapters/slime.ts'
export { trlAdapter, trlCommit } from './adapters/trl.ts'
export { verifiersAdapter, verifiersCommit } from './adapters/verifiers.ts'
export { verlClassifyAdapter, verlCommit, verlEmbeddingsAdapter } from './adapters/verl.ts'
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
export { isDatabase } from './runs/open-runs.ts'
export { openStoreRecorder, type StoreRecorderOptions } from './store-recorder.ts'
export { type TextItem, textBatch } from './text-batch.ts'
