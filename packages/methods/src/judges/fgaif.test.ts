import { batchFromRollouts, bindStage, outcomeAt, type Signal, withColumns } from '@guerdon/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AtomicFact,
  assertedShare,
  classIndex,
  factAdvantages,
  fgaifAdvantageStage,
  fgaifStage,
  headAccuracy,
  headTokenRewards,
  segmentDecisions,
  segmentFactLabels,
  shapedRewards,
  shapedTokenRewards,
} from './fgaif.ts'

const fact = (type: AtomicFact['type'], consistent: boolean | null): AtomicFact => ({ type, consistent })

describe('segmentFactLabels', () => {
  it.each<[AtomicFact[], number]>([
    [[], -1],
    [[fact('object', true)], 0],
    [[fact('object', true), fact('object', false)], 1],
    [[fact('object', false), fact('object', true)], 1],
    [[fact('object', null)], -1],
    [[fact('object', null), fact('object', true)], 0],
    [[fact('relation', false)], -1],
  ])('%j', (facts, object) => {
    const labels = segmentFactLabels(facts)
    expect(labels.object).toBe(object)
    expect(classIndex(labels.object)).toBe(object + 1)
  })

  it('does not depend on the order of the facts', () => {
    const facts = fc.array(
      fc.record({
        type: fc.constantFrom('object' as const, 'attribute' as const, 'relation' as const),
        consistent: fc.constantFrom(true, false, null),
      }),
    )
    fc.assert(
      fc.property(facts, given => {
        expect(segmentFactLabels([...given].reverse())).toEqual(segmentFactLabels(given))
      }),
    )
  })

  it('names an unknown type', () => {
    expect(() => segmentFactLabels([{ type: 'colour' as never, consistent: true }])).toThrow('type to be one of')
  })
})

describe('segmentDecisions', () => {
  it.each([
    [[0, 2, 1], 1, 1, true],
    [[0, 1, 2], 2, -1, true],
    [[2, 2, 0], 0, 0, true],
    [[0, 1, 1], 1, 1, true],
    [[Number.NaN, 9, 0], 0, 0, false],
  ])('%j', (logits, index, reward, finite) => {
    expect(segmentDecisions([logits])).toEqual([{ classIndex: index, reward, finite }])
  })

  it('other rewards, soft rewards', () => {
    expect(segmentDecisions([[0, 2, 1]], { rewards: [-0.1, 3, -2] })[0].reward).toBe(3)
    expect(segmentDecisions([[0, Math.log(2), 0]], { soft: true })[0].reward).toBeCloseTo(1 / 4, 12)
  })
})

describe('headTokenRewards', () => {
  const decisions = [
    [{ reward: 1 }, { reward: 1 }],
    [{ reward: -1 }, { reward: 0 }],
    [{ reward: 0 }, { reward: -1 }],
  ]

  it('heads add at one token and stay apart', () => {
    const { total, heads, truncated } = headTokenRewards(3, [0, 2], decisions, { weights: [1, 1, 0] })
    expect([...total]).toEqual([0, 0, 1])
    expect(heads.map(row => [...row])).toEqual([
      [1, 0, 1],
      [-1, 0, 0],
      [0, 0, -1],
    ])
    expect(truncated).toBe(false)
  })

  it('beyond the response: held or dropped, and marked', () => {
    expect(headTokenRewards(2, [0, 9], decisions)).toMatchObject({ total: Float64Array.of(0, 0), truncated: true })
    expect([...headTokenRewards(2, [0, 9], decisions, { beyond: 'drop' }).heads[0]]).toEqual([1, 0])
    expect([...headTokenRewards(0, [0, 9], decisions).total]).toEqual([])
  })

  it('refuses a reward of nothing but divergence, and heads of unequal length', () => {
    expect(() => headTokenRewards(3, [0, 2], decisions, { weights: [0, 0, 0] })).toThrow('at least one head')
    expect(() => headTokenRewards(3, [0], decisions)).toThrow('decisions of object')
  })
})

describe('shapedRewards', () => {
  it('the released sign pays for divergence', () => {
    const run = (klSign: 'penalty' | 'releasedBug') => [
      ...shapedRewards([1, 0], [-1, -1], [-3, -9], [1, 0], { klSign }).shaped,
    ]
    expect(run('penalty')).toEqual([0.8, 0])
    expect(run('releasedBug')).toEqual([1.2, 0])
  })

  it('joins decisions, placement and divergence', () => {
    const { shaped, total } = shapedTokenRewards({
      length: 2,
      ends: [1],
      headLogits: [[[0, 1, 0]], [[0, 1, 0]], [[0, 0, 1]]],
      logProbs: [0, 0],
      refLogProbs: [0, -1],
      mask: [1, 1],
    })
    expect([...total]).toEqual([0, 1])
    expect([...shaped]).toEqual([0, 0.9])
  })
})

describe('factAdvantages', () => {
  const rewards = [
    [1, 2],
    [3, 0],
  ]
  const values = [
    [0, 0],
    [0, 5],
  ]
  const mask = [
    [1, 1],
    [1, 0],
  ]

  it('masked: suffix sums of each row, whitened over policy tokens', () => {
    // raw 3, 2 and 3: mean 8/3, deviation √(2/9)
    const { raw, advantages, returns } = factAdvantages(rewards, values, mask)
    expect(raw.map(row => [...row])).toEqual([
      [3, 2],
      [3, 0],
    ])
    expect(advantages[0][0]).toBeCloseTo(1 / 3 / Math.sqrt(2 / 9), 6)
    expect(advantages[1][1]).toBe(0)
    expect(returns.map(row => [...row])).toEqual([
      [3, 2],
      [3, 0],
    ])
  })

  it('released: rewards times ten, padding counts', () => {
    const { raw, returns } = factAdvantages(rewards, values, mask, { compat: 'released' })
    expect(raw.map(row => [...row])).toEqual([
      [30, 20],
      [30, -5],
    ])
    expect(returns[1][1]).toBe(0)
    expect(factAdvantages(rewards, values, mask, { rewardScale: 10 }).raw[0][0]).toBe(30)
  })

  it.each([[[new Array(15).fill(Math.fround(0.98))]], [[[2]]], [[]]])('gives no signal in %j', equal => {
    // λ = 0 and γ = 0: raw advantages are the rewards
    const zeros = equal.map(row => row.map(() => 0))
    const ones = equal.map(row => row.map(() => 1))
    for (const epsilon of [0, 1e-8]) {
      const { advantages } = factAdvantages(equal, zeros, ones, { gamma: 0, lambda: 0, epsilon })
      expect(advantages.flatMap(row => [...row]).every(value => value === 0)).toBe(true)
    }
  })
})

it('accuracy and asserted share', () => {
  const logits = [
    [
      [0, 1, 0],
      [1, 1, 0],
      [0, 0, 1],
    ],
  ]
  expect(headAccuracy(logits, [[1, 0, -100]])).toBe(1)
  expect(headAccuracy(logits, [[2, 1, -100]])).toBe(0)
  expect(headAccuracy(logits, [[-100, -100, -100]])).toBeNull()
  expect(
    assertedShare([
      segmentDecisions([
        [0, 1, 0],
        [1, 0, 0],
      ]),
    ]),
  ).toBe(0.5)
  expect(assertedShare([])).toBeNull()
})

describe('stages', () => {
  const record = (id: string, segments: unknown) => ({
    id,
    prompt: 'p',
    tokens: { mask: [1, 1], logprobs: [-1, -1], refLogprobs: [-1, -2], values: [0, 0] },
    columns: { segments },
  })
  const batch = batchFromRollouts([
    record('a', [
      { end: 0, facts: [fact('object', true), fact('relation', true)] },
      { end: 1, facts: [fact('attribute', false)] },
    ]),
    record('b', [{ end: 1, logits: { object: [0, 0, 5], attribute: [5, 0, 0], relation: [5, 0, 0] } }]),
    record('c', [{ end: 1 }]),
    record('d', []),
  ])

  it('reads facts and logits, fails what is neither', async () => {
    const { columns } = await bindStage(fgaifStage).apply(batch, null)
    const reward = columns['token.reward'] as Signal
    expect([...reward.values].slice(0, 4)).toEqual([2, expect.closeTo(-1.1, 12), 0, expect.closeTo(-1.1, 12)])
    expect(outcomeAt(reward, 4)).toMatchObject({ status: 'failed', failure: { class: 'invalid_input' } })
    expect([...reward.values].slice(6)).toEqual([0, expect.closeTo(-0.1, 12)])
    expect((columns['rollout.fgaifAsserted'] as Signal).values[0]).toBe(0.5)
    expect(outcomeAt(columns['rollout.fgaifAsserted'] as Signal, 3)).toMatchObject({ status: 'abstained' })
    expect((columns['token.fgaifAttribute'] as Signal).values[1]).toBe(-1)
  })

  it('weights of 0 throughout are an error of the recipe', () => {
    expect(() => bindStage(fgaifStage, { weights: [0, 0, 0] }).apply(batch, null)).toThrow('at least one head')
  })

  it('advantages on what is scored', async () => {
    const rewarded = withColumns(batch, (await bindStage(fgaifStage, { klCoef: 0 }).apply(batch, null)).columns)
    const { columns } = await bindStage(fgaifAdvantageStage).apply(rewarded, null)
    const returns = columns['token.return'] as Signal
    expect([...returns.values]).toEqual([1, -1, -1, -1, Number.NaN, Number.NaN, 0, 0])
    expect(outcomeAt(columns['token.advantage'] as Signal, 4)).toMatchObject({ status: 'failed' })
  })
})
