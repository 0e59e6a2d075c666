import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  distinctNgrams,
  latinWords,
  longestCommonSubsequence,
  multisetIntersection,
  repeatedNgramShare,
  rougeL,
  tokenF1,
  unicodeWords,
  whitespaceWords,
} from './text-overlap.ts'

describe('tokenisers', () => {
  it('cut as they say', () => {
    expect(latinWords('Add-to Café_1!')).toEqual(['add', 'to', 'caf', '1'])
    expect(unicodeWords('Add-to Café_1!')).toEqual(['add', 'to', 'café_1'])
    expect(whitespaceWords(' Add-to  Café_1! ')).toEqual(['Add-to', 'Café_1!'])
  })
})

describe('rougeL', () => {
  it.each([
    // LCS "noise cancelling headphones" = 3, m = 4, n = 5: P = 3/4, R = 3/5, F1 = 2/3
    ['wireless noise cancelling headphones', 'noise cancelling headphones for travel', 2 / 3],
    ['black running shoes', 'shoes running black', 1 / 3],
    ['', 'a', 0],
    ['', '', 0],
    ['購入', '購入', 0],
  ])('%j against %j', (prediction, reference, expected) => {
    expect(rougeL(prediction, reference).f1).toBeCloseTo(expected, 12)
  })

  it('counts other scripts with the Unicode tokeniser', () => {
    expect(rougeL('購入', '購入', { tokenise: unicodeWords }).f1).toBe(1)
  })
})

describe('tokenF1', () => {
  it.each([
    // shared 2, P = 2/2, R = 2/4, F1 = 2/3
    ['coffee shop', 'coffee shop near me', 2 / 3],
    ['a a b', 'a b b', 2 / 3],
    ['', '', 1],
    ['', 'a', 0],
    ['x', 'y', 0],
  ])('%j against %j', (prediction, reference, expected) => {
    expect(tokenF1(prediction, reference).f1).toBeCloseTo(expected, 12)
  })
})

describe('properties', () => {
  const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 })

  it('the longest common subsequence is symmetric and below the multiset intersection', () => {
    fc.assert(
      fc.property(words, words, (first, second) => {
        const length = longestCommonSubsequence(first, second)
        expect(length).toBe(longestCommonSubsequence(second, first))
        expect(length).toBeLessThanOrEqual(multisetIntersection(first, second))
        expect(longestCommonSubsequence(first, first)).toBe(first.length)
      }),
    )
  })

  it('distinct n-grams equal a set of joined n-grams', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 5 }), (tokens, n) => {
        const joined = new Set<string>()
        for (let i = 0; i + n <= tokens.length; i++) joined.add(tokens.slice(i, i + n).join(' '))
        expect(distinctNgrams(tokens, n)).toBe(joined.size)
      }),
    )
  })
})

it('repeatedNgramShare: 5 bigrams, 2 of them different', () => {
  expect(repeatedNgramShare(['a', 'b', 'a', 'b', 'a', 'b'], 2)).toBeCloseTo(0.6, 12)
  expect(repeatedNgramShare([7, 7], 3)).toBe(0)
  expect(() => repeatedNgramShare([1], 0)).toThrow('n to be an integer ≥ 1')
})
