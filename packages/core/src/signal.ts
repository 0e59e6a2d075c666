import { GuerdonError } from './errors.ts'
import { abstained, type Failure, failed, type Outcome } from './outcome.ts'

/** The four levels of a batch, outermost first. */
export const levels = ['group', 'rollout', 'turn', 'token'] as const
export type Level = (typeof levels)[number]

/** Codes of `Signal.status`. */
export const Status = { scored: 0, abstained: 1, failed: 2 } as const

/**
 * A named column of numbers at one level.
 *
 * `values[i]` counts only where `status[i] === Status.scored`; elsewhere it is NaN, a tripwire so that code which forgets
 * the status is caught at once. Failures carry their class and message in `failures`, abstentions an optional reason in
 * `reasons`, both keyed by index (sparse).
 */
export interface Signal {
  readonly kind: 'number'
  readonly level: Level
  readonly values: Float64Array
  readonly status: Uint8Array
  readonly failures: ReadonlyMap<number, Failure>
  readonly reasons: ReadonlyMap<number, string>
}

/** A column of text; `undefined` where an item has none. */
export interface TextColumn {
  readonly kind: 'text'
  readonly level: Level
  readonly values: readonly (string | undefined)[]
}

/** A column of structured values (judge verdicts, boxes, trees …); `undefined` where an item has none. */
export interface JsonColumn {
  readonly kind: 'json'
  readonly level: Level
  readonly values: readonly unknown[]
}

export type ColumnData = Signal | TextColumn | JsonColumn

const none: ReadonlyMap<number, never> = new Map<number, never>()

/** A signal in which every item is scored. Throws `not_finite` naming the first NaN or ±Infinity. */
export function signal(level: Level, values: ArrayLike<number>): Signal {
  const copied = Float64Array.from(values)
  for (let i = 0; i < copied.length; i++) {
    if (!Number.isFinite(copied[i])) {
      throw new GuerdonError('not_finite', `expected finite ${level} values; got ${copied[i]} at index ${i}`, {
        path: [level, i],
      })
    }
  }
  return { kind: 'number', level, values: copied, status: new Uint8Array(copied.length), failures: none, reasons: none }
}

/** A signal from one outcome an item. A scored NaN or ±Infinity becomes `failed(range)`. */
export function signalFromOutcomes(level: Level, outcomes: readonly Outcome[]): Signal {
  const values = new Float64Array(outcomes.length).fill(Number.NaN)
  const status = new Uint8Array(outcomes.length)
  const failures = new Map<number, Failure>()
  const reasons = new Map<number, string>()
  outcomes.forEach((given, i) => {
    const outcome =
      given.status === 'scored' && !Number.isFinite(given.value)
        ? failed('range', `expected a finite score; got ${given.value}`)
        : given
    if (outcome.status === 'scored') values[i] = outcome.value
    else if (outcome.status === 'abstained') {
      status[i] = Status.abstained
      if (outcome.reason !== undefined) reasons.set(i, outcome.reason)
    } else {
      status[i] = Status.failed
      failures.set(i, outcome.failure)
    }
  })
  return { kind: 'number', level, values, status, failures, reasons }
}

/** The outcome of item `index`. */
export function outcomeAt(column: Signal, index: number): Outcome {
  if (column.status[index] === Status.scored) return { status: 'scored', value: column.values[index] }
  if (column.status[index] === Status.abstained) return abstained(column.reasons.get(index))
  const failure = column.failures.get(index) ?? { class: 'bug', message: 'failed without a recorded reason' }
  return { status: 'failed', failure }
}

/** A signal computed item by item from another of the same level; unscored items keep their outcome. */
export function mapSignal(column: Signal, f: (value: number, index: number) => number): Signal {
  const size = column.values.length
  const values = new Float64Array(size).fill(Number.NaN)
  const status = Uint8Array.from(column.status)
  let failures = column.failures
  for (let i = 0; i < size; i++) {
    if (status[i] !== Status.scored) continue
    const value = f(column.values[i], i)
    if (Number.isFinite(value)) values[i] = value
    else {
      status[i] = Status.failed
      if (failures === column.failures) failures = new Map(failures)
      ;(failures as Map<number, Failure>).set(i, { class: 'range', message: `expected a finite score; got ${value}` })
    }
  }
  return { kind: 'number', level: column.level, values, status, failures, reasons: column.reasons }
}

/** A text column. */
export function textColumn(level: Level, values: readonly (string | undefined)[]): TextColumn {
  return { kind: 'text', level, values }
}

/** A column of structured values. */
export function jsonColumn(level: Level, values: readonly unknown[]): JsonColumn {
  return { kind: 'json', level, values }
}
