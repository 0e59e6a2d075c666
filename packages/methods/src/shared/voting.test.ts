import { describe, expect, it } from 'vitest'
import { chosenCandidate, pluralityVote } from './voting.ts'

describe('pluralityVote', () => {
  it('counts exact texts and ignores missing votes', () => {
    expect(pluralityVote(['3.0', null, '3', '3.0', undefined])).toEqual({ winner: '3.0', count: 2, total: 3 })
  })

  it('names nobody on a tie unless the first is asked for', () => {
    expect(pluralityVote(['b', 'a', 'a', 'b']).winner).toBeUndefined()
    expect(pluralityVote(['b', 'a', 'a', 'b'], { ties: 'first' }).winner).toBe('b')
  })

  it('forgets a tie that a later candidate breaks', () => {
    expect(pluralityVote(['a', 'b', 'c', 'c']).winner).toBe('c')
  })

  it('has no winner without votes', () => {
    expect(pluralityVote([null])).toEqual({ winner: undefined, count: 0, total: 0 })
  })
})

describe('chosenCandidate', () => {
  it.each([
    ['ab', 1, 'a'],
    ['ab', 2, 'b'],
    ['ba', 1, 'b'],
    ['ba', 2, 'a'],
    ['ab', null, null],
  ] as const)('%s choice %s', (order, choice, expected) => {
    expect(chosenCandidate({ order, choice })).toBe(expected)
  })
})
