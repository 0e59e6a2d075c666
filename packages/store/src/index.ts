export {
  type ExportedRecords,
  exportRecords,
  rolloutColumnTypes,
  type Selection,
  selectedRows,
} from './export-records.ts'
export { type ImportOptions, type ImportReport, importFile } from './import-file.ts'
export * from './layouts/index.ts'
export {
  type OpenStoreOptions,
  openStore,
  type RecipeFacts,
  type Store,
  type StoreRows,
  type Verdict,
} from './open-store.ts'
export { readParquet, type WriteParquetOptions, writeParquet } from './parquet.ts'
export type { PlainRow, QueryResult } from './query.ts'
export { preferenceOfRow, rolloutOfRow } from './records.ts'
export { findRun, type Report, reports, runReport } from './reports.ts'
export { onRollouts, recipeFacts, type ScoredRowsOptions, scoredRows } from './scored-batch.ts'
export { schemaVersion, type TableName, tables } from './tables.ts'
