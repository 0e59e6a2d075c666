import { GuerdonError } from './errors.ts'

/**
 * JSON text with sorted keys and no spaces, so that equal data has equal text. Typed arrays are written as lists,
 * `undefined` members are left out. Throws `not_finite` for NaN and ±Infinity, `unsupported` for functions, symbols, maps, sets and dates.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  switch (typeof value) {
    case 'number':
      if (Number.isFinite(value)) return JSON.stringify(value)
      throw new GuerdonError('not_finite', `expected finite numbers in data to be written as JSON; got ${value}`)
    case 'string':
    case 'boolean':
      return JSON.stringify(value)
    case 'object':
      break
    default:
      throw new GuerdonError('unsupported', `expected plain JSON data; got a ${typeof value}`)
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return canonicalJson(Array.from(value as unknown as ArrayLike<number>))
  }
  if (Object.prototype.toString.call(value) !== '[object Object]') {
    throw new GuerdonError('unsupported', `expected plain JSON data; got ${Object.prototype.toString.call(value)}`)
  }
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`
}
