import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cosineSimilarity } from '../shared/cosine.ts'
import {
  adaptedTemperature,
  compositeReward,
  cosineReward,
  meanOfWords,
  meanPool,
  multiCriteriaReward,
  positivePmi,
  readExamAnswer,
  semanticAdvantages,
  semanticLoss,
  semanticRewardStage,
  wordVectors,
} from './semantic-reward.ts'

describe('meanPool', () => {
  it('leaves masked tokens out, normalises on request', () => {
    const tokens = [
      [3, 0],
      [100, 100],
      [3, 8],
    ]
    expect([...meanPool(tokens, [1, 0, 1])]).toEqual([3, 4])
    expect([...meanPool(tokens, [1, 0, 1], { normalise: true })]).toEqual([0.6, 0.8])
    expect([...meanPool(tokens, [0, 0, 0])]).toEqual([0, 0])
    expect([...meanPool([], [])]).toEqual([])
    expect(() => meanPool(tokens, [1])).toThrow('each of 3 tokens; got 1')
    expect(() => meanPool([[1], [1, 2]], [1, 1])).toThrow('tokenEmbeddings[1]')
  })
})

describe('cosineReward', () => {
  it('keeps negative cosines and shrinks tiny vectors', () => {
    expect(cosineReward([1, 0], [-2, 0])).toBeCloseTo(-1, 7)
    expect(cosineReward([0, 0], [1, 0])).toBe(0)
    // norms 1e-4 each: 1e-8 / (1e-8 + 1e-8) = ½
    expect(cosineReward([1e-4], [1e-4])).toBeCloseTo(0.5, 12)
    expect(cosineSimilarity([1e-4], [1e-4])).toBe(1)
    expect(() => cosineReward([1], [1, 2])).toThrow('same length')
    expect(() => cosineReward([Number.NaN], [1])).toThrow('finite')
  })

  it('is symmetric and bounded', () => {
    const vector = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        expect(cosineReward(a, b)).toBeCloseTo(cosineReward(b, a), 12)
        expect(Math.abs(cosineReward(a, b))).toBeLessThanOrEqual(1 + 1e-12)
      }),
    )
  })
})

describe('multiCriteriaReward', () => {
  it('counts code points of trimmed texts', () => {
    // 3 code points of 10; brevity 3/30
    expect(multiCriteriaReward(' 😀😀😀 ', 'x'.repeat(30), 0.1)).toMatchObject({
      length: 0.3,
      brevity: expect.closeTo(0.1, 12),
      total: expect.closeTo(0.07 + 0.06 + 0.01, 12),
    })
    expect(multiCriteriaReward('', '', 0)).toMatchObject({ length: 0, brevity: 1 })
  })
})

describe('compositeReward', () => {
  const answer = '<think>Insulin acts on</think>\n<answer> B </answer>'
  it.each([
    [answer, 'B', 0.8, 0.8, 1, 1, 2.8],
    [answer, 'C', 0.8, 0.8, 0, 1, 1.8],
    [answer, 'B', null, 0, 1, 1, 2],
    ['The answer is B', 'B', 0.9, 0, 0, 0, 0],
    ['<think>x</think><answer>B or C</answer>', 'B', 0.9, 0, 0, 0, 0],
    ['<think>x</think><answer>F</answer>', 'F', 0.9, 0, 0, 0, 0],
    ['<think> </think><answer>B</answer>', 'B', 0.9, 0, 0, 0, 0],
  ])('%j', (completion, gold, given, semantic, correct, format, total) => {
    const reward = compositeReward(completion, gold, given)
    expect(reward).toMatchObject({ semantic, correct, format, semanticMissing: given === null })
    expect(reward.total).toBeCloseTo(total, 12)
  })

  it('gives the explanation alone to the encoder', () => {
    expect(readExamAnswer(answer)).toEqual({ explanation: 'Insulin acts on', option: 'B' })
  })
})

describe('training', () => {
  it('normalises by the population deviation', () => {
    // deviation of (0, 2) is 1
    expect(semanticAdvantages([0, 2])[1]).toBeCloseTo(1 / (1 + 1e-8), 12)
    expect([...semanticAdvantages(new Array(15).fill(Math.fround(0.98)))]).toEqual(new Array(15).fill(0))
    expect([...semanticAdvantages([3])]).toEqual([0])
  })

  it('every candidate has the same say, whatever its length', () => {
    const evaluate = interpret(
      valueAndGrad((logProbs: Tensor, advantages: Tensor, mask: Tensor) => semanticLoss(logProbs, advantages, mask)),
    )
    const f64 = (rows: number[][]) => ndarray(rows, { dtype: 'float64' })
    const { value, gradient } = evaluate(
      f64([
        [-1, -3],
        [-4, 0],
      ]),
      f64([
        [1, 1],
        [-2, -2],
      ]),
      f64([
        [1, 1],
        [1, 0],
      ]),
    )
    // (−1·(−2) + 2·(−4)) / 2
    expect(value.data[0]).toBeCloseTo(-3, 6)
    const want = [-0.25, -0.25, 1, 0]
    want.forEach((expected, i) => {
      expect(gradient.data[i]).toBeCloseTo(expected, 6)
    })
  })

  it('cools while it improves, warms when it falls, holds its bounds', () => {
    expect(adaptedTemperature(0.7, [0, 0.1, 0.2])).toBeCloseTo(0.63, 12)
    expect(adaptedTemperature(0.7, [0.2, 0.1, 0])).toBeCloseTo(0.805, 12)
    expect(adaptedTemperature(0.7, [9, 0.1, 0.1, 0.12])).toBe(0.7)
    expect(adaptedTemperature(0.7, [0, 1])).toBe(0.7)
    expect(adaptedTemperature(1.2, [1, 0, 0])).toBe(1.2)
    expect(adaptedTemperature(0.31, [0, 0, 1])).toBe(0.3)
  })
})

describe('word encoder', () => {
  // words 0 and 1 share contexts, word 2 does not, word 3 never occurs
  const counts = [
    [8, 2, 0],
    [4, 1, 0],
    [0, 1, 9],
    [0, 0, 0],
  ]

  it('positive PMI by hand', () => {
    const table = positivePmi(counts)
    // N = 25, word 2: 10, context 2: 9: log(9·25/(10·9)) = log 2.5
    expect(table[2][2]).toBeCloseTo(Math.log(2.5), 12)
    expect(table[0][2]).toBe(0)
    expect([...table[3]]).toEqual([0, 0, 0])
  })

  it('synonyms are near, strangers are not, unknown words are zeros', () => {
    const vectors = wordVectors(counts, { dimension: 2 })
    expect(cosineSimilarity(vectors[0], vectors[1])).toBeCloseTo(1, 9)
    expect(cosineSimilarity(vectors[0], vectors[2])).toBeLessThan(0.5)
    expect([...vectors[3]]).toEqual([0, 0])
    expect([...meanOfWords([], vectors)]).toEqual([0, 0])
    expect(() => meanOfWords([9], vectors)).toThrow('words in [0, 4); got 9')
  })

  it('at full dimension keeps the cosines of the PPMI rows', () => {
    const table = positivePmi(counts)
    const vectors = wordVectors(counts, { dimension: 4 })
    expect(cosineSimilarity(vectors[1], vectors[2])).toBeCloseTo(cosineSimilarity(table[1], table[2]), 9)
  })
})

describe('stage', () => {
  const answer = '<think>Insulin acts on</think><answer>B</answer>'
  const batch = batchFromRollouts([
    {
      id: 'a',
      prompt: 'p',
      response: answer,
      reference: { option: 'B' },
      columns: { embedding: [1, 0], referenceEmbedding: [1, 0] },
    },
    { id: 'b', prompt: 'p', response: answer, reference: { option: 'C' }, columns: { semantic: 0.5 } },
    { id: 'c', prompt: 'p', response: answer, reference: { option: 'B' } },
    {
      id: 'd',
      prompt: 'p',
      response: answer,
      reference: { option: 'B' },
      columns: { semantic: { status: 'failed', failure: { class: 'timeout', message: 'late' } } },
    },
    {
      id: 'e',
      prompt: 'p',
      response: answer,
      reference: { option: 'B' },
      columns: { embedding: ['x'], referenceEmbedding: [1] },
    },
  ])

  it('composite: with embeddings, with a cosine, without either', async () => {
    const { columns } = await bindStage(semanticRewardStage).apply(batch, null)
    const reward = columns['rollout.reward'] as Signal
    expect([0, 1, 2].map(i => reward.values[i])).toEqual([expect.closeTo(3, 7), 1.5, 2])
    expect(outcomeAt(columns['rollout.semanticRewardSemantic'] as Signal, 2)).toMatchObject({ status: 'abstained' })
    expect(outcomeAt(reward, 3)).toMatchObject({ status: 'failed', failure: { class: 'timeout' } })
    expect(outcomeAt(reward, 4)).toMatchObject({ status: 'failed', failure: { class: 'invalid_input' } })
  })

  it('multi-criteria and the cosine alone', async () => {
    const texts = batchFromRollouts([
      {
        id: 'a',
        prompt: 'p',
        response: 'Insulin lowers glucose',
        reference: 'Insulin lowers glucose',
        columns: { semantic: 1 },
      },
      { id: 'b', prompt: 'p', response: 'Insulin lowers glucose', reference: 'Insulin lowers glucose' },
    ])
    const many = await bindStage(semanticRewardStage, { reward: 'multi-criteria' }).apply(texts, null)
    expect((many.columns['rollout.reward'] as Signal).values[0]).toBeCloseTo(1, 12)
    expect(outcomeAt(many.columns['rollout.reward'] as Signal, 1)).toMatchObject({ status: 'abstained' })
    const alone = await bindStage(semanticRewardStage, { reward: 'semantic' }).apply(texts, null)
    expect((alone.columns['rollout.reward'] as Signal).values[0]).toBe(1)
  })
})
