import { batchFromRollouts, bindStage, failed, outcomeAt, type Signal } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MlpLayer } from '../shared/mlp.ts'
import { pairLoss } from '../shared/pair-loss.ts'
import {
  type BaseRewardLossOptions,
  type BaseRewardPairs,
  baseRewardLoss,
  baseRewardStage,
  benchmarkMetrics,
  ensembleWeights,
  hybridReward,
  largestGapPairs,
  orderSwapVerdict,
  pairwiseRewardStage,
  pairwiseSumRewards,
  parseVerdict,
  rewardHead,
  usefulDataSets,
  weightedScores,
} from './base-reward.ts'

describe('head and loss', () => {
  it('one layer is linear; two without activation are linear too', () => {
    const head = interpret((h: Tensor, layers: MlpLayer[]) => rewardHead(h, layers, { activation: 'none' }))
    const twice = [
      {
        weight: [
          [2, 0],
          [0, 3],
        ],
        bias: [0, 0],
      },
      { weight: [[1, 1]], bias: [1] },
    ]
    expect([...head([[1, 1]], twice).data]).toEqual([6])
    expect([
      ...head(
        [
          [1, 1],
          [0, 0],
        ],
        [{ weight: [[2, 3]], bias: [1] }],
      ).data,
    ]).toEqual([6, 1])
  })

  it('SiLU is the default activation', () => {
    const head = interpret((h: Tensor, layers: MlpLayer[]) => rewardHead(h, layers))
    const layers = [{ weight: [[1]] }, { weight: [[1]] }]
    expect(head([[-1]], layers).data[0]).toBeCloseTo(-1 / (1 + Math.E), 12)
  })

  const run = (pairs: { [Key in keyof BaseRewardPairs]: number[] }, options: BaseRewardLossOptions) =>
    interpret(
      valueAndGrad(
        (p: BaseRewardPairs) => {
          const loss = baseRewardLoss(p, options)
          return [loss.total, loss] as const
        },
        { hasAux: true },
      ),
    )(pairs as never)

  it('without regularisers is the pair loss', () => {
    const plain = interpret((c: Tensor, r: Tensor) => pairLoss(c, r))([1, 0], [0, 2]).data[0]
    expect(run({ chosen: [1, 0], rejected: [0, 2] }, {}).value.data[0]).toBeCloseTo(plain, 12)
  })

  it('normalises by length before the zero-coefficient term; length 0 counts as 1', () => {
    // e − 1 tokens divide by 1; 0 tokens by ln 2: rewards 2 and 3·ln2/ln2 = 3 → (2 + 3)²
    const pairs = { chosen: [2], rejected: [3 * Math.LN2], chosenLengths: [Math.E - 1], rejectedLengths: [0] }
    const loss = run(pairs, { lengthNormalise: true, zeroCoefficient: 0.1 })
    expect(loss.aux.zeroCoefficient.data[0]).toBeCloseTo(2.5, 12)
    expect(loss.aux.ranking.data[0]).toBeCloseTo(Math.log1p(Math.exp(1)), 12)
  })
})

describe('ensembles', () => {
  it('weighs by accuracy or by mean margin, never negatively', () => {
    const validation = {
      chosen: [
        [1, 1],
        [1, 0],
        [0, 0],
      ],
      rejected: [
        [0, 0],
        [0, 1],
        [3, 3],
      ],
    }
    expect([...ensembleWeights(3, 'accuracy', validation)]).toEqual([2 / 3, 1 / 3, 0])
    expect([...ensembleWeights(3, 'confidence', validation)]).toEqual([1, 0, 0])
    expect([...ensembleWeights(2, 'average')]).toEqual([0.5, 0.5])
  })

  it('falls back to the average when nothing was right', () => {
    const wrong = { chosen: [[0], [0]], rejected: [[1], [1]] }
    expect([...ensembleWeights(2, 'accuracy', wrong)]).toEqual([0.5, 0.5])
    expect([...ensembleWeights(2, 'confidence', wrong)]).toEqual([0.5, 0.5])
    expect(() => ensembleWeights(2, 'accuracy')).toThrow(/validation scores for mode "accuracy"/)
    expect(() => ensembleWeights(3, 'accuracy', wrong)).toThrow(/of 3 models; got 2/)
  })

  it('leaves a missing member out and rescales the others', () => {
    expect([
      ...weightedScores(
        [
          [1, null],
          [3, 5],
        ],
        [0.5, 0.5],
      ),
    ]).toEqual([2, 5])
    expect(() => weightedScores([[null]], [1])).toThrow(/response 0; got none/)
    expect(() => weightedScores([[Number.NaN]], [1])).toThrow(/finite scores for response 0/)
  })

  it('sums preferences without the diagonal', () => {
    expect([
      ...pairwiseSumRewards([
        [9, 1, 0],
        [0, 9, 1],
        [1, 1, 9],
      ]),
    ]).toEqual([1, 1, 2])
    expect(() => pairwiseSumRewards([[1, 2]])).toThrow(/same length/)
  })

  it('a match always beats a non-match', () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 30, noNaN: true }), score => {
        expect(hybridReward(score, false)).toBeLessThan(hybridReward(score, true))
      }),
    )
  })

  it('counts pairs, whole samples and categories', () => {
    const metrics = benchmarkMetrics([
      { sampleId: 1, category: 'a', correct: true },
      { sampleId: 1, category: 'b', correct: false },
      { sampleId: 2, category: 'a', correct: true },
    ])
    expect(metrics).toEqual({ accuracy: 2 / 3, accuracyPlus: 0.5, macroAccuracy: 0.5, perCategory: { a: 1, b: 0 } })
    expect(() => benchmarkMetrics([])).toThrow(/at least one entry/)
  })
})

describe('verdicts', () => {
  it.each([
    ['<answer>2</answer>', 2],
    ['<answer>1</answer> no: <answer> 2 </answer>', 2],
    [' 1\n', 1],
    ['<answer>both</answer> 1', null],
    ['response 1', null],
    ['', null],
  ])('%j → %s', (text, verdict) => {
    expect(parseVerdict(text)).toBe(verdict)
  })

  it.each([
    [1, 2, 1],
    [2, 1, 2],
    [1, 1, null],
    [2, 2, null],
    [null, null, null],
  ] as const)('original %s, swapped %s → %s', (original, swapped, winner) => {
    expect(orderSwapVerdict(original, swapped)).toBe(winner)
    expect(orderSwapVerdict(original, swapped, { onMissing: 'other' })).toBe(winner)
  })

  it.each([
    [null, 1, 2],
    [2, null, 2],
  ] as const)('one missing (%s, %s) is no verdict, or %s when told', (original, swapped, other) => {
    expect(orderSwapVerdict(original, swapped)).toBeNull()
    expect(orderSwapVerdict(original, swapped, { onMissing: 'other' })).toBe(other)
  })
})

describe('stages', () => {
  it('verifies what can be verified', async () => {
    const batch = batchFromRollouts(
      [
        { score: 0, correct: 1 },
        { score: Math.log(3), correct: 0 },
        { score: Math.log(3) },
        { score: failed('timeout', 'slow'), correct: 1 },
        { score: 1, correct: failed('sandbox', 'broke') },
      ].map((columns, i) => ({ id: `r${i}`, prompt: 'p', response: 'x', columns })),
    )
    const stage = bindStage(baseRewardStage)
    const reward = (await stage.apply(batch, stage.initial())).columns['rollout.reward'] as Signal
    ;[1, 0.75, 0.75, 1].forEach((expected, r) => {
      expect(reward.values[r]).toBeCloseTo(expected, 12)
    })
    expect(outcomeAt(reward, 4)).toMatchObject({ status: 'failed', failure: { class: 'sandbox' } })
    const raw = bindStage(baseRewardStage, { unverifiable: 'raw' })
    const unscaled = (await raw.apply(batch, raw.initial())).columns['rollout.reward'] as Signal
    expect(unscaled.values[2]).toBeCloseTo(Math.log(3), 12)
  })

  it('sums pair scores within the group and fails what is incomplete', async () => {
    const batch = batchFromRollouts(
      [[null, 0.7], [0.3, null], [0.5]].map((pairScores, i) => ({
        id: `r${i}`,
        group: i < 2 ? 'g' : 'h',
        prompt: i < 2 ? 'p' : 'q',
        response: 'x',
        columns: { pairScores: i === 2 ? [] : pairScores },
      })),
    )
    const stage = bindStage(pairwiseRewardStage)
    const reward = (await stage.apply(batch, stage.initial())).columns['rollout.reward'] as Signal
    expect([...reward.values.slice(0, 2)]).toEqual([0.7, 0.3])
    expect(outcomeAt(reward, 2)).toMatchObject({ status: 'failed' })
  })
})

describe('data recipe', () => {
  it('keeps the pair of largest gap of each prompt, the first of equals', () => {
    expect(largestGapPairs(['a', 'b', 'a', 'a', 'b'], [5, 3, 9, 8, 2], [4, 2, 5, 4, 0])).toEqual([2, 4])
    expect(largestGapPairs([1], [0], [3])).toEqual([0])
    expect(largestGapPairs([], [], [])).toEqual([])
    expect(() => largestGapPairs(['a'], [Number.NaN], [0])).toThrow(/finite/)
  })

  it('drops sets that bring nothing', () => {
    const gains = [
      { name: 'good', withSet: 0.8, withoutSet: 0.7 },
      { name: 'none', withSet: 0.8, withoutSet: 0.8 },
      { name: 'harmful', withSet: 0.7, withoutSet: 0.8 },
    ]
    expect(usefulDataSets(gains)).toEqual(['good'])
    expect(usefulDataSets(gains, { minimum: -0.01 })).toEqual(['good', 'none'])
  })
})
