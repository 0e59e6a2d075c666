import { expect, it } from 'vitest'
import { fitTokens, textTokens } from './byte-tokens.ts'

it('textTokens are the bytes of UTF-8, counted from 1', () => {
  expect(textTokens('Aé')).toEqual([66, 196, 170])
  expect(textTokens('')).toEqual([])
})

it.each([
  [4, { prompt: [1, 2], candidate: [3, 4], cut: false }],
  [3, { prompt: [2], candidate: [3, 4], cut: true }],
  [2, { prompt: [], candidate: [3, 4], cut: true }],
  [1, { prompt: [], candidate: [3], cut: true }],
])('fitTokens to %i cuts the beginning of the prompt first', (length, expected) => {
  expect(fitTokens([1, 2], [3, 4], { length })).toEqual(expected)
})
