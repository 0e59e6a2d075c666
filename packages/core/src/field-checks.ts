import { describeValue, type ErrorPath, formatPath, GuerdonError } from './errors.ts'

/** A JSON object. */
export type JsonRecord = Readonly<Record<string, unknown>>

/** An error about one field of a record. Whoever knows file and line adds them. */
export function fieldError(path: ErrorPath, expected: string, value: unknown, hint?: string): GuerdonError {
  return fieldErrorSaying(path, expected, value === undefined ? 'nothing' : describeValue(value), hint)
}

/** The same with what came in the caller's words. */
export function fieldErrorSaying(path: ErrorPath, expected: string, got: string, hint?: string): GuerdonError {
  const where = path.length === 0 ? 'the record' : `field ${formatPath(path)}`
  return new GuerdonError('invalid_input', `expected ${expected} in ${where}; got ${got}`, {
    path,
    expected,
    got,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** The value as an object. */
export function objectAt(value: unknown, path: ErrorPath): JsonRecord {
  if (isRecord(value)) return value
  throw fieldError(path, 'an object', value)
}

/** True for JSON objects. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value as a list that is not empty. */
export function listAt(value: unknown, path: ErrorPath): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value as readonly unknown[]
  throw fieldError(path, 'a list with at least one entry', value)
}

/** The value as text. */
export function textAt(value: unknown, path: ErrorPath): string {
  if (typeof value === 'string') return value
  throw fieldError(path, 'text', value)
}

/** The value as text that is not blank. */
export function filledTextAt(value: unknown, path: ErrorPath): string {
  const text = textAt(value, path)
  if (text.trim() !== '') return text
  throw fieldError(path, 'text that is not blank', value)
}

/** The value as a finite number. */
export function numberAt(value: unknown, path: ErrorPath): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw fieldError(path, 'a finite number', value, 'leave out what is missing instead of writing NaN or text')
}

/** A field that may be absent or null. */
export function optionalAt<T>(
  value: unknown,
  path: ErrorPath,
  read: (value: unknown, path: ErrorPath) => T,
): T | undefined {
  return value === undefined || value === null ? undefined : read(value, path)
}
