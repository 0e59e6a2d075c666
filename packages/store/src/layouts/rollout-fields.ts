import { type JsonRecord, numberAt } from '@guerdon/core'

/** All fields of a record but those `taken`, as the `meta` of a rollout; nothing when there are none. */
export function metaFields(record: JsonRecord, taken: readonly string[]): { readonly meta?: JsonRecord } {
  const rest = Object.entries(record).filter(([name, value]) => !taken.includes(name) || value === null)
  return rest.length > 0 ? { meta: Object.fromEntries(rest) } : {}
}

/** A number of the record as the outcome of a rollout; nothing where it is absent or null. */
export function numberOrNothing(record: JsonRecord, name: string): { readonly outcome?: number } {
  const value = record[name]
  return value === undefined || value === null ? {} : { outcome: numberAt(value, [name]) }
}
