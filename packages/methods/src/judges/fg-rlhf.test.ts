import { batchFromRollouts, bindStage, outcomeAt, type Signal, withColumns } from '@guerdon/core'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  combineHeads,
  completenessLoss,
  completenessReward,
  coveragePreferences,
  endTokens,
  endTokensFromOffsets,
  fgRlhfAdvantageStage,
  fgRlhfStage,
  fineGrainedAdvantages,
  fineGrainedPpoLoss,
  headDecisions,
  headLoss,
  incrementalToxicityRewards,
  klPenalised,
  placeSegmentRewards,
  segmentBoundaries,
  segmentLabels,
  segmentRatio,
  sentenceSlices,
  whitenRows,
} from './fg-rlhf.ts'

const close = (values: number[]) => values.map(value => expect.closeTo(value, 9))
const rowsOf = (rows: Float64Array[]) => rows.map(row => [...row])

describe('segmentBoundaries', () => {
  it.each([
    // "one two three four five, " is 25 long; the comma word is the fifth and six words follow
    [['one two three four five, six seven eight nine ten eleven'], [0, 25, 56], [0, 56]],
    // only five words follow: i + 5 < n does not hold
    [['one two three four five, six seven eight nine ten'], [0, 49], [0, 49]],
    // the piece between the commas has two words: its start is taken back and moves on
    [['a b c d e, f g, h i j k l m'], [0, 16, 27], [0, 27]],
    // a short first piece never moves the start of the sentence
    [['a b, c d e f g h i'], [0, 18], [0, 18]],
    [
      ['Yes.', ' No.', '  '],
      [0, 5, 10],
      [0, 4, 8],
    ],
    [[], [0], [0]],
  ])('%j', (sentences, subSentences, expected) => {
    expect(segmentBoundaries(sentences)).toEqual({ subSentences, sentences: expected })
  })

  it('counts UTF-16 units or code points', () => {
    expect(segmentBoundaries(['😀 a']).sentences).toEqual([0, 4])
    expect(segmentBoundaries(['😀 a'], { unit: 'codePoints' }).sentences).toEqual([0, 3])
  })

  it('ascends, starts at the first word, ends at the end', () => {
    const words = fc.array(fc.constantFrom('a', 'bb,', 'c;', 'd!', 'e'), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(words, parts => {
        const text = parts.join(' ')
        const { subSentences } = segmentBoundaries([text])
        expect(subSentences[0]).toBe(0)
        expect(subSentences.at(-1)).toBe(text.length)
        for (let i = 1; i < subSentences.length; i++) expect(subSentences[i]).toBeGreaterThan(subSentences[i - 1])
      }),
    )
  })

  it('slices sentences without losing a character', () => {
    expect(sentenceSlices('It is 0.1 m. Really? Yes')).toEqual(['It is 0.1 m.', ' Really?', ' Yes'])
    expect(sentenceSlices('')).toEqual([])
  })
})

describe('labels and tokens', () => {
  it('aligns segment ends', () => {
    expect([...endTokens([4, 9, 0], 6)]).toEqual([3, 5, 0])
    expect([...endTokensFromOffsets([5, 99], [0, 3, 5, 8])]).toEqual([1, 3])
  })

  it('labels: any overlap is an error, short relevance spans drop, a relevance error silences factuality', () => {
    const text = 'one two three four five six. seven eight'
    const spans = [{ start: 0, end: 27, category: 'relevance' as const }]
    expect(segmentLabels([0, 28, 40], spans, text, { head: 'relevance' })).toEqual(['error', 'ok'])
    expect(segmentLabels([0, 28, 40], spans, text, { head: 'factuality' })).toEqual(['ignore', 'ok'])
    expect(segmentLabels([0, 28, 40], [{ ...spans[0], end: 7 }], text, { head: 'relevance' })).toEqual(['ok', 'ok'])
    const fact = [{ start: 39, end: 40, category: 'factuality' as const }]
    expect(segmentLabels([0, 28, 40], fact, text, { head: 'factuality' })).toEqual(['ok', 'error'])
  })

  it('decides between two classes, a tie is an error, NaN is none', () => {
    const logits = [
      [9, 0, 1],
      [9, 1, 1],
      [9, Number.NaN, 1],
    ]
    expect(headDecisions(logits, { errorId: 1, okId: 2 })).toEqual([true, false, undefined])
    expect(segmentRatio([[true, false, undefined], [true]])).toBeCloseTo(2 / 3, 12)
    expect(segmentRatio([[]])).toBeNull()
  })

  it('coverage preferences, dropped when nothing is relevant', () => {
    expect(
      coveragePreferences(
        [
          ['a', 'a'],
          ['b', 'c'],
        ],
        ['a', 'b', 'c'],
      ),
    ).toEqual({
      skipped: false,
      coverage: [1 / 3, 2 / 3],
      preferences: [2],
    })
    expect(coveragePreferences([['a']], [])).toEqual({ skipped: true, coverage: [], preferences: [] })
  })
})

describe('rewards', () => {
  const weights = { positive: 0.5, negative: -0.25 }

  it('places at ends, holds at the last token, the later one counts', () => {
    expect([...placeSegmentRewards(4, { ends: [1, 1, 9], ok: [true, false, true] }, weights)]).toEqual([
      0, -0.25, 0, 0.5,
    ])
    expect([...placeSegmentRewards(2, { ends: [0], ok: [undefined] }, weights)]).toEqual([0, 0])
    expect([...placeSegmentRewards(0, { ends: [3], ok: [true] }, weights)]).toEqual([])
    expect(() => placeSegmentRewards(4, { ends: [1], ok: [] }, weights)).toThrow('same length')
  })

  it('adds heads and the completeness of the whole', () => {
    expect([
      ...combineHeads(
        2,
        [
          [1, 0],
          [0, -1],
        ],
        0.5,
      ),
    ]).toEqual([1, -0.5])
    expect([...combineHeads(0, [[]], 0.5)]).toEqual([])
    expect(completenessReward(3, { mean: 1, std: 4, scale: 2, bias: 1 })).toBe(2)
    expect(() => completenessReward(3, { mean: 1, std: 0, scale: 2, bias: 1 })).toThrow('positive std')
  })

  it('charges divergence on policy tokens only', () => {
    const { penalised, kl } = klPenalised([[1]], [[-1, -5]], [[-2, 0]], [[1, 0]], { klCoef: 0.5 })
    expect(rowsOf(penalised)).toEqual([[0.5, 0]])
    expect(rowsOf(kl)).toEqual([[1, 0]])
  })

  it('toxicity rewards telescope to the change of the whole', () => {
    const { segments, holistic } = incrementalToxicityRewards([0.8, 0.5, 0.1])
    expect([...segments]).toEqual(close([-0.8, 0.3, 0.4]))
    expect(holistic).toBeCloseTo(0.9, 12)
    expect(segments.reduce((sum, value) => sum + value, 0)).toBeCloseTo(-0.1, 12)
    expect(incrementalToxicityRewards([]).holistic).toBe(1)
  })
})

describe('whitenRows', () => {
  it('divides by the deviation; as released by its root', () => {
    // values 0, 8 with mask: mean 4, variance 16, deviation 4; ε = 1e-8 stands beside the one or the other
    const released = 4 / Math.sqrt(4 + 1e-8)
    const [values, mask] = [[[0, 8, 99]], [[1, 1, 0]]]
    expect(rowsOf(whitenRows(values, mask))).toEqual([close([-1, 1, 0])])
    expect(rowsOf(whitenRows(values, mask, { compat: 'released' }))).toEqual([close([-released, released, 0])])
    expect(rowsOf(whitenRows(values, mask, { shiftMean: false }))).toEqual([close([3, 5, 0])])
  })

  it.each([[[new Array(15).fill(Math.fround(0.98))]], [[[3]]], [[[]]]])('gives no signal in %j', values => {
    const mask = values.map(row => row.map(() => 1))
    expect(
      whitenRows(values, mask)
        .flatMap(row => [...row])
        .every(value => value === 0),
    ).toBe(true)
    expect(
      whitenRows(values, mask, { epsilon: 0 })
        .flatMap(row => [...row])
        .every(value => value === 0),
    ).toBe(true)
  })
})

describe('fineGrainedAdvantages', () => {
  it('every row ends at its own last token; the release lets padding leak into short rows', () => {
    const rewards = [
      [1, 1, 4],
      [1, 0, 0],
    ]
    const values = [
      [0, 0, 0],
      [0, 0, 0],
    ]
    const mask = [
      [1, 1, 1],
      [1, 0, 0],
    ]
    const options = { gamma: 1, lambda: 1 }
    const sound = fineGrainedAdvantages(rewards, values, mask, options)
    const released = fineGrainedAdvantages(rewards, values, mask, { ...options, compat: 'released' })
    const own = whitenRows(rewards, mask, { shiftMean: false })[1][0]
    expect(sound.raw[1][0]).toBeCloseTo(own, 9)
    // the whitened reward of padding is (0 − μ)/√std + μ ≠ 0 and flows back
    const leak = whitenRows(rewards, mask, { shiftMean: false, masked: 'transform', compat: 'released' })[1]
    expect(released.raw[1][0]).toBeCloseTo(leak[0] + leak[1] + leak[2], 9)
  })

  it('λ = 1 without values gives suffix sums', () => {
    const { raw } = fineGrainedAdvantages([[1, 2, 3]], [[0, 0, 0]], [[1, 1, 1]], { lambda: 1, whitenRewards: false })
    expect(rowsOf(raw)).toEqual([[6, 5, 3]])
  })

  it('a padded row equals the row alone in its raw advantages', () => {
    const token = fc.double({ min: -3, max: 3, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.tuple(token, token), { minLength: 1, maxLength: 6 }), pairs => {
        const [rewards, values] = [pairs.map(pair => pair[0]), pairs.map(pair => pair[1])]
        const ones = rewards.map(() => 1)
        const options = { whitenRewards: false, gamma: 0.9 }
        const alone = fineGrainedAdvantages([rewards], [values], [ones], options)
        const padded = fineGrainedAdvantages([[...rewards, 7]], [[...values, 7]], [[...ones, 0]], options)
        expect([...padded.raw[0]].slice(0, -1)).toEqual([...alone.raw[0]])
        expect(padded.raw[0].at(-1)).toBe(0)
      }),
    )
  })
})

describe('losses', () => {
  const f64 = (given: number[] | number[][] | number[][][]) => ndarray(given, { dtype: 'float64' })

  it('completeness: −log σ of the signed difference', () => {
    const { value, gradient } = interpret(
      valueAndGrad((a: Tensor, b: Tensor, label: Tensor) => completenessLoss(a, b, label)),
    )(f64([1, 0]), f64([1, 1000]), f64([1, -1]))
    expect(value.data[0]).toBeCloseTo(Math.LN2 / 2, 12)
    expect([...gradient.data]).toEqual(close([-0.25, 0]))
  })

  it('heads: only labelled positions, 0 when there are none', () => {
    const run = (labels: number[][]) =>
      interpret(valueAndGrad((logits: Tensor, given: Tensor) => headLoss(logits, given)))(
        f64([
          [
            [0, 0, 0],
            [5, 0, 0],
          ],
        ]),
        ndarray(labels, { dtype: 'int32' }),
      )
    expect(run([[2, -100]]).value.data[0]).toBeCloseTo(Math.log(3), 12)
    expect([...run([[2, -100]]).gradient.data]).toEqual(close([1 / 3, 1 / 3, -2 / 3, 0, 0, 0]))
    expect(run([[-100, -100]]).value.data[0]).toBe(0)
  })

  it('PPO: clips ratio and value, weighs both', () => {
    const one = f64([[1]])
    const loss = interpret((logProbs: Tensor, values: Tensor, rest: { [Key in 'zero' | 'one']: Tensor }) =>
      fineGrainedPpoLoss(
        {
          logProbs,
          oldLogProbs: rest.zero,
          advantages: rest.one,
          values,
          oldValues: rest.zero,
          returns: rest.one,
          mask: rest.one,
        },
        { valueCoef: 0.5 },
      ),
    )(f64([[Math.log(2)]]), f64([[0.5]]), { zero: f64([[0]]), one })
    expect(loss.policyLoss.data[0]).toBeCloseTo(-1.2, 12)
    // (0.2 − 1)² = 0.64 is larger than (0.5 − 1)²
    expect(loss.valueLoss.data[0]).toBeCloseTo(0.32, 12)
    expect(loss.total.data[0]).toBeCloseTo(-1.2 + 0.16, 12)
  })
})

describe('stages', () => {
  const record = (id: string, segments: unknown, mask: number[]) => ({
    id,
    prompt: 'p',
    tokens: {
      mask,
      logprobs: mask.map(() => -1),
      refLogprobs: mask.map(() => -2),
      values: mask.map(() => 0),
    },
    columns: { segments },
  })
  const good = {
    relevance: { ends: [0, 1], ok: [true, false] },
    factuality: { ends: [1], ok: [true] },
    completeness: -0.44677690555995353,
  }
  const batch = batchFromRollouts([
    record('a', good, [1, 0, 1]),
    record('b', { relevance: { ends: [0], ok: ['yes'] } }, [1]),
    record('c', good, [0]),
    { id: 'd', prompt: 'p', tokens: { mask: [1] } },
  ])

  it('counts policy tokens, keeps heads apart, fails bad segments', async () => {
    const { columns } = await bindStage(fgRlhfStage, { klCoef: 0.1 }).apply(batch, null)
    const reward = columns['token.reward'] as Signal
    expect(reward.values[0]).toBeCloseTo(0.3 - 0.1, 12)
    expect(outcomeAt(reward, 1)).toMatchObject({ status: 'abstained' })
    expect(reward.values[2]).toBeCloseTo(-0.3 + 0.5 - 0.1, 12)
    expect((columns['token.fgRlhfFactuality'] as Signal).values[2]).toBe(0.5)
    expect((columns['rollout.fgRlhfRelevanceRatio'] as Signal).values[0]).toBe(0.5)
    expect([1, 2, 3].map(r => outcomeAt(columns['rollout.fgRlhfRelevanceRatio'] as Signal, r).status)).toEqual([
      'failed',
      'abstained',
      'abstained',
    ])
  })

  it('counts segments without a decision, and leaves out a rollout whose divergence is unknown', async () => {
    const undecided = { relevance: { ends: [0, 1], ok: [null, true] }, factuality: { ends: [1], ok: [null] } }
    const halfKnown = {
      ...record('b', good, [1, 1]),
      tokens: { mask: [1, 1], logprobs: [-1, null], refLogprobs: [-2, -2] },
    }
    const given = batchFromRollouts([record('a', undecided, [1, 1]), halfKnown])
    const { columns } = await bindStage(fgRlhfStage).apply(given, null)
    const count = columns['rollout.fgRlhfUndecided'] as Signal
    expect(count.values[0]).toBe(2)
    expect(outcomeAt(count, 1)).toMatchObject({ status: 'abstained' })
    expect([0, 1, 2, 3].map(t => outcomeAt(columns['token.reward'] as Signal, t).status)).toEqual([
      'scored',
      'scored',
      'abstained',
      'abstained',
    ])
  })

  it('advantages leave unscored rollouts out of the statistics', async () => {
    const rewarded = withColumns(batch, (await bindStage(fgRlhfStage, { klCoef: 0 }).apply(batch, null)).columns)
    const { columns } = await bindStage(fgRlhfAdvantageStage, { lambda: 1, whitenRewards: false }).apply(rewarded, null)
    const advantage = columns['token.advantage'] as Signal
    // suffix sums 0.5 and 0.2, whitened
    expect(advantage.values[0]).toBeCloseTo(1, 5)
    expect(advantage.values[2]).toBeCloseTo(-1, 5)
    expect((columns['token.return'] as Signal).values[0]).toBeCloseTo(0.5, 12)
    expect(outcomeAt(advantage, 3)).toMatchObject({ status: 'failed', failure: { class: 'invalid_input' } })
  })
})
