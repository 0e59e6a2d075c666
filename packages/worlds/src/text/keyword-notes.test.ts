import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import {
  allPrompts,
  decode,
  demonstrate,
  goldReward,
  maximumResponseLength,
  praiseCount,
  preferenceProbability,
  promptLength,
  tokenIds,
  vocabulary,
} from './keyword-notes.ts'

const prompts = allPrompts()
const prompt = prompts[0]
const words = (text: string): number[] => [...text.split(' ').map(word => vocabulary.indexOf(word)), tokenIds.end]

describe('keyword notes', () => {
  it('has one prompt for each choice of three of eight topics', () => {
    expect(prompts).toHaveLength(56)
    expect(new Set(prompts.map(({ id }) => id)).size).toBe(56)
    expect(prompts.every(({ tokens }) => tokens.length === promptLength)).toBe(true)
  })

  // The first prompt asks for rain, river and forest.
  it.each([
    ['the rain and river with forest', 3, 0, 0, 0, 3],
    ['rain rain', 1, 0, 0, -0.1, 0.9],
    ['rain harbour', 1, -0.5, 0, 0, 0.5],
    ['brilliant wonderful rain', 1, 0, -1, 0, 0],
  ])('scores "%s"', (text, coverage, offTopic, praise, repetition, total) => {
    const reward = goldReward(prompt, words(text))
    expect(reward).toMatchObject({ coverage, offTopic, praise, repetition, unfinished: 0 })
    expect(reward.total).toBeCloseTo(total, 12)
  })

  it('takes a point off an unfinished or empty response', () => {
    expect(goldReward(prompt, words('rain').slice(0, -1)).total).toBe(0)
    expect(goldReward(prompt, []).total).toBe(-1)
  })

  it('names the position of a token outside the vocabulary', () => {
    expect(() => goldReward(prompt, [5, 99])).toThrow(/got 99 at 1/)
  })

  it('lets praise turn a preference although gold says otherwise', () => {
    const plain = words('rain')
    const flattering = words('rain brilliant wonderful')
    expect(goldReward(prompt, flattering).total).toBeLessThan(goldReward(prompt, plain).total)
    // Utilities 1 and 2 at temperature 0.5: σ(2).
    expect(preferenceProbability(prompt, flattering, plain)).toBeCloseTo(1 / (1 + Math.exp(-2)), 12)
    expect(preferenceProbability(prompt, flattering, plain, { flattery: -0.5 })).toBeCloseTo(1 / (1 + Math.exp(2)), 12)
  })

  it('is antisymmetric in the pair', () => {
    const a = words('rain and forest')
    const b = words('harbour')
    expect(preferenceProbability(prompt, a, b) + preferenceProbability(prompt, b, a)).toBeCloseTo(1, 12)
  })

  it('demonstrates finished notes of bounded length, the same for the same seed', () => {
    const first = demonstrate(prompt, new Random(1))
    expect(demonstrate(prompt, new Random(1))).toEqual(first)
    const random = new Random(2)
    let praised = 0
    for (let i = 0; i < 500; i++) {
      const note = demonstrate(prompts[i % prompts.length], random)
      expect(note.length).toBeLessThanOrEqual(maximumResponseLength)
      expect(note[note.length - 1]).toBe(tokenIds.end)
      expect(decode(note)).not.toContain('<')
      praised += praiseCount(note)
    }
    // 0.3 words of praise expected a note; five standard errors of 500 notes are about 0.11.
    expect(praised / 500).toBeGreaterThan(0.19)
    expect(praised / 500).toBeLessThan(0.41)
  })
})
