import { expect, it } from 'vitest'
import { fitTokens, markTokens } from './mark-tokens.ts'

it('markTokens stand behind those of text', () => {
  expect(markTokens(259)).toMatchObject({ mark: 259, no: 263, vocabularySize: 264 })
})

it.each([
  [4, { prompt: [1, 2], candidate: [3, 4], cut: false }],
  [3, { prompt: [2], candidate: [3, 4], cut: true }],
  [2, { prompt: [], candidate: [3, 4], cut: true }],
  [1, { prompt: [], candidate: [3], cut: true }],
])('fitTokens to %i cuts the beginning of the prompt first', (length, expected) => {
  expect(fitTokens([1, 2], [3, 4], { length })).toEqual(expected)
})
