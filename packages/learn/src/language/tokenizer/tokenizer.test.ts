import { Random } from '@guerdon/core'
import { specialTokens } from '@guerdon/worlds/text/vocabulary'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trainLearner } from '../../run/learner.ts'
import { sequenceRows } from '../masked-rows.ts'
import { initialPolicy } from '../policy.ts'
import { createSampler } from '../sampler.ts'
import { packSequences, responseOf } from '../sequences.ts'
import { createSupervisedLearner } from '../supervised-learner.ts'
import { byteCharacters } from './byte-characters.ts'
import { jsonTokenizer } from './json-tokenizer.ts'
import { byteTokenizer, characterTokenizer } from './tokenizer.ts'
import { trainBytePairs } from './train-byte-pairs.ts'

const corpus = [
  'the cat sat on the mat.',
  'the dog sat on the log.',
  'a cat and a dog sat on the mat.',
  'the rain fell on the dog.',
]
const json = trainBytePairs(corpus, { size: 290 })
const pairs = await jsonTokenizer(JSON.parse(JSON.stringify(json)) as object)

describe('tokenizers', () => {
  it.each([
    ['bytes', byteTokenizer()],
    ['byte pairs', pairs],
  ])('of %s give every text back', (_, tokenizer) => {
    const check = (text: string) => {
      const ids = tokenizer.encode(text)
      expect(ids.every(id => id >= 3 && id < tokenizer.size)).toBe(true)
      expect(tokenizer.decode(ids)).toBe(text)
    }
    for (const text of ['', ' ', '  two  blanks ', "it's\n\tnew", 'Grüße, 世界 🌍', '<end><pad>', "don't , stop ."])
      check(text)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => check(text.replaceAll('\ufeff', ''))),
      { numRuns: 100 },
    )
  })

  it('of characters give back texts of their sample and name a character it does not have', () => {
    const tokenizer = characterTokenizer(`${corpus.join('')}🌍`)
    for (const text of corpus) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
    expect(tokenizer.encode('🌍')).toHaveLength(1)
    expect(() => tokenizer.encode('cats?')).toThrow(/characters of the sample; got "\?" at 4/)
  })

  it('leave special tokens out and name ids outside', () => {
    for (const tokenizer of [byteTokenizer(), characterTokenizer('ab'), pairs]) {
      const text = tokenizer.encode('ab')
      expect(tokenizer.decode([1, ...text, 2, 0, 0])).toBe('ab')
      expect(tokenizer.decode([1, 2])).toBe('')
      expect(() => tokenizer.decode([3, tokenizer.size])).toThrow(`got ${tokenizer.size} at 1`)
    }
  })

  it('refuse what is no tokenizer', async () => {
    await expect(jsonTokenizer({ model: {} })).rejects.toThrow(/tokenizer.json with model.vocab/)
  })
})

describe('byte pairs', () => {
  it('join the most frequent neighbours first', () => {
    // l-o stands 3 times, w-e twice, and nothing else more than once
    const { model } = trainBytePairs(['low', 'lo', 'lowe', 'we'], { size: 262 })
    expect(model.merges.slice(0, 2)).toEqual([
      ['l', 'o'],
      ['lo', 'w'],
    ])
    expect(model.vocab['lo']).toBe(259)
    expect(Object.keys(model.vocab)).toHaveLength(259 + model.merges.length)
  })

  it('stop when nothing occurs twice, and do not depend on the order of texts', () => {
    expect(trainBytePairs(['abc'], { size: 400 }).model.merges).toEqual([])
    expect(trainBytePairs(corpus.toReversed(), { size: 290 })).toEqual(json)
  })

  it('make texts like the sample shorter', () => {
    for (const text of corpus) expect(pairs.encode(text).length).toBeLessThan(0.7 * text.length)
  })

  it('need room for single bytes', () => {
    expect(() => trainBytePairs(corpus, { size: 258 })).toThrow(/room for 259 single bytes and special tokens; got 258/)
    expect(new Set(byteCharacters).size).toBe(256)
  })
})

describe('a policy over learned tokens', { timeout: 30_000 }, () => {
  it('writes texts like those it was shown', async () => {
    const config = { vocabularySize: pairs.size, maximumLength: 20, width: 16, layers: 1, heads: 2 }
    const prompts = corpus.map(() => [specialTokens.start])
    const responses = corpus.map(text => [...pairs.encode(text), specialTokens.end])
    const rows = sequenceRows(packSequences(prompts, responses, { width: 20, padToken: specialTokens.pad }))
    const initial = initialPolicy(config, new Random(1))
    const learner = createSupervisedLearner(rows, { config, initial, seed: 1, learningRate: 1e-2, batchSize: 8 })
    await trainLearner(learner, { updates: 120 })
    const sampler = createSampler({
      config,
      endToken: specialTokens.end,
      padToken: specialTokens.pad,
      maximumResponseLength: 19,
    })
    const sampled = await sampler(learner.parameters(), Array<number[]>(16).fill([specialTokens.start]), new Random(2))
    const written = Array.from({ length: 16 }, (_, i) => pairs.decode(responseOf(sampled, i)))
    expect(written.filter(text => corpus.includes(text)).length).toBeGreaterThan(11)
    expect(new Set(written).size).toBeGreaterThan(1)
  })
})
