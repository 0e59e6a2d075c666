import type { RolloutBatch } from './batch.ts'
import { levelOf } from './column-sinks.ts'
import { assertColumnName } from './columns.ts'
import { GuerdonError, nearestName } from './errors.ts'
import type { Column, ColumnName, Stage, StageDefinition } from './stage.ts'

/** A stage in its place in a recipe. */
export interface RecipeStep {
  readonly stage: Stage
  /** Names the stage uses → names in the batch, for what it reads and writes. */
  readonly columns: Readonly<Record<ColumnName, ColumnName>>
}

/** A column the records must bring, and the step that needs it. */
export interface RecipeNeed extends Column {
  readonly step: number
  readonly stage: string
}

/** What a recipe may find in a record: every column that has a field of its own. */
export const recordColumns: readonly Pick<Column, 'name' | 'kind'>[] = [
  ...(
    ['group.prompt', 'rollout.prompt', 'rollout.response', 'turn.action', 'turn.observation', 'token.text'] as const
  ).map(name => ({ name, kind: 'text' as const })),
  ...(
    [
      'rollout.reference',
      'rollout.messages',
      'rollout.promptMessages',
      'rollout.meta',
      'turn.state',
      'turn.toolCalls',
    ] as const
  ).map(name => ({ name, kind: 'json' as const })),
  ...(
    [
      'rollout.outcome',
      'turn.reward',
      'turn.done',
      'turn.textStart',
      'turn.textEnd',
      'token.id',
      'token.logprob',
      'token.refLogprob',
      'token.entropy',
      'token.value',
      'token.mask',
    ] as const
  ).map(name => ({ name, kind: 'number' as const })),
]

/** The name in the batch of a column that the stage calls `name`. */
export function batchName(step: RecipeStep, name: ColumnName): ColumnName {
  return Object.hasOwn(step.columns, name) ? step.columns[name] : name
}

/** The batch as a stage sees it: its own names standing for the names in the batch. */
export function stageView(batch: RolloutBatch, step: RecipeStep): RolloutBatch {
  const renamed = Object.entries(step.columns) as [ColumnName, ColumnName][]
  if (renamed.length === 0) return batch
  const columns = new Map(batch.columns)
  for (const [own, name] of renamed) {
    const data = batch.columns.get(name)
    if (data === undefined) columns.delete(own)
    else columns.set(own, data)
  }
  return { ...batch, columns }
}

/** `stage "par" (step 2)`. */
export function stepText(step: RecipeStep, index: number): string {
  return `stage "${step.stage.name}" (step ${index + 1})`
}

/**
 * Checks the steps of a recipe against each other and against the columns of the records, and lists what the records must
 * bring. Throws `missing_column` for a column that nothing before its reader supplies, `invalid_option` for two steps that
 * write one column, a column written as one kind and read as another, or a renaming that fits nothing.
 */
export function checkSteps(
  steps: readonly RecipeStep[],
  available: readonly Pick<Column, 'name' | 'kind'>[],
  suppliers: readonly StageDefinition<unknown, unknown>[],
): RecipeNeed[] {
  const fromRecords = new Map(available.map(({ name, kind }) => [name, kind]))
  const written = new Map<ColumnName, { kind: Column['kind']; step: number }>()
  const needs = new Map<ColumnName, RecipeNeed>()
  steps.forEach((step, index) => {
    checkRenames(step, index)
    for (const column of step.stage.reads) {
      const name = batchName(step, column.name)
      assertColumnName(name)
      const kind = written.get(name)?.kind ?? fromRecords.get(name)
      if (kind === undefined) {
        if (column.optional !== true)
          throw nothingSupplies(steps, index, { ...column, name }, fromRecords, written, suppliers)
      } else if (kind !== column.kind) {
        throw new GuerdonError(
          'invalid_option',
          `expected column ${name} to hold ${column.kind} (${column.about}) for ${stepText(step, index)}; got ${kind}`,
          { path: ['steps', index], expected: column.kind, got: kind },
        )
      }
      if (kind !== undefined && !written.has(name) && needs.get(name)?.optional !== false) {
        needs.set(name, { ...column, name, optional: column.optional ?? false, step: index, stage: step.stage.name })
      }
    }
    for (const column of step.stage.writes) {
      const name = batchName(step, column.name)
      assertColumnName(name)
      const earlier = written.get(name)
      if (earlier !== undefined) {
        throw new GuerdonError(
          'invalid_option',
          `expected one writer of column ${name}; got ${stepText(steps[earlier.step], earlier.step)} and ${stepText(step, index)}`,
          { path: ['steps', index], hint: `rename one with columns: { ${column.name}: ${name}2 }` },
        )
      }
      written.set(name, { kind: column.kind, step: index })
    }
  })
  return [...needs.values()]
}

function checkRenames(step: RecipeStep, index: number): void {
  const own = [...step.stage.reads, ...step.stage.writes].map(column => column.name)
  for (const [from, to] of Object.entries(step.columns)) {
    assertColumnName(from)
    assertColumnName(to)
    if (!own.includes(from)) {
      const near = nearestName(from, own)
      throw new GuerdonError(
        'invalid_option',
        `expected a column that ${stepText(step, index)} reads or writes (${own.join(', ')}); got ${from}`,
        { path: ['steps', index, 'columns', from], ...(near === undefined ? {} : { hint: `did you mean ${near}?` }) },
      )
    }
    if (levelOf(from) !== levelOf(to)) {
      throw new GuerdonError('invalid_option', `expected ${from} to be renamed within its level; got ${to}`, {
        path: ['steps', index, 'columns', from],
        hint: 'the stage "move" brings a signal to another level',
      })
    }
  }
}

function nothingSupplies(
  steps: readonly RecipeStep[],
  index: number,
  column: Column,
  fromRecords: ReadonlyMap<ColumnName, Column['kind']>,
  written: ReadonlyMap<ColumnName, unknown>,
  suppliers: readonly StageDefinition<unknown, unknown>[],
): GuerdonError {
  const hints: string[] = []
  const later = steps.findIndex(
    (step, k) => k > index && step.stage.writes.some(write => batchName(step, write.name) === column.name),
  )
  if (later >= 0) hints.push(`move ${stepText(steps[later], later)}, which writes it, before this one`)
  const able = suppliers.filter(definition => defaultWrites(definition).includes(column.name)).map(({ name }) => name)
  if (able.length > 0) hints.push(`stages that can write it: ${able.join(', ')}`)
  const known = [...new Set([...written.keys(), ...fromRecords.keys()])]
  const near = nearestName(column.name, known)
  if (near !== undefined) hints.push(`did you mean ${near}? Rename with columns: { ${column.name}: ${near} }`)
  hints.push(`or put it into the records as ${fieldOf(column.name)}`)
  return new GuerdonError(
    'missing_column',
    `expected column ${column.name} (${column.about}) for ${stepText(steps[index], index)}; got none: the records do not have it and no stage before writes it`,
    {
      path: ['steps', index],
      expected: `${column.kind} column ${column.name}`,
      got: 'nothing',
      hint: hints.join('; '),
    },
  )
}

/** Columns a definition writes under its default options; none when they cannot be had. */
function defaultWrites(definition: StageDefinition<unknown, unknown>): ColumnName[] {
  const parsed = definition.options.safeParse({})
  return parsed.success ? definition.writes(parsed.data).map(column => column.name) : []
}

function fieldOf(name: ColumnName): string {
  const level = levelOf(name)
  const short = name.slice(level.length + 1)
  const fields = { group: `groupColumns.${short}`, rollout: `columns.${short}`, turn: `turns[].columns.${short}` }
  return level === 'token' ? `tokens.${short}` : fields[level]
}
