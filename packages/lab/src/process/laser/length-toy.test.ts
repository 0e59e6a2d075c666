import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { choicePolicy } from '../../toys/choice-policy.ts'
import { chanceOfSuccess, expectedOf, groupSize, lengthPolicy, longest, questions, respond } from './length-toy.ts'
import { targetOrder } from './target-order.ts'

const always = (length: number) => choicePolicy(questions, longest, (_, i) => (i + 1 === length ? 1000 : 0))

describe('questions that need a length', () => {
  it('succeed half as often as at best when the length is just what they need', () => {
    expect([2, 6, 11].map((need, question) => chanceOfSuccess(question, need))).toEqual([0.485, 0.425, 0.375])
    expect(chanceOfSuccess(5, 16)).toBeCloseTo(0.75 / (1 + Math.exp(-5 / 0.8)), 12)
  })

  it('give a policy of one length its exact accuracy', () => {
    const { accuracy, hardAccuracy, easyLength, length } = expectedOf(always(6))
    expect(hardAccuracy).toBeCloseTo(0.75 / (1 + Math.exp(6.25)), 12)
    expect(accuracy).toBeCloseTo((0.97 / (1 + Math.exp(-5)) + 0.425 + 0.75 / (1 + Math.exp(6.25))) / 3, 12)
    expect([easyLength, length]).toEqual([6, 6])
  })

  it('give a uniform policy the middle length', () => {
    expect(expectedOf(choicePolicy(questions, longest, () => 0)).length).toBeCloseTo(8.5, 12)
  })

  it('are answered the same for a seed', () => {
    const answer = (seed: number) => respond(lengthPolicy(new Random(1)), new Random(seed))
    expect(answer(2)).toEqual(answer(2))
    expect(answer(2)).not.toEqual(answer(3))
    expect(answer(2).groups).toEqual(Array.from({ length: questions * groupSize }, (_, i) => Math.floor(i / groupSize)))
    const { correct, scores } = answer(2)
    expect(scores).toEqual(correct.map(right => (right ? 1 : -0.5)))
  })
})

describe('targets of bands', () => {
  // k = 8: high needs a fifth of the answers within the target, medium half of them, low all
  const coverage = (low: number[], medium: number[], high: number[]) => ({
    low: Float64Array.from(low),
    medium: Float64Array.from(medium),
    high: Float64Array.from(high),
  })

  it('are ordered when harder questions are answered at greater length', () => {
    expect(targetOrder(coverage([0, 0.5, 1], [0.1, 0.5, 1], [0.2, 0.9, 1]), [4, 8, 12], 16)).toEqual({
      targetLow: 12,
      targetMedium: 8,
      targetHigh: 4,
      targetsOrdered: 1,
    })
  })

  it('are not when easy questions are', () => {
    const { targetHigh, targetsOrdered } = targetOrder(coverage([1, 1, 1], [1, 1, 1], [0, 0, 0.3]), [4, 8, 12], 16)
    expect([targetHigh, targetsOrdered]).toEqual([12, 0])
  })
})
