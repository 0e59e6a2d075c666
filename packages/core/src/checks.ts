import { describeValue, type ErrorPath, formatPath, GuerdonError } from './errors.ts'

type Numbers = ArrayLike<number>

/** Throws `shape_mismatch` unless both arrays have the same length. */
export function assertSameLength(
  first: ArrayLike<unknown>,
  firstName: string,
  second: ArrayLike<unknown>,
  secondName: string,
): void {
  if (first.length === second.length) return
  throw new GuerdonError(
    'shape_mismatch',
    `expected ${firstName} and ${secondName} to have the same length; got ${first.length} and ${second.length}`,
    { path: [secondName], hint: `give one ${secondName} entry for each ${firstName} entry` },
  )
}

/** Throws `not_finite` naming the first NaN or ±Infinity of `values`. */
export function assertFinite(values: Numbers, name: string, path: ErrorPath = [name]): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new GuerdonError(
        'not_finite',
        `expected finite numbers in ${name}; got ${values[i]} at ${formatPath([...path, i])}`,
        {
          path: [...path, i],
          hint: 'leave out what is missing (absent or null) instead of sending NaN or Infinity',
        },
      )
    }
  }
}

/** Throws `not_finite` unless `value` is a finite number. */
export function assertFiniteNumber(value: unknown, name: string): asserts value is number {
  if (typeof value === 'number' && Number.isFinite(value)) return
  throw new GuerdonError('not_finite', `expected ${name} to be a finite number; got ${describeValue(value)}`, {
    path: [name],
  })
}

/** Throws `invalid_option` unless `minimum ≤ value ≤ maximum` and the value is finite. */
export function assertInRange(value: number, name: string, minimum: number, maximum: number): void {
  if (Number.isFinite(value) && value >= minimum && value <= maximum) return
  throw new GuerdonError('invalid_option', `expected ${name} in [${minimum}, ${maximum}]; got ${value}`, {
    path: [name],
  })
}

/** Throws `invalid_option` unless `value` lies in [0, 1]. */
export function assertProbability(value: number, name: string): void {
  assertInRange(value, name, 0, 1)
}

/** Throws `invalid_option` unless `value` is an integer ≥ `minimum` (0 unless told). */
export function assertInteger(value: number, name: string, minimum = 0): void {
  if (Number.isInteger(value) && value >= minimum) return
  throw new GuerdonError(
    'invalid_option',
    `expected ${name} to be an integer ≥ ${minimum}; got ${describeValue(value)}`,
    {
      path: [name],
    },
  )
}

/** Throws `empty` when there is nothing to work on. */
export function assertNotEmpty(values: ArrayLike<unknown>, name: string): void {
  if (values.length > 0) return
  throw new GuerdonError('empty', `expected ${name} to have at least one entry; got none`, { path: [name] })
}

/** Throws `shape_mismatch` unless every row of `rows` has the same length as the row of `like`. */
export function assertSameRagged(
  rows: readonly ArrayLike<unknown>[],
  name: string,
  like: readonly ArrayLike<unknown>[],
  likeName: string,
): void {
  assertSameLength(like, likeName, rows, name)
  for (let i = 0; i < rows.length; i++) {
    if (rows[i].length !== like[i].length) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected ${name}[${i}] to have the length of ${likeName}[${i}], ${like[i].length}; got ${rows[i].length}`,
        { path: [name, i] },
      )
    }
  }
}

/** Throws `invalid_option` unless `value` is one of `allowed`. */
export function assertOneOf<T extends string>(value: string, name: string, allowed: readonly T[]): asserts value is T {
  if ((allowed as readonly string[]).includes(value)) return
  throw new GuerdonError(
    'invalid_option',
    `expected ${name} to be one of ${allowed.join(', ')}; got ${describeValue(value)}`,
    {
      path: [name],
    },
  )
}
