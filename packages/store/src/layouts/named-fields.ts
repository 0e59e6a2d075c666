import { type ErrorPath, fieldError, type JsonRecord, numberAt, textAt } from '@guerdon/core'

/** Fields of a record with names of their own, and the others. */
export interface NamedFields {
  readonly named: Readonly<Record<string, unknown>>
  /** Absent when there are none. */
  readonly meta?: JsonRecord
}

type Read = (value: unknown, path: ErrorPath) => unknown

/**
 * Reads the optional fields of a record and puts all further ones into `meta`, so that nothing is lost. `taken` are those
 * the caller reads itself. A field that reads as something else than it is (a numeric name) stands in both.
 */
export function namedFields(
  record: JsonRecord,
  taken: readonly string[],
  optional: Readonly<Record<string, Read>> = {},
): NamedFields {
  const named: Record<string, unknown> = {}
  const others: [string, unknown][] = []
  for (const [name, value] of Object.entries(record)) {
    if (taken.includes(name)) continue
    const read = optional[name]
    if (read !== undefined && value !== null) named[name] = read(value, [name])
    if (read === undefined || named[name] !== value) others.push([name, value])
  }
  return { named, ...(others.length > 0 ? { meta: Object.fromEntries(others) } : {}) }
}

/** A name: text or a number. */
export function nameAt(value: unknown, path: ErrorPath): string {
  return typeof value === 'number' ? String(numberAt(value, path)) : textAt(value, path)
}

/** A probability: a number in [0, 1]. */
export function probabilityAt(value: unknown, path: ErrorPath): number {
  const found = numberAt(value, path)
  if (found >= 0 && found <= 1) return found
  throw fieldError(path, 'a probability in [0, 1]', value)
}

/** True, false, or a number in [0, 1], as that number. */
export function softLabelAt(value: unknown, path: ErrorPath): number {
  if (typeof value === 'boolean') return Number(value)
  const found = typeof value === 'number' ? value : Number.NaN
  if (found >= 0 && found <= 1) return found
  throw fieldError(path, 'true, false, or a number in [0, 1]', value)
}

/** A whole number ≥ 0. */
export function strengthAt(value: unknown, path: ErrorPath): number {
  const found = numberAt(value, path)
  if (Number.isInteger(found) && found >= 0) return found
  throw fieldError(path, 'a whole number ≥ 0 (0 is a tie)', value)
}

/** True or false. */
export function flagAt(value: unknown, path: ErrorPath): boolean {
  if (typeof value === 'boolean') return value
  throw fieldError(path, 'true or false', value)
}
