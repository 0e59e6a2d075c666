import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fractionOf, pieceAt, rampAt, type Schedule, scheduleAt, scheduleSchema, stageOfStep } from './schedules.ts'

const schedule = (given: unknown): Schedule => scheduleSchema.parse(given)

describe('scheduleAt', () => {
  it.each<[unknown, number, number]>([
    [{ kind: 'constant', value: 3 }, 7, 3],
    [{ kind: 'linear', from: 0, to: 10 }, 25, 2.5],
    [{ kind: 'linear', from: 0, to: 10, start: 0.5, end: 1 }, 25, 0],
    [{ kind: 'linear', unit: 'step', from: 0, to: 10, start: 0, end: 50 }, 25, 5],
    [{ kind: 'linear', unit: 'step', from: 0, to: 10, start: 0, end: 50 }, 200, 10],
    // (1 − cos(π/4))/2 = 0.14644660940672627
    [{ kind: 'cosine', from: 0, to: 1 }, 25, 0.14644660940672627],
    [{ kind: 'logistic', from: 1, to: 3 }, 50, 2],
    [{ kind: 'piecewise', boundaries: [0.5], values: [1, 2] }, 49, 1],
    [{ kind: 'piecewise', boundaries: [0.5], values: [1, 2] }, 50, 2],
  ])('%j at step %d of 100', (given, step, expected) => {
    expect(scheduleAt(schedule(given), { step, totalSteps: 100 })).toBeCloseTo(expected, 12)
  })

  it('needs the total for fractions and only for them', () => {
    expect(() => scheduleAt(schedule({ kind: 'linear', from: 0, to: 1 }), { step: 1 })).toThrow('positive totalSteps')
    expect(
      scheduleAt(schedule({ kind: 'piecewise', unit: 'step', boundaries: [2], values: [0, 1] }), { step: 2 }),
    ).toBe(1)
    expect(() =>
      scheduleAt(schedule({ kind: 'piecewise', boundaries: [], values: [] }), { step: 0, totalSteps: 1 }),
    ).toThrow('one more value')
  })

  it('ramps are monotone and stay between their ends', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('linear' as const, 'cosine' as const),
        fc.integer({ min: 0, max: 120 }),
        fc.integer({ min: 0, max: 120 }),
        (kind, first, second) => {
          const at = (step: number): number =>
            scheduleAt(schedule({ kind, from: -1, to: 4 }), { step, totalSteps: 100 })
          const [early, late] = [Math.min(first, second), Math.max(first, second)]
          expect(at(early)).toBeLessThanOrEqual(at(late))
          expect(at(late)).toBeLessThanOrEqual(4)
        },
      ),
    )
  })
})

describe('parts', () => {
  it('rampAt jumps where start equals end', () => {
    expect([rampAt(0, 1, 1), rampAt(1, 1, 1)]).toEqual([0, 1])
  })
  it('pieceAt wants ascending boundaries', () => {
    expect([pieceAt(0, [1, 2]), pieceAt(1, [1, 2]), pieceAt(5, [1, 2])]).toEqual([0, 1, 2])
    expect(() => pieceAt(0, [2, 1])).toThrow('ascending')
  })
  it('fractionOf holds in [0, 1]', () => {
    expect(fractionOf({ step: 300, totalSteps: 100 })).toBe(1)
  })
  it('stageOfStep skips empty stages and stays in the last', () => {
    expect([0, 9, 10, 19, 20, 99].map(step => stageOfStep(step, [10, 0, 10]))).toEqual([0, 0, 2, 2, 2, 2])
    expect(() => stageOfStep(0, [])).toThrow('at least one stage')
    expect(() => stageOfStep(0, [-1])).toThrow('lengths[0]')
  })
})
