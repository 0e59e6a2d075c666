import { describe, expect, it } from 'vitest'
import { boxedContent, mathBoxedAnswer } from './boxed.ts'

describe('boxedContent', () => {
  it.each([
    ['a \\boxed{ 5 } b \\boxed{6}', 'first', '5'],
    ['a \\boxed{ 5 } b \\boxed{6}', 'last', '6'],
    ['\\boxed{\\frac{1}{2}}', 'last', '\\frac{1}{2}'],
    ['\\boxed{}', 'last', ''],
    ['none', 'last', undefined],
    ['\\boxed 5', 'last', undefined],
  ] as const)('%s, %s box', (text, which, expected) => {
    expect(boxedContent(text, { which })).toBe(expected)
  })

  it('gives an unclosed box only when asked', () => {
    expect(boxedContent('\\boxed{open')).toBeUndefined()
    expect(boxedContent('\\boxed{open', { unclosed: 'rest' })).toBe('open')
  })

  it('keeps white space when asked', () => {
    expect(boxedContent('\\boxed{ 5 }', { trim: false })).toBe(' 5 ')
  })
})

describe('mathBoxedAnswer', () => {
  it.each([
    ['so \\boxed{42}.', '42'],
    ['\\boxed{1} then \\boxed{2}', '2'],
    ['\\boxed 5$ text', '5'],
    ['\\boxed{7} but \\boxed 5', '5'],
    ['nested \\boxed{a{b{c}}d}', 'a{b{c}}d'],
    ['\\boxed{ 5 }', ' 5 '],
    ['\\boxed{unclosed', undefined],
    ['\\fbox{5}', undefined],
    ['\\boxedx{5}', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(mathBoxedAnswer(text)).toBe(expected)
  })
})
