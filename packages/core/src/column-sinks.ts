import type { Failure, Outcome } from './outcome.ts'
import { type ColumnData, type JsonColumn, type Level, type Signal, Status, type TextColumn } from './signal.ts'
import type { ColumnName } from './stage.ts'

interface NumberSink extends Signal {
  readonly failures: Map<number, Failure>
  readonly reasons: Map<number, string>
}
interface TextSink extends TextColumn {
  readonly values: (string | undefined)[]
}
interface JsonSink extends JsonColumn {
  readonly values: unknown[]
}

/** Columns being filled: made on first use, absent everywhere until told otherwise. */
export interface ColumnSinks {
  number(name: ColumnName): NumberSink
  text(name: ColumnName): TextSink
  json(name: ColumnName): JsonSink
  readonly columns: ReadonlyMap<ColumnName, ColumnData>
}

/** Level part of a column name. */
export function levelOf(name: ColumnName): Level {
  return name.slice(0, name.indexOf('.')) as Level
}

/** Empty columns for a batch with `sizes` items at each level. */
export function createColumnSinks(sizes: Readonly<Record<Level, number>>): ColumnSinks {
  const columns = new Map<ColumnName, ColumnData>()
  function sink<T extends ColumnData>(name: ColumnName, make: (level: Level, size: number) => T): T {
    const existing = columns.get(name)
    if (existing !== undefined) return existing as T
    const level = levelOf(name)
    const made = make(level, sizes[level])
    columns.set(name, made)
    return made
  }
  return {
    columns,
    number: name => sink(name, emptySignal),
    text: name => sink(name, (level, size) => ({ kind: 'text', level, values: new Array(size).fill(undefined) })),
    json: name => sink(name, (level, size) => ({ kind: 'json', level, values: new Array(size).fill(undefined) })),
  }
}

/** A signal with every item abstained, to be filled in place while it is being built. */
export function emptySignal(level: Level, size: number): NumberSink {
  return {
    kind: 'number',
    level,
    values: new Float64Array(size).fill(Number.NaN),
    status: new Uint8Array(size).fill(Status.abstained),
    failures: new Map(),
    reasons: new Map(),
  }
}

/** Writes a finite number into a signal under construction. */
export function putNumber(sink: NumberSink, index: number, value: number): void {
  sink.values[index] = value
  sink.status[index] = Status.scored
}

/** Writes an outcome into a signal under construction. */
export function putOutcome(sink: NumberSink, index: number, outcome: Outcome): void {
  if (outcome.status === 'scored') putNumber(sink, index, outcome.value)
  else if (outcome.status === 'failed') {
    sink.status[index] = Status.failed
    sink.failures.set(index, outcome.failure)
  } else if (outcome.reason !== undefined) sink.reasons.set(index, outcome.reason)
}
