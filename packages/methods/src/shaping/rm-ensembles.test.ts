import { batchFromRollouts, bindStage, outcomeAt, type Signal, withColumns } from '@guerdon/core'
import { interpret, type Tensor } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pairLoss } from '../shared/pair-loss.ts'
import {
  aggregateMembers,
  aggregateScores,
  aggregators,
  bestOfNStage,
  ensembleSeeds,
  kendallTauB,
  klPenalisedRewards,
  memberLoss,
  memberScales,
  rankAgreement,
  rmEnsemblesStage,
  selectBest,
  standardiseMembers,
  winRate,
} from './rm-ensembles.ts'

const member = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 6 })

describe('aggregation', () => {
  // members 1, 3, 8: mean 4, variance (9 + 1 + 16)/3 = 26/3
  it.each([
    ['mean', 4],
    ['median', 3],
    ['min', 1],
    ['meanMinusStd', 4 - Math.sqrt(26 / 3)],
    ['uncertaintyWeighted', 4 - 0.1 * (26 / 3)],
  ] as const)('%s', (aggregator, expected) => {
    expect(aggregateMembers([1, 3, 8], { aggregator, lambda: 0.1 }).score).toBeCloseTo(expected, 12)
  })

  it('one member: every aggregator gives its score', () => {
    for (const aggregator of aggregators) expect(aggregateMembers([0.3], { aggregator }).score).toBe(0.3)
  })

  it('two members: median = mean; unanimous members: no disagreement', () => {
    expect(aggregateMembers([1, 4], { aggregator: 'median' }).score).toBe(2.5)
    const unanimous = aggregateScores(
      Array.from({ length: 15 }, () => new Float32Array([0.98])),
      {
        aggregator: 'meanMinusStd',
      },
    )
    expect(unanimous.disagreement[0]).toBe(0)
    expect(unanimous.scores[0]).toBe(Math.fround(0.98))
  })

  it('is ordered, shifts with its members and ignores their order', () => {
    fc.assert(
      fc.property(member, fc.double({ min: -5, max: 5, noNaN: true }), (scores, shift) => {
        const by = (aggregator: (typeof aggregators)[number], values = scores) =>
          aggregateMembers(values, { aggregator }).score
        expect(by('min')).toBeLessThanOrEqual(by('mean') + 1e-9)
        expect(by('meanMinusStd')).toBeLessThanOrEqual(by('mean') + 1e-9)
        for (const aggregator of aggregators) {
          expect(by(aggregator, [...scores].reverse())).toBeCloseTo(by(aggregator), 8)
          const shifted = scores.map(s => s + shift)
          expect(by(aggregator, shifted)).toBeCloseTo(by(aggregator) + shift, 7)
        }
      }),
    )
  })

  it('drops a missing member or refuses, and never lets NaN through', () => {
    expect(aggregateMembers([1, null, 3])).toEqual({ score: 2, disagreement: 1, members: 2 })
    expect(() => aggregateMembers([1, null], { onMissing: 'fail' })).toThrow(/member 1 has none/)
    expect(() => aggregateMembers([null])).toThrow(/at least one entry/)
    expect(() => aggregateMembers([1, Number.NaN])).toThrow(/member 1 to be a finite number/)
    expect(() => aggregateScores([[1, 2], [1]])).toThrow(/member 0 has 2 scores, member 1 1/)
  })
})

describe('standardisation', () => {
  it('puts members on one scale and flags a constant one', () => {
    // 0, 2: mean 1, std 1 (ddof 0)
    const result = standardiseMembers([
      [0, 2],
      [5, 5],
    ])
    expect(result.standardised).toEqual([
      [-1, 1],
      [0, 0],
    ])
    expect(result.uninformative).toEqual([1])
  })

  it('takes held-out scales', () => {
    const scales = memberScales([[0, 2, null]])
    expect(scales).toEqual([{ mean: 1, standardDeviation: 1 }])
    expect(standardiseMembers([[4, null]], scales).standardised).toEqual([[3, null]])
    expect(() => standardiseMembers([[4]], [])).toThrow(/a scale for each of 1 members; got 0/)
  })

  it('makes the aggregate blind to each member’s offset and scale', () => {
    const plain = [
      [1, 2, 4],
      [0, 5, 1],
    ]
    const stretched = [plain[0].map(s => 10 * s + 7), plain[1]]
    const best = (rows: number[][]) =>
      selectBest(standardiseMembers(rows).standardised, { aggregator: 'min' }).aggregated
    best(stretched).forEach((value, i) => {
      expect(value).toBeCloseTo(best(plain)[i], 12)
    })
  })
})

describe('selection and agreement', () => {
  it('selects the first of equal bests and refuses an empty group', () => {
    expect(selectBest([[1, 1, 0]]).index).toBe(0)
    expect(() => selectBest([[]])).toThrow(/at least one entry/)
  })

  it('counts concordant pairs, ties corrected', () => {
    // one discordant of three pairs: (2 − 1)/3
    expect(kendallTauB([1, 2, 3], [1, 3, 2])).toBeCloseTo(1 / 3, 12)
    // (1,1) ties the first column: P = 2, Q = 0, untied 2 and 3 → 2/√6
    expect(kendallTauB([1, 1, 2], [1, 2, 3])).toBeCloseTo(2 / Math.sqrt(6), 12)
    expect(kendallTauB([1, 1], [1, 2])).toBeUndefined()
    expect(rankAgreement([1, 2, 3], [10, 20, 30])).toEqual({ spearman: 1, kendallTauB: 1, sameTop1: true })
  })

  it('counts ties of a win rate half', () => {
    expect(winRate([1, 0, 2], [0, 0, 3])).toBe(0.5)
  })

  it('subtracts λ times the summed log-ratio', () => {
    const result = klPenalisedRewards([1, 2], [[-1, -2], [-3]], [[-2, -2], [-1]], { lambda: 0.5 })
    expect([...result.kl]).toEqual([1, -2])
    expect([...result.rewards]).toEqual([0.5, 3])
    expect(() => klPenalisedRewards([1], [[-1]], [[]], { lambda: 1 })).toThrow(/same length/)
    expect(() => klPenalisedRewards([1], [[Number.NEGATIVE_INFINITY]], [[0]], { lambda: 1 })).toThrow(/response 0/)
  })
})

describe('training', () => {
  it('is Bradley–Terry plus a penalty on the common offset', () => {
    const run = (eta: number) => interpret((c: Tensor, r: Tensor) => memberLoss(c, r, { eta }))([1, 3], [0, 1])
    // offsets 1 and 4: mean of squares 8.5
    expect(run(0).regulariser.data[0]).toBe(8.5)
    const plain = interpret((c: Tensor, r: Tensor) => pairLoss(c, r))([1, 3], [0, 1]).data[0]
    expect(run(0).total.data[0]).toBeCloseTo(plain, 12)
    expect(run(0.1).total.data[0]).toBeCloseTo(plain + 0.85, 12)
  })

  it('varies the pre-training seed or the fine-tuning seed', () => {
    expect(new Set(ensembleSeeds('pretrain').map(seeds => seeds.pretrainSeed)).size).toBe(5)
    expect(new Set(ensembleSeeds('finetune', { pretrainSeed: 3 }).map(seeds => seeds.pretrainSeed))).toEqual(
      new Set([3]),
    )
  })
})

describe('stages', () => {
  const tokens = { ids: [1, 2, 3], logprobs: [-1, -1, -1], refLogprobs: [-2, -1.5, -9], mask: [1, 1, 0] }
  const batch = batchFromRollouts(
    [[1, 3], [2, null], undefined, [9, 9]].map((memberScores, i) => ({
      id: `r${i}`,
      group: i < 3 ? 'a' : 'b',
      prompt: i < 3 ? 'p' : 'q',
      response: 'x',
      tokens,
      columns: memberScores === undefined ? {} : { memberScores },
    })),
  )

  it('aggregates what there is, and fails a rollout nobody scored', async () => {
    const stage = bindStage(rmEnsemblesStage, { aggregator: 'meanMinusStd' })
    const { columns } = await stage.apply(batch, stage.initial())
    const reward = columns['rollout.reward'] as Signal
    expect([reward.values[0], reward.values[1], reward.values[3]]).toEqual([1, 2, 9])
    expect(outcomeAt(reward, 2)).toMatchObject({ status: 'failed', failure: { class: 'invalid_input' } })
    expect((columns['rollout.rmEnsemblesMembers'] as Signal).values[1]).toBe(1)
  })

  it('fails an incomplete rollout when told, and refuses scales for another number of members', async () => {
    const strict = bindStage(rmEnsemblesStage, { onMissing: 'fail' })
    const { columns } = await strict.apply(batch, strict.initial())
    expect(outcomeAt(columns['rollout.reward'] as Signal, 1)).toMatchObject({ status: 'failed' })
    const scaled = bindStage(rmEnsemblesStage, { scales: [{ mean: 0, standardDeviation: 1 }] })
    expect(() => scaled.apply(batch, scaled.initial())).toThrow(/expected 1 member scores.*rollout "r0" has 2/)
  })

  it('subtracts the KL of response tokens only', async () => {
    const stage = bindStage(rmEnsemblesStage, { klWeight: 2 })
    const { columns } = await stage.apply(batch, stage.initial())
    // Σ over the two response tokens: 1 + 0.5
    expect((columns['rollout.rmEnsemblesKl'] as Signal).values[0]).toBe(1.5)
    expect((columns['rollout.reward'] as Signal).values[0]).toBe(2 - 3)
    expect((columns['rollout.rmEnsemblesAggregate'] as Signal).values[0]).toBe(2)
  })

  it('marks the best of every group', async () => {
    const aggregate = bindStage(rmEnsemblesStage)
    const { columns } = await aggregate.apply(batch, aggregate.initial())
    const scoredBatch = withColumns(batch, columns)
    const stage = bindStage(bestOfNStage)
    const selected = (await stage.apply(scoredBatch, stage.initial())).columns['rollout.selected'] as Signal
    expect([selected.values[0], selected.values[1], selected.values[3]]).toEqual([1, 0, 1])
    expect(selected.status[2]).not.toBe(0)
  })
})
