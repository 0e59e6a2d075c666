import { expect } from 'vitest'

/** Expects equal values of any form whose numbers differ by at most `tolerance`, relative to those above 1; 0: equal. */
export function expectNear(actual, expected, tolerance) {
  if (tolerance === 0) {
    expect(actual).toEqual(expected)
    return
  }
  const numbers = []
  const form = value =>
    typeof value === 'number'
      ? numbers.push(value) && 'number'
      : Array.isArray(value)
        ? value.map(form)
        : value !== null && typeof value === 'object'
          ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, form(entry)]))
          : value
  expect(form(actual)).toEqual(form(expected))
  const half = numbers.length / 2
  for (let i = 0; i < half; i++) {
    const [got, want] = [numbers[i], numbers[half + i]]
    if (Object.is(got, want)) continue
    expect(Math.abs(got - want), `number ${i}: ${got} in the browser, ${want} in Node`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(want)),
    )
  }
}
