import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type HybridInput,
  harmoGroup,
  harmoStage,
  hybridReward,
  lengthPenalty,
  ruleModelAgreement,
  surrogateModelReward,
} from './harmo.ts'

describe('hybridReward', () => {
  it.each<[HybridInput, number, number, boolean]>([
    [{ taskKind: 'verifiable', ruleReward: 0, modelReward: 0.9 }, 0, 1, true],
    [{ taskKind: 'openEnded', ruleReward: 1, modelReward: 0.25 }, 0.25, 0, true],
    [{ taskKind: 'mixed', ruleReward: 1, modelReward: 0.5, confidence: 0.6 }, 0.8, 0.6, true],
    [{ taskKind: 'mixed', ruleReward: 1, modelReward: 0.5, confidence: null }, 0.75, 0.5, true],
    [{ taskKind: 'verifiable', ruleReward: null, modelReward: 0.7 }, 0.7, 0, true],
    [{ taskKind: 'openEnded', ruleReward: 1, modelReward: Number.NaN }, 1, 1, true],
    [{ taskKind: 'mixed', ruleReward: null, modelReward: null }, 0, 0, false],
  ])('%j', (input, reward, confidence, valid) => {
    const result = hybridReward(input)
    expect(result.reward).toBeCloseTo(reward, 12)
    expect(result).toMatchObject({ confidence, valid })
  })

  it('refuses confidences outside [0, 1]', () => {
    expect(() => hybridReward({ taskKind: 'mixed', ruleReward: 1, modelReward: 0, confidence: 2 })).toThrow(
      'confidence',
    )
  })
})

describe('lengthPenalty', () => {
  it.each([
    // L_ref = (100 + 140)/2 = 120; 20: −½(1 − 1/6); 130 is longer
    [[1, 0, 1, 0], [100, 20, 140, 130], 'brevityIncorrect', 120, [0, -5 / 12, 0, 0]],
    [[1, 1, 0], [20, 100, 10], 'brevityAll', 60, [-1 / 3, 0, -5 / 12]],
    [[1, 0, 0], [100, 20, 300], 'twoSided', 100, [0, -0.4, -0.5]],
    [[0, 0], [5, 50], 'brevityIncorrect', null, [0, 0]],
    [[1, 1], [5, 50], 'brevityIncorrect', 27.5, [0, 0]],
    [[1, 0], [0, 50], 'twoSided', 0, [0, 0]],
    [[1, 0], [50, 0], 'brevityIncorrect', 50, [0, -0.5]],
    [[null, 1, 0], [999, 50, 25], 'brevityIncorrect', 50, [0, 0, -0.25]],
  ] as const)('%j of lengths %j, %s', (rewards, lengths, mode, reference, penalty) => {
    const result = lengthPenalty(rewards, lengths, { mode })
    expect(result.referenceLength).toBe(reference)
    penalty.forEach((want, i) => {
      expect(result.penalty[i]).toBeCloseTo(want, 12)
    })
  })

  it('never pays, never exceeds pMax, never punishes a correct answer by default', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(0, 0.4, 0.5, 1), fc.nat(500)), { maxLength: 6 }),
        fc.constantFrom('brevityIncorrect' as const, 'twoSided' as const),
        (items, mode) => {
          const { penalty } = lengthPenalty(
            items.map(item => item[0]),
            items.map(item => item[1]),
            { mode },
          )
          penalty.forEach((value, i) => {
            expect(value).toBeLessThanOrEqual(0)
            expect(value).toBeGreaterThanOrEqual(-0.5)
            if (items[i][0] >= 0.5) expect(value).toBe(0)
          })
        },
      ),
    )
  })
})

describe('harmoGroup', () => {
  it('sums, weighs and centres by the mean only', () => {
    const { rewards, advantages } = harmoGroup([0.9, 0.3, 0.55], [50, 10, 30], [1, 1, 1])
    // L_ref = 40; the wrong one: −½·(1 − 1/4) = −0.375
    const expected = [1.4, 0.425, 1.05]
    expected.forEach((want, i) => {
      expect(rewards[i]).toBeCloseTo(want, 12)
      expect(advantages[i]).toBeCloseTo(want - (1.4 + 0.425 + 1.05) / 3, 12)
    })
    const weighed = harmoGroup([1, 0], [10, 5], [1, 0], { weights: { hybrid: 2, length: 4, format: 0 } })
    expect([...weighed.rewards]).toEqual([2, -1])
  })

  it('leaves invalid responses out of the mean', () => {
    const { rewards, advantages } = harmoGroup([1, null, 0], [10, 10, 10], [0, 0, 0])
    expect([...rewards]).toEqual([1, Number.NaN, 0])
    expect([...advantages]).toEqual([0.5, 0, -0.5])
  })

  it.each([[[]], [[1]], [new Array(15).fill(Math.fround(0.98))]])('gives %j no signal', rewards => {
    const size = rewards.length
    const { advantages } = harmoGroup(rewards, new Array(size).fill(7), new Array(size).fill(1))
    expect([...advantages].every(value => value === 0)).toBe(true)
  })

  it('sums to zero and does not divide by the spread', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 8 }), rewards => {
        const lengths = rewards.map(() => 10)
        const off = rewards.map(() => 0)
        const { advantages } = harmoGroup(rewards, lengths, off)
        expect(advantages.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 9)
        const doubled = harmoGroup(rewards, lengths, off, { weights: { hybrid: 2, length: 0, format: 0 } })
        doubled.advantages.forEach((value, i) => {
          expect(value).toBeCloseTo(2 * advantages[i], 9)
        })
      }),
    )
  })
})

it('surrogate and agreement', () => {
  expect(surrogateModelReward([1, 1], [3, 3])).toBeCloseTo(1, 12)
  expect(surrogateModelReward([0, 0], [3, 3])).toBe(0)
  expect(ruleModelAgreement([1, 0, 1, 0], [0.9, 0.1, 0.2, 0.8])).toBe(0.5)
  expect(ruleModelAgreement([], [])).toBeNull()
})

describe('stage', () => {
  const good = '<think>hm</think><answer>4</answer>'
  const record = (id: string, response: string, columns: Record<string, unknown>) => ({
    id,
    group: 'g',
    prompt: 'p',
    response,
    columns,
    groupColumns: { taskKind: 'verifiable' },
  })
  const failed = { status: 'failed', failure: { class: 'timeout', message: 'late' } }

  it('handles the group as a whole; what failed leaves it', async () => {
    const batch = batchFromRollouts([
      record('a', good, { ruleReward: 1, modelReward: 0.1 }),
      record('b', '4?', { ruleReward: 0, modelReward: 0.9 }),
      record('c', good, { modelReward: failed }),
      record('d', good, {}),
    ])
    const { columns } = await bindStage(harmoStage).apply(batch, null)
    const reward = columns['rollout.reward'] as Signal
    // lengths in characters: 35 and 2, penalty −½(1 − 2/35)
    expect(reward.values[0]).toBe(1.5)
    expect(reward.values[1]).toBeCloseTo(-0.5 * (1 - 2 / 35), 12)
    expect(outcomeAt(reward, 2)).toMatchObject({ status: 'failed', failure: { class: 'timeout' } })
    expect(outcomeAt(reward, 3)).toMatchObject({ status: 'abstained' })
    const advantage = columns['rollout.advantage'] as Signal
    expect(advantage.values[0]).toBeCloseTo((reward.values[0] - reward.values[1]) / 2, 12)
  })

  it('counts policy tokens where there are tokens', async () => {
    const batch = batchFromRollouts([
      { ...record('a', good, { ruleReward: 1 }), tokens: { mask: [1, 1, 1, 1, 0] } },
      { ...record('b', good, { ruleReward: 0 }), tokens: { mask: [1, 0, 0] } },
    ])
    const { columns } = await bindStage(harmoStage).apply(batch, null)
    expect((columns['rollout.harmoLength'] as Signal).values[1]).toBeCloseTo(-0.5 * (1 - 1 / 4), 12)
  })

  it('fails an item of an unknown kind', async () => {
    const batch = batchFromRollouts([{ ...record('a', good, { ruleReward: 1 }), groupColumns: { taskKind: 'easy' } }])
    const { columns } = await bindStage(harmoStage).apply(batch, null)
    expect(outcomeAt(columns['rollout.reward'] as Signal, 0)).toMatchObject({ status: 'failed' })
  })
})
