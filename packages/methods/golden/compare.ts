const nonFinite = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

/** Replaces the strings `NaN`, `Infinity`, `-Infinity` by the numbers they stand for, at any depth. */
export function decodeNumbers(value: unknown): unknown {
  if (typeof value === 'string') return nonFinite.get(value) ?? value
  if (Array.isArray(value)) return value.map(decodeNumbers)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, decodeNumbers(entry)]))
  }
  return value
}

/** Plain JSON of any result: typed arrays become arrays, maps become objects, non-finite numbers their strings. */
export function encodeNumbers(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'bigint') return Number(value)
  if (value === undefined) return null
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float64Array, encodeNumbers)
  if (Array.isArray(value)) return value.map(encodeNumbers)
  if (value instanceof Map) return encodeNumbers(Object.fromEntries(value))
  if (value instanceof Set) return [...value].map(encodeNumbers)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, entry]) => entry !== undefined)
        .map(([key, entry]) => [key, encodeNumbers(entry)]),
    )
  }
  return value
}

/** A path such as `expected.rows[3].value` and what differs there, or undefined when `actual` meets `expected`. */
export function firstDifference(
  actual: unknown,
  expected: unknown,
  tolerance: { atol: number; rtol: number },
  path = '',
): string | undefined {
  const want = decodeScalar(expected)
  const got = decodeScalar(actual)
  if (typeof want === 'number' && typeof got === 'number') {
    if (Object.is(want, got) || want === got || (Number.isNaN(want) && Number.isNaN(got))) return undefined
    if (Math.abs(got - want) <= tolerance.atol + tolerance.rtol * Math.abs(want)) return undefined
    return `${path}: expected ${want}, got ${got}`
  }
  if (Array.isArray(want)) {
    if (!Array.isArray(got)) return `${path}: expected an array, got ${typeof got}`
    if (got.length !== want.length) return `${path}: expected ${want.length} entries, got ${got.length}`
    for (let i = 0; i < want.length; i++) {
      const difference = firstDifference(got[i], want[i], tolerance, `${path}[${i}]`)
      if (difference) return difference
    }
    return undefined
  }
  if (want !== null && typeof want === 'object') {
    if (got === null || typeof got !== 'object' || Array.isArray(got))
      return `${path}: expected an object, got ${JSON.stringify(got)}`
    for (const [key, entry] of Object.entries(want)) {
      if (!Object.hasOwn(got, key)) return `${path}.${key}: missing`
      const difference = firstDifference((got as Record<string, unknown>)[key], entry, tolerance, `${path}.${key}`)
      if (difference) return difference
    }
    return undefined
  }
  return want === got ? undefined : `${path}: expected ${JSON.stringify(want)}, got ${JSON.stringify(got)}`
}

function decodeScalar(value: unknown): unknown {
  return typeof value === 'string' ? (nonFinite.get(value) ?? value) : value
}
