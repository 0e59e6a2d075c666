export {
  type OpenStoreOptions,
  openStore,
  type RecipeFacts,
  type Store,
  type StoreRows,
  type Verdict,
} from './open-store.ts'
export type { PlainRow, QueryResult } from './query.ts'
export { onRollouts, recipeFacts, type ScoredRowsOptions, scoredRows } from './scored-batch.ts'
export { schemaVersion, type TableName, tables } from './tables.ts'
