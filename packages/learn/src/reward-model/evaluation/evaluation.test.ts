import { Random, sigmoid } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { agreementMatrix } from './agreement.ts'
import { choiceReport, pointReport, stepReport } from './label-reports.ts'
import { pairReport } from './pair-report.ts'
import { fitTemperature } from './temperature.ts'

describe('fitTemperature', () => {
  it('undoes a known scale', () => {
    const random = new Random(1)
    const differences = Array.from({ length: 4000 }, () => {
      const d = 2 * random.normal()
      return 3 * (random.float() < sigmoid(d) ? d : -d)
    })
    const { temperature, loss, lossAtOne, inRange } = fitTemperature(differences)
    expect(temperature).toBeCloseTo(3, 0)
    expect(loss).toBeLessThan(lossAtOne)
    expect(inRange).toBe(true)
  })

  it('has its slope at 0: two right by 1 and one wrong by 1 give σ(1/T) = ⅔', () => {
    expect(fitTemperature([1, 1, -1]).temperature).toBeCloseTo(1 / Math.log(2), 10)
  })

  it('says so when nothing fixes the scale', () => {
    expect(fitTemperature([1, 2])).toMatchObject({ temperature: 0.01, inRange: false })
    expect(fitTemperature([-1])).toMatchObject({ temperature: 100, inRange: false })
    expect(fitTemperature([0, 0])).toMatchObject({ inRange: false, loss: Math.LN2 })
    expect(() => fitTemperature([])).toThrow(/at least one entry/)
    expect(() => fitTemperature([Number.NaN])).toThrow(/finite/)
  })
})

describe('pairReport', () => {
  const scored = {
    chosen: [2, 1, 0, 0, 5],
    rejected: [1, 2, 0, -1, 5],
    tied: [false, false, false, false, true],
    subsets: ['a', 'a', 'b', 'b', 'b'],
    chosenLengths: [10, 10, 5, 4, 1],
    rejectedLengths: [5, 20, 5, 8, 1],
  }
  const report = pairReport(scored, { temperature: 2 })

  it('counts what is right, equal and left out', () => {
    expect(report).toMatchObject({ pairs: 4, equalScores: 1, accuracyTiesHalf: 0.625, meanDifference: 0.25 })
    expect(report.accuracy.estimate).toBe(0.5)
    expect(report.accuracy.low).toBeLessThan(0.5)
    expect(report.accuracy.high).toBeGreaterThan(0.5)
    expect(report.subsets['a'].accuracy.estimate).toBe(0.5)
    expect(report.subsets['b']).toMatchObject({ pairs: 2, accuracyTiesHalf: 0.75 })
    expect(report.rewardBench).toBeUndefined()
  })

  it('measures probabilities in both orientations, raw and scaled', () => {
    const differences = [1, -1, 0, 1]
    const brier = (t: number) => differences.reduce((total, d) => total + (1 - sigmoid(d / t)) ** 2, 0) / 4
    const nll = (t: number) => differences.reduce((total, d) => total + Math.log1p(Math.exp(-d / t)), 0) / 4
    expect(report.calibration.brier).toBeCloseTo(brier(1), 12)
    expect(report.calibration.nll).toBeCloseTo(nll(1), 12)
    expect(report.scaled?.calibration.brier).toBeCloseTo(brier(2), 12)
    expect(report.scaled?.calibration.nll).toBeCloseTo(nll(2), 12)
  })

  it('says what length has to do with it', () => {
    // of the uneven pairs, the first has the longer chosen; by score the longer wins in the first two
    expect(report.length).toMatchObject({ longerChosen: 1 / 3, accuracyWhenLonger: 1, accuracyWhenShorter: 0.5 })
    expect(report.length?.longerScoredHigher).toBeCloseTo(2 / 3, 12)
    expect(report.length?.pearson).toBeGreaterThan(0)
  })

  it('tells whether labelled ties lie closer together', () => {
    // |d| of the tie is 0, of the decided 1, 1, 0, 1: above it three times, equal once
    expect(report.labelledTies).toEqual({ pairs: 1, separation: 0.875 })
    expect(pairReport({ chosen: [1], rejected: [0] }).labelledTies).toEqual({ pairs: 0, separation: null })
  })

  it('weighs sections where the subsets are those of RewardBench', () => {
    const bench = pairReport({ chosen: [1, 0, 1], rejected: [0, 1, 0], subsets: ['math-prm', 'hep-js', 'donotanswer'] })
    expect(bench.rewardBench?.sections).toMatchObject({ Chat: 0, Safety: 1, Reasoning: 984 / 1148 })
  })

  it.each([
    [{ chosen: [], rejected: [] }, /at least one entry/],
    [{ chosen: [1], rejected: [] }, /same length/],
    [{ chosen: [Number.NaN], rejected: [1] }, /got NaN at chosen\[0\]/],
    [{ chosen: [1], rejected: [1], tied: [true] }, /decided pairs/],
  ])('refuses %o', (bad, message) => {
    expect(() => pairReport(bad)).toThrow(message)
  })

  it('is fully calibrated on its own probabilities, and flat scores cost ln 2', () => {
    const flat = pairReport({ chosen: Array(15).fill(Math.fround(0.98)), rejected: Array(15).fill(Math.fround(0.98)) })
    expect(flat).toMatchObject({ equalScores: 15, accuracyTiesHalf: 0.5, accuracy: { estimate: 0 } })
    expect(flat.calibration.nll).toBeCloseTo(Math.LN2, 12)
    expect(flat.calibration.ece).toBe(0)
  })
})

it('agreementMatrix compares every two scorers', () => {
  const { cells, meanSpearman } = agreementMatrix(
    ['x', 'y', 'z'],
    [
      [1, 2, 3],
      [3, 2, 1],
      [1, 1, 1],
    ],
  )
  expect(cells[0][1]).toMatchObject({ spearman: -1, kendallTauB: -1, sameTop1: false })
  expect(cells[2][0].spearman).toBeUndefined()
  expect(meanSpearman).toBe(-1)
  expect(agreementMatrix(['x'], [[1, 2]]).meanSpearman).toBeNull()
})

describe('reports of single responses', () => {
  it('of steps', () => {
    const report = stepReport(
      [
        [0.9, 0.4],
        [0.8, 0.7],
      ],
      [
        [1, 0],
        [1, null],
      ],
    )
    expect(report).toMatchObject({ solutions: 2, steps: 3, accuracy: 1, auroc: 1, firstErrorFound: 1 })
    expect(stepReport([[0.4, 0.4]], [[1, 0]])).toMatchObject({ accuracy: 0.5, auroc: 0.5, firstErrorFound: 0 })
    expect(() => stepReport([[0.5]], [[0.5]])).toThrow(/steps labelled 0 or 1/)
  })

  it('of attributes', () => {
    expect(pointReport([1, 2, 9], [2, 4, null])).toEqual({
      responses: 2,
      meanSquaredError: 2.5,
      pearson: expect.closeTo(1, 12),
      spearman: expect.closeTo(1, 12),
    })
    expect(pointReport([1, 1], [1, 2]).pearson).toBeNull()
  })

  it('of choices', () => {
    const choice = { id: '1', subset: 'Math', correct: [1], incorrect: [0, 1] }
    const ties = [
      { id: 'ref:1', subset: 'Ties', correct: [2], incorrect: [0] },
      { id: 'tied:1', subset: 'Ties', correct: [2, 2], incorrect: [0] },
    ]
    const report = choiceReport([choice, ...ties])
    expect(report.subsets['Math']).toBe(0.5)
    // both accurate; gaps 2 beat a spread of 0; tanh(∞) = 1
    expect(report.subsets['Ties']).toBeCloseTo(1.01, 12)
    expect(report.overall).toBeCloseTo((0.5 + 1.01) / 2, 12)
    expect(() => choiceReport([{ ...choice, correct: [1, 2] }])).toThrow(/expected one correct answer of prompt "1"/)
  })
})
