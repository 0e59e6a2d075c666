import { interpret, ndarray, type Tensor } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import { type PreferenceLossOptions, preferenceLoss } from './preference-loss.ts'

// r(y⁺) = −1 − (−2) = 1 and −4 + 3 = −1;  r(y⁻) = −3 + 2 = −1 and −2 + 2 = 0;  differences 2 and −1
const values = {
  chosen: [-1, -4],
  rejected: [-3, -2],
  referenceChosen: [-2, -3],
  referenceRejected: [-2, -2],
  chosenLengths: [2, 4],
  rejectedLengths: [3, 1],
}
const terms = Object.fromEntries(Object.entries(values).map(([name, list]) => [name, ndarray(list)]))
const evaluate = (options: PreferenceLossOptions) => {
  const result = interpret((given: Record<string, Tensor>) => ({
    ...preferenceLoss(given as unknown as Parameters<typeof preferenceLoss>[0], options),
  }))(terms)
  return { loss: result.loss.data[0], margin: result.margin.data[0], accuracy: result.accuracy.data[0] }
}
const nll = (z: number) => Math.log(1 + Math.exp(-z))

describe('losses on preference pairs', () => {
  it.each<[string, PreferenceLossOptions, number]>([
    ['dpo', { beta: 0.5 }, (nll(1) + nll(-0.5)) / 2],
    ['dpo by default', {}, (nll(0.2) + nll(-0.1)) / 2],
    [
      'conservative dpo',
      { beta: 0.5, labelSmoothing: 0.1 },
      (0.9 * (nll(1) + nll(-0.5)) + 0.1 * (nll(-1) + nll(0.5))) / 2,
    ],
    ['dpo with an offset', { beta: 0.5, margin: 1 }, (nll(0) + nll(-1.5)) / 2],
    ['ipo', { loss: 'ipo', beta: 0.5 }, ((2 - 1) ** 2 + (-1 - 1) ** 2) / 2],
    ['hinge', { loss: 'hinge', beta: 0.5 }, (0 + 1.5) / 2],
    // a token: −0.5 − (−1) = 0.5 and −1 − (−2) = 1
    ['simpo', { loss: 'simpo', beta: 2, margin: 0.5 }, (nll(0.5) + nll(1.5)) / 2],
  ])('%s', (_, options, expected) => {
    expect(evaluate(options).loss).toBeCloseTo(expected, 10)
  })

  it('report margin and accuracy of the implicit reward', () => {
    expect(evaluate({ beta: 0.5 })).toMatchObject({ margin: 0.25, accuracy: 0.5 })
    expect(evaluate({ loss: 'simpo' })).toMatchObject({ margin: 1.5, accuracy: 1 })
  })

  it('refuse a loss there is not and a scale of 0', () => {
    expect(() => evaluate({ loss: 'orpo' as 'dpo' })).toThrow(/loss/)
    expect(() => evaluate({ beta: 0 })).toThrow(/beta/)
  })
})
