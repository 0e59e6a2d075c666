import { describe, expect, it } from 'vitest'
import { broadcastRows, clearMasked, flatten, rowLengths, rowSums, toRows } from './ragged.ts'

describe('ragged rows', () => {
  it('flattens and cuts back', () => {
    const { values, offsets } = flatten([[1, 2], [], [3]])
    expect([...offsets]).toEqual([0, 2, 2, 3])
    expect(toRows(values, offsets).map(row => [...row])).toEqual([[1, 2], [], [3]])
  })

  it('sums every row length and offset the unrolled loop can meet', () => {
    for (let length = 0; length < 11; length++) {
      const { values, offsets } = flatten([[100], Array.from({ length }, (_, i) => i + 1)])
      expect([...rowSums(values, offsets)]).toEqual([100, (length * (length + 1)) / 2])
    }
  })

  it('broadcasts, with 0 on masked tokens, whatever the alignment of the mask', () => {
    for (let skew = 0; skew < 5; skew++) {
      for (const lengths of [[5, 0, 9], [1, 1, 1, 1], [17]]) {
        const { offsets, values } = flatten(lengths.map(length => new Array(length).fill(0)))
        const mask = new Uint8Array(new ArrayBuffer(values.length + 8), skew, values.length)
        for (let t = 0; t < mask.length; t++) mask[t] = (t * 7) % 5 < 3 ? 1 : 0
        const rowValues = lengths.map((_, r) => r + 1)
        const slow = broadcastRows(rowValues, { offsets, mask: [...mask] })
        expect([...broadcastRows(rowValues, { offsets, mask })]).toEqual([...slow])
        expect([...slow].every((value, t) => (mask[t] ? value > 0 : value === 0))).toBe(true)
        expect([...rowLengths({ offsets, mask })].reduce((a, b) => a + b, 0)).toBe(mask.filter(Boolean).length)
      }
    }
  })

  it('clears only the range asked for', () => {
    const values = new Float64Array(20).fill(1)
    clearMasked(values, new Uint8Array(20), 3, 14)
    expect([...values]).toEqual(Array.from({ length: 20 }, (_, t) => (t >= 3 && t < 14 ? 0 : 1)))
  })

  it('refuses arrays of the wrong length', () => {
    expect(() => broadcastRows([1], { offsets: [0, 2], mask: [1] })).toThrow(/same length; got 2 and 1/)
    expect(() => broadcastRows([1, 2], { offsets: [0, 2] })).toThrow(/one value for each of 1 rows; got 2/)
    expect(() => broadcastRows([1], { offsets: [0, 2] }, new Float64Array(3))).toThrow(/out to have 2 entries; got 3/)
  })
})
