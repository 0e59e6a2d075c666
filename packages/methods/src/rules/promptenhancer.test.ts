import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  alignReward,
  extractRewrite,
  hasAnswer,
  keypointCategories,
  keypoints,
  promptEnhancerRewriteStage,
  promptEnhancerStage,
  type RewriteLossInput,
  replaceSingleQuotes,
  rewriteAdvantages,
  rewriteLoss,
} from './promptenhancer.ts'

describe('extractRewrite', () => {
  const prompt = "a cat's 'toy'"
  const own = 'a cat\'s "toy"'
  it.each([
    ['<think>t</think><answer> A cube. </answer>', 'A cube.', 'answer', 'A cube.'],
    ['<answer>one</answer> <answer>two</answer>', 'one', 'answer', 'one'],
    ['<think>3</think>\nThree cats.', 'Three cats.', 'text', 'Three cats.'],
    ['<think>hmm</think>', own, 'original', own],
    ['', own, 'original', own],
    ['<think>x</think><answer> </answer>', own, 'original', ''],
    ['<think>x</think><answer>A cube', 'A cube', 'text', '<answer>A cube'],
    ['<answer>', own, 'original', '<answer>'],
    ['<think>a</think>x<think>b</think>y', 'xy', 'text', 'xy'],
  ])('%j', (output, text, source, released) => {
    expect(extractRewrite(output, prompt)).toEqual({ text, source })
    expect(extractRewrite(output, prompt, { compat: 'released' }).text).toBe(released)
  })

  it('counts answers for the log', () => {
    expect([
      hasAnswer('<answer>a</answer>'),
      hasAnswer('a'),
      hasAnswer('<answer>a</answer><answer>b</answer>'),
    ]).toEqual([true, false, false])
  })
})

describe('replaceSingleQuotes', () => {
  it.each([
    ["he said 'hi' twice", 'he said "hi" twice'],
    ["the dog's bowl", "the dog's bowl"],
    ["the dogs' and cats' bowls", "the dogs' and cats' bowls"],
    ["'a' 'b'", '"a" "b"'],
    // letters of any script are words, in JavaScript as in Python
    ["é'x'é", "é'x'é"],
    ["字'x'字", "字'x'字"],
    ["_'x'", "_'x'"],
    ["''", '""'],
    ['‘open’', '“open”'],
  ])('%s', (text, expected) => {
    expect(replaceSingleQuotes(text)).toBe(expected)
  })
})

describe('alignReward', () => {
  it('knows 24 points in 6 categories', () => {
    expect(keypoints.length).toBe(24)
    expect(new Set(keypoints).size).toBe(24)
    expect(Object.keys(keypointCategories).length).toBe(6)
  })

  it('averages points, not categories', () => {
    // categories would give (0 + 1)/2
    const reward = alignReward({ negation: 0, counting: 1, size: 1 })
    expect(reward).toMatchObject({ reward: 2 / 3, applicable: 3, valid: true })
    expect(reward.categoryMeans).toMatchObject({ languageUnderstanding: 0, visualAttributes: 1, inImageText: null })
  })

  it('pass counts missing points as 1', () => {
    expect(alignReward({ counting: 0, negation: 0 }, { nonApplicable: 'pass' }).reward).toBeCloseTo(22 / 24, 12)
  })

  it('NaN and null are missing, other names are listed; nothing scored is not valid', () => {
    expect(alignReward({ counting: Number.NaN, size: null, beauty: 1 })).toMatchObject({
      reward: 0,
      applicable: 0,
      valid: false,
      unknown: ['beauty'],
    })
    expect(alignReward({}, { nonApplicable: 'pass' }).valid).toBe(false)
    expect(alignReward({ constructor: 1 }).unknown).toEqual(['constructor'])
  })

  it('stays in [0, 1], and pass is never below exclude', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keypoints), fc.double({ min: 0, max: 1, noNaN: true })), scores => {
        const { reward } = alignReward(scores)
        expect(reward).toBeGreaterThanOrEqual(0)
        expect(reward).toBeLessThanOrEqual(1 + 1e-12)
        if (Object.keys(scores).length > 0)
          expect(alignReward(scores, { nonApplicable: 'pass' }).reward).toBeGreaterThanOrEqual(reward - 1e-12)
      }),
    )
  })
})

describe('rewriteLoss', () => {
  const f64 = (given: number[][]) => ndarray(given, { dtype: 'float64' })
  const run = (logProbs: number[][], oldLogProbs: number[][], advantages: number[][], mask: number[][], klCoef = 0) => {
    const { value, gradient, aux } = interpret(
      valueAndGrad(
        (current: Tensor, rest: Omit<{ [Key in keyof RewriteLossInput]: Tensor }, 'logProbs'>) => {
          const { loss, sequenceLosses } = rewriteLoss({ logProbs: current, ...rest }, { klCoef })
          return [loss, sequenceLosses] as const
        },
        { hasAux: true },
      ),
    )(f64(logProbs), {
      oldLogProbs: f64(oldLogProbs),
      refLogProbs: f64(oldLogProbs),
      advantages: f64(advantages),
      mask: f64(mask),
    })
    return { loss: value.data[0], gradient: [...gradient.data], sequences: [...aux.data] }
  }

  it('clips, averages tokens then all sequences, counts empty ones', () => {
    const result = run(
      [
        [Math.log(2), 0],
        [0, 0],
      ],
      [
        [0, 0],
        [0, 0],
      ],
      [
        [1, 1],
        [-1, -1],
      ],
      [
        [1, 1],
        [0, 0],
      ],
    )
    // ratio 2 is clipped to 1.2: −(1.2 + 1)/2 = −1.1; the empty row adds 0 and halves it
    expect(result.sequences).toEqual([expect.closeTo(-1.1, 12), 0])
    expect(result.loss).toBeCloseTo(-0.55, 12)
    expect(result.gradient).toEqual([0, expect.closeTo(-0.25, 12), 0, 0])
  })

  it('equal rewards leave only the KL term', () => {
    const result = run([[-1 + Math.log(2)]], [[-1]], [[0]], [[1]], 0.5)
    // d = ref − new = −log 2: k3 = ½ + log 2 − 1, gradient 1 − e^d = ½
    expect(result.loss).toBeCloseTo(0.5 * (Math.log(2) - 0.5), 12)
    expect(result.gradient[0]).toBeCloseTo(0.25, 12)
  })

  it('masked NaN has no effect', () => {
    expect(run([[0, Number.NaN]], [[0, Number.NaN]], [[1, 1]], [[1, 0]], 0.1).gradient).toEqual([-1, 0])
  })

  it('advantages: none without spread', () => {
    expect([...rewriteAdvantages(new Array(15).fill(Math.fround(0.98)))]).toEqual(new Array(15).fill(0))
    expect(rewriteAdvantages([0, 1])[1]).toBeCloseTo(0.5 / (Math.SQRT1_2 + 1e-6), 12)
  })
})

describe('stages', () => {
  const batch = batchFromRollouts([
    {
      id: 'a',
      prompt: 'a cat',
      response: '<answer>a red cat</answer>',
      columns: { keypointScores: { counting: 1, size: 0 } },
    },
    { id: 'b', prompt: 'a dog', response: '<think>x</think>', columns: { keypointScores: { counting: null } } },
    { id: 'c', prompt: 'a fox', columns: { keypointScores: { counting: 'high' } } },
  ])

  it('rewrite: what the generator and the evaluator get', async () => {
    const { columns } = await bindStage(promptEnhancerRewriteStage).apply(batch, null)
    expect(columns['rollout.rewrite'].values).toEqual(['a red cat', 'a dog', undefined])
    expect(columns['rollout.evaluationPrompt'].values).toEqual(['a cat', 'a dog', 'a fox'])
    expect([...(columns['rollout.promptEnhancerFallback'] as Signal).values]).toEqual([0, 1, Number.NaN])
  })

  it('reward: abstains without a scored point, fails on nonsense', async () => {
    const { columns } = await bindStage(promptEnhancerStage).apply(batch, null)
    const reward = columns['rollout.reward'] as Signal
    expect(outcomeAt(reward, 0)).toEqual({ status: 'scored', value: 0.5 })
    expect(outcomeAt(reward, 1)).toMatchObject({ status: 'abstained' })
    expect(outcomeAt(reward, 2)).toMatchObject({ status: 'failed' })
    expect(outcomeAt(columns['rollout.promptEnhancerInImageText'] as Signal, 0)).toMatchObject({ status: 'abstained' })
  })
})
