import type { ErrorPath } from './errors.ts'

/** Deepest nesting of a record: far more than data needs, far less than a call stack holds. */
export const DEEPEST = 200

/**
 * Where a JSON value is nested deeper than `DEEPEST` or has a key "__proto__", which could be lost or misused when objects are copied;
 * `undefined` for a sound value. Numeric arrays are not entered.
 */
export function unsoundPlace(value: unknown, path: ErrorPath = []): ErrorPath | undefined {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined
  if (path.length > DEEPEST) return path
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      if (typeof value[i] !== 'object') continue
      const found = unsoundPlace(value[i], [...path, i])
      if (found !== undefined) return found
    }
    return undefined
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return [...path, key]
    const member = (value as Record<string, unknown>)[key]
    if (typeof member !== 'object') continue
    const found = unsoundPlace(member, [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}
