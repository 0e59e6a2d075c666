import type { RolloutBatch } from './batch.ts'
import { tokenColumnNames } from './batch-from-rollouts.ts'
import { levelOf } from './column-sinks.ts'
import { GuerdonError } from './errors.ts'
import type { Rollout, Turn, WireOutcome } from './rollout.ts'
import { type ColumnData, type Level, outcomeAt, type Signal, Status } from './signal.ts'
import type { ColumnName } from './stage.ts'

/** Columns that go back into a field of their own, by level. */
const ownFields: Readonly<Record<Level, readonly string[]>> = {
  group: ['prompt'],
  rollout: ['prompt', 'promptMessages', 'response', 'outcome', 'messages', 'reference', 'meta'],
  turn: ['action', 'observation', 'reward', 'state', 'toolCalls', 'done', 'textStart', 'textEnd'],
  token: [],
}

/**
 * Records from a batch, in batch order (group by group): the inverse of `batchFromRollouts`, with every further column in
 * `columns`, `groupColumns` or `tokens`. Unscored values become outcome objects, absent ones are left out; in token arrays
 * both become null. Throws `unsupported` for a json column at token level, which the record has no place for.
 */
export function batchToRollouts(batch: RolloutBatch): Rollout[] {
  const custom = customColumns(batch)
  const records: Rollout[] = []
  for (let g = 0; g < batch.groupIds.length; g++) {
    const groupColumns = cells(custom.group, g)
    for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++) {
      records.push(
        withoutAbsent({
          id: batch.rolloutIds[r],
          group: isAlone(batch, g, r) ? undefined : batch.groupIds[g],
          prompt: (value(batch, 'rollout.promptMessages', r) ??
            value(batch, 'rollout.prompt', r) ??
            '') as Rollout['prompt'],
          response: value(batch, 'rollout.response', r) as string | undefined,
          messages: value(batch, 'rollout.messages', r) as Rollout['messages'],
          turns: turnsOf(batch, r, custom.turn),
          tokens: tokensOf(batch, r, custom.token),
          outcome: value(batch, 'rollout.outcome', r) as WireOutcome | undefined,
          reference: value(batch, 'rollout.reference', r),
          meta: value(batch, 'rollout.meta', r),
          columns: cells(custom.rollout, r),
          groupColumns,
        }),
      )
    }
  }
  return records
}

type Columns = readonly (readonly [string, ColumnData])[]

function customColumns(batch: RolloutBatch): Record<Level, Columns> {
  const result: Record<Level, [string, ColumnData][]> = { group: [], rollout: [], turn: [], token: [] }
  for (const [name, data] of batch.columns) {
    const level = levelOf(name)
    const short = name.slice(level.length + 1)
    if (!ownFields[level].includes(short)) result[level].push([short, data])
  }
  return result
}

/** A rollout without a group is a group of one that carries its id. */
function isAlone(batch: RolloutBatch, g: number, r: number): boolean {
  return batch.groupOffsets[g + 1] - batch.groupOffsets[g] === 1 && batch.groupIds[g] === batch.rolloutIds[r]
}

function turnsOf(batch: RolloutBatch, r: number, custom: Columns): Turn[] {
  const turns: Turn[] = []
  for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++) {
    const done = value(batch, 'turn.done', t)
    turns.push(
      withoutAbsent({
        observation: value(batch, 'turn.observation', t) as string | undefined,
        action: value(batch, 'turn.action', t) as string | undefined,
        reward: value(batch, 'turn.reward', t) as WireOutcome | undefined,
        span: spanOf(batch, r, t),
        state: value(batch, 'turn.state', t),
        toolCalls: value(batch, 'turn.toolCalls', t),
        done: typeof done === 'number' ? done === 1 : undefined,
        columns: cells(custom, t),
      }),
    )
  }
  return turns
}

function spanOf(batch: RolloutBatch, r: number, t: number): [number, number] | undefined {
  if (batch.turnSpans[2 * t] >= 0) {
    return [batch.turnSpans[2 * t] - batch.tokenOffsets[r], batch.turnSpans[2 * t + 1] - batch.tokenOffsets[r]]
  }
  const start = value(batch, 'turn.textStart', t)
  const end = value(batch, 'turn.textEnd', t)
  return typeof start === 'number' && typeof end === 'number' ? [start, end] : undefined
}

function tokensOf(batch: RolloutBatch, r: number, custom: Columns): Rollout['tokens'] {
  const fields = new Map(Object.entries(tokenColumnNames).map(([field, column]) => [column as string, field]))
  const start = batch.tokenOffsets[r]
  const end = batch.tokenOffsets[r + 1]
  const tokens: Record<string, (number | string | null)[]> = {}
  if (start === end) return undefined
  for (const [name, data] of custom) {
    const entries: (number | string | null)[] = []
    if (data.kind === 'json') {
      throw new GuerdonError(
        'unsupported',
        `expected number or text columns at token level; got json in token.${name}`,
        {
          path: [`token.${name}`],
          hint: 'leave the column out with withoutColumns before writing records',
        },
      )
    }
    for (let i = start; i < end; i++) {
      if (data.kind === 'text') entries.push(data.values[i] ?? null)
      else entries.push(data.status[i] === Status.scored ? data.values[i] : null)
    }
    if (entries.some(entry => entry !== null)) tokens[fields.get(`token.${name}`) ?? name] = entries
  }
  return tokens as Rollout['tokens']
}

function cells(columns: Columns, index: number): Record<string, unknown> | undefined {
  const result: Record<string, unknown> = {}
  for (const [name, data] of columns) {
    const cell = cellOf(data, index)
    if (cell !== undefined) result[name] = cell
  }
  return Object.keys(result).length > 0 ? result : undefined
}

function value(batch: RolloutBatch, name: ColumnName, index: number): unknown {
  const data = batch.columns.get(name)
  return data === undefined ? undefined : cellOf(data, index)
}

function cellOf(data: ColumnData, index: number): unknown {
  return data.kind === 'number' ? wireOutcome(data, index) : data.values[index]
}

/** A number, an object that says why there is none, or nothing for an abstention without a reason. */
function wireOutcome(data: Signal, index: number): WireOutcome | undefined {
  const outcome = outcomeAt(data, index)
  if (outcome.status === 'scored') return outcome.value
  if (outcome.status === 'failed') return { status: 'failed', failure: { ...outcome.failure } }
  return outcome.reason === undefined ? undefined : { status: 'abstained', reason: outcome.reason }
}

function withoutAbsent<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, entry]) => entry !== undefined)) as T
}
