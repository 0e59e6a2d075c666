import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { markedStepSpans, paragraphSpans, splitParagraphs } from './steps-text.ts'

describe('splitParagraphs', () => {
  it.each([
    ['First.\n\nSecond.', ['First.', 'Second.']],
    ['\n\n  a  \n\n\n\n b\n\n', ['a', 'b']],
    ['one\nline', ['one\nline']],
    ['   ', ['']],
    ['', ['']],
  ])('%j', (text, expected) => {
    expect(splitParagraphs(text)).toEqual(expected)
  })
})

describe('paragraphSpans', () => {
  it('points at the very text of each step', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', ' ', '\n', '\n\n', 'bc')), parts => {
        const text = parts.join('')
        const steps = splitParagraphs(text).filter(step => step !== '')
        expect(paragraphSpans(text).map(([start, end]) => text.slice(start, end))).toEqual(steps)
      }),
    )
  })
})

describe('markedStepSpans', () => {
  it('runs from marker to marker', () => {
    const text = 'Let me see.\n<step 1> 2+2=4\n\n<step 2> 4+1=5 \n'
    expect(markedStepSpans(text).map(([start, end]) => text.slice(start, end))).toEqual([
      '<step 1> 2+2=4\n\n',
      '<step 2> 4+1=5',
    ])
  })

  it('falls back to paragraphs', () => {
    expect(markedStepSpans('a\n\nb')).toEqual(paragraphSpans('a\n\nb'))
  })
})
