import { isRecord } from '@guerdon/core'

/** A type of Parquet as values show it; `null` while only nulls were seen. */
export type ParquetType =
  | null
  | 'BOOLEAN'
  | 'BIGINT'
  | 'DOUBLE'
  | 'VARCHAR'
  | 'JSON'
  | { readonly list: ParquetType }
  | { readonly struct: Readonly<Record<string, ParquetType>> }

/** A struct of more fields than this is a dictionary with names for data: it is kept as JSON. */
const mostFields = 100

/** The type of one value. */
export function typeOf(value: unknown): ParquetType {
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean') return 'BOOLEAN'
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? 'BIGINT' : 'DOUBLE'
  if (typeof value === 'string') return 'VARCHAR'
  if (Array.isArray(value)) return { list: value.map(typeOf).reduce(commonType, null) }
  if (!isRecord(value) || Object.keys(value).length === 0) return 'JSON'
  return structOf(Object.entries(value).map(([name, member]) => [name, typeOf(member)]))
}

/** The narrowest type that holds the values of both; JSON where nothing else does. */
export function commonType(a: ParquetType, b: ParquetType): ParquetType {
  if (a === null || a === b) return b
  if (b === null) return a
  if (typeof a === 'string' || typeof b === 'string') {
    const isNumber = (type: ParquetType) => type === 'BIGINT' || type === 'DOUBLE'
    return isNumber(a) && isNumber(b) ? 'DOUBLE' : 'JSON'
  }
  if ('list' in a && 'list' in b) return { list: commonType(a.list, b.list) }
  if (!('struct' in a) || !('struct' in b)) return 'JSON'
  const names = new Set([...Object.keys(a.struct), ...Object.keys(b.struct)])
  return structOf([...names].map(name => [name, commonType(a.struct[name] ?? null, b.struct[name] ?? null)]))
}

function structOf(fields: [string, ParquetType][]): ParquetType {
  const names = new Set(fields.map(([name]) => name.toLowerCase()))
  // Names of columns differ by more than their case.
  if (names.size < fields.length || names.has('') || fields.length > mostFields) return 'JSON'
  return { struct: Object.fromEntries(fields) }
}

/** The type in SQL. */
export function typeSql(type: ParquetType): string {
  if (type === null) return 'VARCHAR'
  if (typeof type === 'string') return type
  if ('list' in type) return `${typeSql(type.list)}[]`
  const fields = Object.entries(type.struct).map(([name, member]) => `"${name.replace(/"/g, '""')}" ${typeSql(member)}`)
  return `STRUCT(${fields.join(', ')})`
}
