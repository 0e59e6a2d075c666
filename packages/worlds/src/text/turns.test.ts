import { describe, expect, it } from 'vitest'
import { card } from './card.ts'
import { numberWords, readAction, readNumber, writeAction } from './turns.ts'
import { specialTokens, vocabularyOf } from './vocabulary.ts'

const vocabulary = vocabularyOf(['go', 'left', '7'])

describe('actions in words', () => {
  it('are written with an end token and read up to the first one', () => {
    const action = writeAction(vocabulary, 'go left')
    expect([...action]).toEqual([3, 4, specialTokens.end])
    expect(readAction(vocabulary, action)).toEqual({ words: ['go', 'left'], complete: true })
    expect(readAction(vocabulary, [3, 2, 4, 2])).toEqual({ words: ['go'], complete: true })
    expect(readAction(vocabulary, [3, 0])).toEqual({ words: ['go', '<pad>'], complete: false })
    expect(readAction(vocabulary, [])).toEqual({ words: [], complete: false })
    expect([...writeAction(vocabulary, '')]).toEqual([specialTokens.end])
  })

  it.each([[-1], [6], [0.5], [Number.NaN]])('refuse the token %d, even where nothing else would read it', token => {
    expect(() => readAction(vocabulary, [3, token])).toThrow(expect.objectContaining({ path: ['action', 1] }))
  })

  it('name a word the vocabulary does not have', () => {
    expect(() => writeAction(vocabulary, 'go right')).toThrow('expected a word of the vocabulary; got "right"')
  })
})

describe('numbers in digits', () => {
  it('are read as they are written', () => {
    for (const value of [0, 7, 10, 305, 9999]) expect(readNumber(numberWords(value).split(' '))).toBe(value)
  })

  it.each([[[]], [['0', '7']], [['1', '2', '3', '4', '5']], [['12']], [['-', '1']], [['a']]])('are not %j', words => {
    expect(readNumber(words)).toBeUndefined()
  })
})

describe('cards', () => {
  it('break long lines and keep signs from being read as markup', () => {
    const svg = card('a < b', [{ label: '"x" & y', text: `${'word '.repeat(30)}<end>`, tone: 'bad' }])
    expect(svg).toContain('<title>a &lt; b</title>')
    expect(svg).toContain('&quot;x&quot; &amp; y')
    expect(svg).toContain('&lt;end&gt;')
    const lines = [...svg.matchAll(/>(word[^<]*)</g)].map(match => match[1])
    expect(lines.length).toBeGreaterThan(1)
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(60)
  })
})
