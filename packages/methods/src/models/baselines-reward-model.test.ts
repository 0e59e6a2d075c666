import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bestOfFourScore,
  bothOrientations,
  bradleyTerryLoss,
  calibration,
  directPreferenceLoss,
  fitOveroptimisation,
  goldAt,
  implicitRewardStage,
  overoptimisationPeak,
  type PreferenceLogprobs,
  plackettLuceLoss,
  regressionLoss,
  rewardBenchScore,
  sequenceScores,
  tiesScore,
} from './baselines-reward-model.ts'

describe('losses', () => {
  it('Bradley–Terry: gradient −σ(−(d − m))/N, plus the centring term', () => {
    const run = (options: { margin?: number; centring?: number }) =>
      interpret(valueAndGrad((c: Tensor, r: Tensor) => bradleyTerryLoss(c, r, options)))([1, 0], [0, 0])
    expect(run({ margin: 1 }).gradient.data[0]).toBeCloseTo(-0.25, 12)
    expect(run({}).value.data[0]).toBeCloseTo((Math.log1p(Math.exp(-1)) + Math.LN2) / 2, 12)
    // offsets 1, 0: mean of squares 0.5
    expect(run({ centring: 0.2 }).value.data[0] - run({}).value.data[0]).toBeCloseTo(0.1, 12)
  })

  it('Plackett–Luce: two items are Bradley–Terry, one item is 0, equal scores give log n!', () => {
    const loss = interpret(plackettLuceLoss)
    expect(loss([0.3, 1.1], [1, 0]).data[0]).toBeCloseTo(Math.log1p(Math.exp(-0.8)), 12)
    expect(loss([5], [0]).data[0]).toBeCloseTo(0, 12)
    expect(loss([2, 2, 2, 2], [3, 1, 0, 2]).data[0]).toBeCloseTo(Math.log(24), 12)
  })

  it('Plackett–Luce of several rankings is their mean, and ignores a common shift', () => {
    const loss = interpret(plackettLuceLoss)
    const one = loss([1, 2, 3], [2, 1, 0]).data[0]
    const other = loss([0, 0, 5], [0, 1, 2]).data[0]
    const rows = [
      [1, 2, 3],
      [100, 100, 105],
    ]
    const both = loss(rows, [
      [2, 1, 0],
      [0, 1, 2],
    ])
    expect(both.data[0]).toBeCloseTo((one + other) / 2, 10)
  })

  it('regression is the mean squared error', () => {
    expect(interpret(regressionLoss)([1, 2], [0, 4]).data[0]).toBe(2.5)
  })

  it('direct preference losses agree without smoothing; robust is unbiased under flips', () => {
    const logprobs = { policyChosen: [-1], policyRejected: [-3], referenceChosen: [-2], referenceRejected: [-2] }
    const swapped = {
      policyChosen: logprobs.policyRejected,
      policyRejected: logprobs.policyChosen,
      referenceChosen: [-2],
      referenceRejected: [-2],
    }
    const loss = (p: typeof logprobs, variant: 'sigmoid' | 'conservative' | 'robust', labelSmoothing: number) =>
      interpret((x: PreferenceLogprobs) => directPreferenceLoss(x, { beta: 0.5, variant, labelSmoothing }))(p).data[0]
    const clean = loss(logprobs, 'sigmoid', 0)
    // z = 0.5·(1 − (−1)) = 1
    expect(clean).toBeCloseTo(Math.log1p(Math.exp(-1)), 12)
    expect(loss(logprobs, 'conservative', 0)).toBeCloseTo(clean, 12)
    // with flip rate 0.2: 0.8·robust(right) + 0.2·robust(flipped) = clean loss
    const expected = 0.8 * loss(logprobs, 'robust', 0.2) + 0.2 * loss(swapped, 'robust', 0.2)
    expect(expected).toBeCloseTo(clean, 12)
    expect(() => loss(logprobs, 'robust', 0.5)).toThrow(/below 0.5 for the robust loss/)
    expect(() => loss(logprobs, 'conservative', 0.6)).toThrow(/labelSmoothing in \[0, 0.5\]/)
  })

  it('reference-free scores read logits at the next label', () => {
    // two classes with equal logits: every counted token has log-probability −ln 2
    const logits = [
      [0, 0],
      [0, 0],
      [0, 0],
    ]
    const scores = interpret((l: Tensor, y: Tensor) => sequenceScores(l, y))(
      [logits, logits],
      [
        [0, 1, -100],
        [-100, 1, 0],
      ],
    )
    expect([...scores.sum.data]).toEqual([-Math.LN2, -2 * Math.LN2])
    expect([...scores.average.data]).toEqual([-Math.LN2, -Math.LN2])
    expect(scores.norm.data[1]).toBeCloseTo(-Math.LN2 * Math.SQRT2, 12)
  })
})

describe('calibration', () => {
  it('puts an edge into the bin to its right and p = 1 into the last', () => {
    const { nonEmptyBins, ece } = calibration([0.5, 1], [1, 1], { bins: 2 })
    expect(nonEmptyBins).toEqual([{ bin: 1, count: 2, confidence: 0.75, accuracy: 1 }])
    expect(ece).toBe(0.25)
  })

  it('is perfect for certain and right predictions, and biased unless both orientations are given', () => {
    expect(calibration([1, 0], [1, 0])).toMatchObject({ ece: 0, mce: 0, brier: 0 })
    // every pair right with p = 0.8: one orientation shows a gap of 0.2 at most; both show 0.2 on each side
    const both = bothOrientations([0.8, 0.8])
    expect([...both.outcomes]).toEqual([1, 1, 0, 0])
    expect(calibration(both.probabilities, both.outcomes).ece).toBeCloseTo(0.2, 12)
  })

  it('refuses what is not a probability or an outcome', () => {
    expect(() => calibration([1.2], [1])).toThrow(/probabilities\[0\] in \[0, 1\]/)
    expect(() => calibration([0.2], [2])).toThrow(/outcomes of 0 or 1; got 2 at 0/)
  })
})

describe('benchmarks', () => {
  it('weighs subsets by size and skips what is missing', () => {
    // Chat: (1·100 + 0·95)/195
    const score = rewardBenchScore({ 'alpacaeval-easy': 1, 'alpacaeval-length': 0 }, { priorSetsScore: 0.9 })
    expect(score.sections.Chat).toBeCloseTo(100 / 195, 12)
    expect(score.sections.Safety).toBe(0)
    expect(score.withPriorSets).toBeCloseTo((2 * score.sections.Chat + 0.9) / 9, 12)
    expect(() => rewardBenchScore({ chat: 1 })).toThrow(/got "chat"/)
    expect(rewardBenchScore({ chat: 1, donotanswer: 0.5 }, { unknown: 'ignore' }).sections.Safety).toBe(0.5)
  })

  it('splits the credit of a best-of-four item over its maxima', () => {
    expect(
      bestOfFourScore([
        [2, 1],
        [1, 2],
        [1, 1, 1, 0],
      ]),
    ).toEqual({ credits: [1, 0, 1 / 3], accuracy: 4 / 9 })
  })

  it('scores ties: everything right is 0.3 + 0.3 + 0.2 + 0.2 plus the margin term', () => {
    const ref = { id: 'ref:1', numCorrect: 1, scores: [5, 1] }
    // spread 1, gap 2 (ref gap 4): 1 + 0.01·tanh(2/1 − 1)
    const tied = { id: 'tied:1', numCorrect: 2, scores: [4, 3, 1] }
    expect(tiesScore([ref, tied]).overall).toBeCloseTo(1 + 0.01 * Math.tanh(1), 12)
    // spread 0 with a positive gap counts fully, with no gap not at all
    const same = tiesScore([ref, { ...tied, scores: [3, 3, 1] }])
    expect(same.overall).toBeCloseTo(1.01, 12)
    const flat = tiesScore([
      { ...ref, scores: [1, 1] },
      { ...tied, scores: [1, 1, 1] },
    ])
    expect(flat.overall).toBe(0)
    expect(tiesScore([ref]).overall).toBeCloseTo(0.3, 12)
    expect(() => tiesScore([{ ...ref, numCorrect: 2 }])).toThrow(/prompt "ref:1" lacks one kind/)
    expect(() => tiesScore([{ ...ref, id: 'x' }])).toThrow(/got "x"/)
  })
})

describe('over-optimisation', () => {
  it('peaks where it says', () => {
    for (const kind of ['bestOfN', 'rl'] as const) {
      const curve = { kind, alpha: 1, beta: 0.3 }
      const peak = overoptimisationPeak(curve)!
      expect(goldAt(peak.kl, curve)).toBeCloseTo(peak.gold, 12)
      expect(goldAt(peak.kl * 1.1, curve)).toBeLessThan(peak.gold)
      expect(goldAt(peak.kl * 0.9, curve)).toBeLessThan(peak.gold)
      expect(goldAt(0, curve)).toBe(0)
    }
    expect(overoptimisationPeak({ kind: 'rl', alpha: 1, beta: 0 })).toBeUndefined()
  })

  it('recovers the parameters of a curve without noise, ignoring KL = 0', () => {
    const parameter = fc.double({ min: 0.05, max: 3, noNaN: true })
    fc.assert(
      fc.property(fc.constantFrom('bestOfN', 'rl'), parameter, parameter, (kind, alpha, beta) => {
        const kl = [0, 0.3, 1, 2, 5, 9]
        const gold = kl.map(x => goldAt(x, { kind, alpha, beta }))
        const fit = fitOveroptimisation(kl, gold, { kind })
        expect(fit.alpha).toBeCloseTo(alpha, 8)
        expect(fit.beta).toBeCloseTo(beta, 8)
      }),
    )
    expect(() => fitOveroptimisation([0, 1, 1], [0, 1, 1], { kind: 'rl' })).toThrow(/two different KL values/)
  })
})

describe('stage', () => {
  const batch = batchFromRollouts([
    {
      id: 'a',
      prompt: 'p',
      response: 'x',
      tokens: { ids: [1, 2, 3], logprobs: [-1, -3, -4], refLogprobs: [-1, -2, -2], mask: [0, 1, 1] },
    },
    { id: 'b', prompt: 'p', response: '', tokens: { ids: [1], logprobs: [-1], refLogprobs: [-1], mask: [0] } },
  ])

  it.each([
    ['implicit', -0.3],
    ['sum', -7],
    ['average', -3.5],
    ['norm', -5],
  ] as const)('%s over response tokens; no tokens is a failure', async (kind, expected) => {
    const stage = bindStage(implicitRewardStage, { kind })
    const reward = (await stage.apply(batch, stage.initial())).columns['rollout.reward'] as Signal
    expect(reward.values[0]).toBeCloseTo(expected, 12)
    expect(outcomeAt(reward, 1)).toMatchObject({ status: 'failed' })
  })
})
