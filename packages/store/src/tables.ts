/** SQL types the tables use; what goes into each is a number, text, a list of numbers, or null. */
export type ColumnType = 'BIGINT' | 'INTEGER' | 'DOUBLE' | 'DOUBLE[]' | 'VARCHAR' | 'JSON' | 'TIMESTAMP'

/** A value for one column: TIMESTAMP takes milliseconds since 1970, JSON takes its text. */
export type CellValue = number | string | readonly (number | null)[] | null

const belonging = { batch: 'BIGINT', run: 'VARCHAR' } as const
const rollout = { ...belonging, id: 'VARCHAR', group_id: 'VARCHAR' } as const

/**
 * The tables of a store. `batch` numbers what belongs together: a batch a server scored, a file that was read in; `batch` and `id` name a rollout, wherever its scores
 * stand. A text that is not well-formed Unicode stands in `record` as well, and is the one that counts there.
 */
export const tables = {
  /** Each recipe a run was scored by, or none for rollouts that came without. */
  runs: { run: 'VARCHAR', recipe: 'VARCHAR', name: 'VARCHAR', final: 'VARCHAR', stages: 'JSON', at: 'TIMESTAMP' },
  /** What belongs together. `update_number`: how many batches the run had seen by then, where somebody counts. */
  batches: { ...belonging, recipe: 'VARCHAR', update_number: 'BIGINT', at: 'TIMESTAMP' },
  /** Records: the texts in columns, everything else in `record`; null there when it was kept without its texts. */
  rollouts: {
    ...belonging,
    position: 'INTEGER',
    id: 'VARCHAR',
    group_id: 'VARCHAR',
    prompt: 'VARCHAR',
    response: 'VARCHAR',
    outcome: 'DOUBLE',
    turns: 'INTEGER',
    tokens: 'INTEGER',
    record: 'JSON',
  },
  /** The reward of each rollout by a recipe; `reward` is null unless `status` is scored. */
  scores: { ...rollout, recipe: 'VARCHAR', reward: 'DOUBLE', status: 'VARCHAR' },
  /** Every number a recipe wrote: `value` for a group or rollout, `items` for its turns or tokens. */
  components: {
    ...rollout,
    recipe: 'VARCHAR',
    name: 'VARCHAR',
    level: 'VARCHAR',
    value: 'DOUBLE',
    items: 'DOUBLE[]',
    status: 'VARCHAR',
  },
  /** Items that should have a number and have none; `item` counts turns or tokens from 0. */
  failures: {
    ...rollout,
    recipe: 'VARCHAR',
    name: 'VARCHAR',
    item: 'INTEGER',
    class: 'VARCHAR',
    message: 'VARCHAR',
    component: 'VARCHAR',
  },
  /** What a judge or a person said of a rollout. */
  verdicts: {
    ...belonging,
    id: 'VARCHAR',
    judge: 'VARCHAR',
    name: 'VARCHAR',
    score: 'DOUBLE',
    label: 'VARCHAR',
    reason: 'VARCHAR',
    details: 'JSON',
  },
  /** Preferences of every kind; texts in columns where they are text, everything else in `record`. */
  preferences: {
    ...belonging,
    position: 'INTEGER',
    id: 'VARCHAR',
    kind: 'VARCHAR',
    prompt: 'VARCHAR',
    chosen: 'VARCHAR',
    rejected: 'VARCHAR',
    label: 'DOUBLE',
    margin: 'DOUBLE',
    record: 'JSON',
  },
  /** Files that were read in, by the SHA-256 of their bytes, and how far the reading is. */
  sources: {
    sha256: 'VARCHAR',
    ...belonging,
    name: 'VARCHAR',
    layout: 'VARCHAR',
    lines: 'BIGINT',
    rollouts: 'BIGINT',
    preferences: 'BIGINT',
    verdicts: 'BIGINT',
    skipped: 'BIGINT',
    passed_over: 'BIGINT',
    bytes: 'BIGINT',
    complete: 'INTEGER',
    at: 'TIMESTAMP',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>

export type TableName = keyof typeof tables

/** A row of a table, without the batch and run it belongs to. */
export type Row<T extends TableName> = { readonly [C in Exclude<keyof (typeof tables)[T], 'batch' | 'run'>]: CellValue }

/** Rows of several tables, of one batch and run, that are written together or not at all. */
export type TableRows = { readonly [T in TableName]?: readonly Row<T>[] }

/** The layout of the tables; a store of another one is refused. */
export const schemaVersion = 1

/** The statements that make an empty store. */
export function createStatements(): string[] {
  const creations = Object.entries(tables).map(([name, columns]) => {
    const fields = Object.entries(columns).map(([column, type]) => `"${column}" ${type}`)
    return `CREATE TABLE ${name} (${fields.join(', ')})`
  })
  return [
    'BEGIN',
    ...creations,
    'CREATE TABLE guerdon_store (version INTEGER)',
    `INSERT INTO guerdon_store VALUES (${schemaVersion})`,
    'COMMIT',
  ]
}
