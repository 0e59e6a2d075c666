import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countOf, findBlocks, firstBlock, lastBlock, readTagged, removeBlocks } from './tagged-text.ts'

const template = ['think', 'answer']

describe('readTagged', () => {
  it('gives the trimmed bodies in order', () => {
    expect(readTagged(' <think> a </think>\n<answer>b</answer>\n', template)).toEqual({ ok: true, bodies: ['a', 'b'] })
  })

  it.each([
    ['', 'found it 0 times'],
    ['<think>a</think>', '<answer> once'],
    ['<think>a</think><think>b</think><answer>c</answer>', 'found it 2 times'],
    ['<answer>a</answer><think>b</think>', 'only white space before <think>'],
    ['so <think>a</think><answer>b</answer>', 'only white space before <think>'],
    ['<think>a</think> so <answer>b</answer>', 'only white space before <answer>'],
    ['<think>a</think><answer>b</answer> so', 'nothing after'],
    ['<think> </think><answer>b</answer>', '<think> to have content'],
    ['</think><think><answer>b</answer>', 'before </think>'],
    ['<think><answer>a</answer></think>', 'after the blocks before it'],
  ])('refuses %j', (text, problem) => {
    const result = readTagged(text, template)
    expect(result.ok ? '' : result.problem).toContain(problem)
  })

  it('allows empty bodies where told', () => {
    expect(readTagged('<think></think><answer>b</answer>', template, { nonEmpty: ['answer'] }).ok).toBe(true)
  })
})

describe('blocks', () => {
  it('closes each opening by the nearest closing tag', () => {
    const text = 'x<a>1</a>y<a>2</a><a>3'
    expect(findBlocks(text, 'a').map(block => block.body)).toEqual(['1', '2'])
    expect(firstBlock(text, 'a')).toEqual({ tag: 'a', body: '1', start: 1, end: 9 })
    expect(lastBlock(text, 'a')?.body).toBe('2')
    expect(removeBlocks(text, 'a')).toBe('xy<a>3')
    expect(firstBlock('<a>', 'a')).toBeUndefined()
    expect(countOf('aaaa', 'aa')).toBe(2)
  })

  it('block positions cut the block out of the text', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('<t>', '</t>', 'a', ' '), { maxLength: 20 }), parts => {
        const text = parts.join('')
        for (const block of findBlocks(text, 't')) {
          expect(text.slice(block.start, block.end)).toBe(`<t>${block.body}</t>`)
        }
        expect(firstBlock(text, 't')).toEqual(findBlocks(text, 't')[0])
      }),
    )
  })
})
