import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Box, boxDistance, boxOverlap, insideBox, isBox, isPoint } from './boxes.ts'

describe('boxOverlap', () => {
  it.each<[Box, Box, number, number]>([
    // shared 50, union 150, hull 150
    [[0, 0, 10, 10], [5, 0, 15, 10], 1 / 3, 1 / 3],
    // apart: union 200, hull 900
    [[0, 0, 10, 10], [20, 20, 30, 30], 0, -7 / 9],
    [[0, 0, 100, 100], [25, 25, 75, 75], 1 / 4, 1 / 4],
    [[1, 1, 1, 1], [1, 1, 1, 1], 0, 0],
  ])('%j and %j', (a, b, iou, giou) => {
    expect(boxOverlap(a, b).iou).toBeCloseTo(iou, 12)
    expect(boxOverlap(a, b).giou).toBeCloseTo(giou, 12)
  })

  const box = fc
    .tuple(
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
    )
    .map(([x, y, w, h]): Box => [x, y, x + w, y + h])

  it('is symmetric, giou never above iou, 1 exactly for equal boxes', () => {
    fc.assert(
      fc.property(box, box, (a, b) => {
        const { iou, giou } = boxOverlap(a, b)
        expect(boxOverlap(b, a)).toEqual({ iou, giou })
        expect(giou).toBeLessThanOrEqual(iou)
        expect(giou).toBeGreaterThan(-1)
        expect(iou === 1).toBe(boxDistance(a, b) === 0)
      }),
    )
  })
})

it('borders are inside', () => {
  expect(insideBox([1, 2], [1, 1, 3, 2])).toBe(true)
  expect(insideBox([0.9, 2], [1, 1, 3, 2])).toBe(false)
})

it('checks shapes', () => {
  expect([
    isBox([0, 0, 1, 1]),
    isBox([1, 0, 0, 1]),
    isBox([0, 0, 1]),
    isBox([0, 0, 1, Number.NaN]),
    isBox('box'),
  ]).toEqual([true, false, false, false, false])
  expect([isPoint([0, 1]), isPoint([0, '1'])]).toEqual([true, false])
})
