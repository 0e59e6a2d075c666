import { batchFromRollouts, bindStage, type numbers, texts } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  b2DiffurlStage,
  backwardProgressiveSchedule,
  branchContrast,
  branchLoss,
  branchPlan,
  branchSelect,
  historyNormalizedScores,
  weightedAdvantages,
} from './b2-diffurl.ts'

describe('schedule', () => {
  it('never shrinks, starts at L and ends at R when there are stages enough', () => {
    const range = fc.tuple(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 1, max: 60 }),
    )
    fc.assert(
      fc.property(range, ([from, extra, stages]) => {
        const { splitSteps } = backwardProgressiveSchedule({ from, to: from + extra, stages })
        expect(splitSteps[0]).toBe(from)
        for (let j = 1; j < stages; j++) expect(splitSteps[j]).toBeGreaterThanOrEqual(splitSteps[j - 1])
        if (stages > extra) expect(splitSteps[stages - 1]).toBe(from + extra)
      }),
    )
  })

  it('refuses L > R and no stages', () => {
    expect(() => backwardProgressiveSchedule({ from: 5, to: 4 })).toThrow(/to ≥ from/)
    expect(() => backwardProgressiveSchedule({ stages: 0 })).toThrow(/stages/)
  })
})

describe('branches', () => {
  it('puts every row into one group of siblings that share round and slot', () => {
    const plan = branchPlan({ steps: 10, splitStep: 4, children: 3, batchSize: 2, rounds: 2 })
    expect(plan.groups.flat().sort((a, b) => a - b)).toEqual(plan.rows.map((_, i) => i))
    for (const group of plan.groups) {
      const rows = group.map(i => plan.rows[i])
      expect(rows.every(row => row.slot === rows[0].slot && row.round === rows[0].round)).toBe(true)
      expect(rows.map(row => row.branch)).toEqual([0, 1, 2])
    }
  })

  it('costs the prefix once and each child its own steps', () => {
    // One prompt: 6 shared steps and 3 children of 4.
    const plan = branchPlan({ steps: 10, splitStep: 4, children: 3, batchSize: 1, rounds: 1 })
    expect([plan.networkCalls, plan.networkCallsUnbranched]).toEqual([18, 30])
    expect(branchPlan({ steps: 10, splitStep: 10, children: 3, batchSize: 1, rounds: 1 }).networkCalls).toBe(30)
    expect(() => branchPlan({ steps: 10, splitStep: 11, batchSize: 1, rounds: 1 })).toThrow(/splitStep ≤ 10/)
  })
})

describe('scores', () => {
  it('have no value for a prompt seen once, and 0 for equal rewards in float32 too', () => {
    expect(historyNormalizedScores([], ['a'], [1]).scores).toEqual([null])
    expect(
      historyNormalizedScores([], new Array<string>(15).fill('a'), new Float32Array(15).fill(0.98)).scores,
    ).toEqual(new Array<number>(15).fill(0))
  })

  it('pool the last stages and forget older ones', () => {
    let history = historyNormalizedScores([], ['a', 'a'], [100, 200], { historyCount: 1 }).history
    history = historyNormalizedScores(history, ['a', 'a'], [1, 3], { historyCount: 1 }).history
    // Pool 1, 3, 5: mean 3, sample deviation 2.
    expect(historyNormalizedScores(history, ['a'], [5], { historyCount: 1 }).scores[0]).toBeCloseTo(1, 6)
    expect(historyNormalizedScores(history, ['a'], [5], { historyCount: 0 }).scores).toEqual([null])
  })

  it('take prompts named like object members', () => {
    expect(historyNormalizedScores([{}], ['constructor', 'constructor'], [1, 3]).scores[1]).toBeCloseTo(Math.SQRT1_2, 6)
  })

  it('keep the best at its threshold, the worst only below it, the first of equals', () => {
    expect(branchSelect([[0.5, 0.5, -0.5]])).toEqual([{ group: 0, branch: 0, score: 0.5 }])
    expect(branchSelect([[null, null], []])).toEqual([])
    const mixed = [[Number.NaN, 0.9, null, -0.9]]
    expect(branchSelect(mixed).map(({ branch }) => branch)).toEqual([1, 3])
    expect(branchSelect(mixed, { compat: 'released' })).toEqual([])
    expect(branchSelect([[0.9]])).toEqual([{ group: 0, branch: 0, score: 0.9 }])
  })

  it('centre siblings to sum zero and lose the prefix', () => {
    const reward = fc.double({ min: -5, max: 5, noNaN: true })
    fc.assert(
      fc.property(fc.array(reward, { minLength: 1, maxLength: 6 }), reward, (group, prefix) => {
        const { withinBranch } = branchContrast([group, group.map(value => value + prefix)])
        expect(withinBranch[0].reduce((a, b) => a + b, 0)).toBeCloseTo(0, 9)
        for (const [i, value] of withinBranch[0].entries()) expect(withinBranch[1][i]).toBeCloseTo(value, 9)
      }),
    )
  })

  it('weigh a score of exactly 0 as negative', () => {
    expect(Array.from(weightedAdvantages([7, -7, 0], { positiveWeight: 2, negativeWeight: 3 }))).toEqual([10, -15, 0])
    expect(() => weightedAdvantages([Number.NaN])).toThrow(/NaN/)
  })
})

describe('loss', () => {
  it('does not clip advantages again', () => {
    const { gradient } = interpret(valueAndGrad((a: Tensor, b: Tensor, c: Tensor) => branchLoss(a, b, c).loss))(
      [0],
      [0],
      [8],
    )
    expect(gradient.data[0]).toBeCloseTo(-8, 12)
  })
})

describe('stage', () => {
  const rollout = (id: string, branchId: string, score: number) => ({
    id,
    group: 'p',
    prompt: 'p',
    response: id,
    turns: [{ action: 'x' }, { action: 'y' }],
    columns: { branchId, score, forkTurn: 1 },
  })
  const batch = batchFromRollouts([
    rollout('a', 'l', 4),
    rollout('b', 'l', 3),
    rollout('c', 'r', 1),
    rollout('d', 'r', 0),
  ] as Parameters<typeof batchFromRollouts>[0])

  it('keeps the clearly best and worst of each branch and masks the shared turns', async () => {
    expect(texts(batch, 'rollout.branchId')).toHaveLength(4)
    const stage = bindStage(b2DiffurlStage)
    const { columns, state } = await stage.apply(batch, stage.initial())
    // Pool 4, 3, 1, 0: mean 2, sample deviation √(10/3). Kept: the best left (+1.10) and the worst right (−1.10).
    const advantage = columns['rollout.advantage'] as ReturnType<typeof numbers>
    expect(Array.from(advantage.status)).toEqual([0, 1, 1, 0])
    expect(advantage.values[0]).toBeCloseTo(2 / Math.sqrt(10 / 3), 6)
    expect(Array.from(columns['turn.trainMask'].values as Float64Array)).toEqual([0, 1, 0, 1, 0, 1, 0, 1])
    expect(state).toEqual({ history: [{ p: [4, 3, 1, 0] }] })
  })

  it('can use the contrast of siblings instead of the prompt', async () => {
    const stage = bindStage(b2DiffurlStage, { advantage: 'siblingCentred' })
    const { columns } = await stage.apply(batch, stage.initial())
    expect((columns['rollout.advantage'].values as Float64Array)[0]).toBeCloseTo(0.5, 12)
  })
})
