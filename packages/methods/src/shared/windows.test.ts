import { describe, expect, it } from 'vitest'
import {
  emptyWindow,
  extendWindow,
  windowDeviation,
  windowIsFull,
  windowMean,
  windowQuantile,
  windowSlope,
} from './windows.ts'

describe('running windows', () => {
  it('keeps the last values as plain JSON', () => {
    const window = extendWindow(extendWindow(emptyWindow(3), [1, 2]), [3, 4])
    expect(window).toEqual({ capacity: 3, values: [2, 3, 4] })
    expect(JSON.parse(JSON.stringify(window))).toEqual(window)
    expect(extendWindow(emptyWindow(2), [1, 2, 3, 4, 5]).values).toEqual([4, 5])
    expect([windowIsFull(window), windowIsFull(emptyWindow(1))]).toEqual([true, false])
  })

  it('has statistics once it has values', () => {
    const window = extendWindow(emptyWindow(5), [1, 3, 5])
    expect([windowMean(window), windowDeviation(window, { ddof: 1 }), windowQuantile(window, 0.75)]).toEqual([3, 2, 4])
    expect(windowSlope(window)).toBe(2)
    const empty = emptyWindow(5)
    expect([
      windowMean(empty),
      windowDeviation(empty, { ddof: 0 }),
      windowQuantile(empty, 0.5),
      windowSlope(empty),
    ]).toEqual(Array(4).fill(undefined))
  })

  it('refuses a window of nothing and NaN', () => {
    expect(() => emptyWindow(0)).toThrow(/capacity/)
    expect(() => extendWindow(emptyWindow(2), [Number.NaN])).toThrow(/values\[0\]/)
  })
})
