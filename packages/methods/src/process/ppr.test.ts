import { batchFromRollouts, bindStage, type ColumnData, outcomeAt, type Signal, withColumns } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baselinesAdvantage } from '../credit/baselines-advantage.ts'
import {
  judgeValidity,
  mixReturns,
  parseProcessScore,
  pprAdvantages,
  pprStage,
  principleMessages,
  reNorm,
  reNormRisk,
  reNormScores,
} from './ppr.ts'

describe('parseProcessScore', () => {
  it.each([
    ['<final_score>4,6</final_score>', true, 4 / 6],
    ['<final_score> 5 ,\n10 </final_score>', true, 0.5],
    ['<final_score>1,2</final_score> no: <final_score>2,2</final_score>', true, 1],
    ['<final_score>0,4</final_score>', true, 0],
    ['<final_score>7,6</final_score>', true, null],
    ['<final_score>-1,6</final_score>', true, null],
    ['<final_score>2,0</final_score>', true, null],
    ['<final_score>4/6</final_score>', false, null],
    ['<final_score>4.5,6</final_score>', false, null],
    ['<final_score>1,2,3</final_score>', false, null],
    ['<final_score>4,6', false, null],
    ['', false, null],
  ])('%j', (reply, parsed, normalised) => {
    expect(parseProcessScore(reply)).toMatchObject({ parsed, valid: normalised !== null, normalised })
  })

  it('is what the messages ask for', () => {
    const [system, user] = principleMessages({
      question: 'Who?',
      earlier: ['<search>x</search>'],
      text: '<think>y</think>',
    })
    expect(parseProcessScore(system.content).valid).toBe(true)
    expect(user.content).toContain('<think>y</think>')
  })

  it('counts valid judgements', () => {
    expect(judgeValidity([0.5, null])).toBe(0.5)
    expect(judgeValidity([])).toBe(1)
  })
})

describe('reNorm', () => {
  const trajectory = { length: 6, turnEnds: [1, 3, 5], processScores: [0.8, 0.25], outcome: 0 }

  it('shifts every turn before the answer by the outcome minus β', () => {
    expect([...reNorm(trajectory).raw]).toEqual([0, 0.8, 0, 0.25, 0, 0])
    const { rewards } = reNorm(trajectory)
    expect(rewards[1]).toBeCloseTo(-0.2, 12)
    expect(rewards[3]).toBe(-0.75)
    expect(rewards[5]).toBe(0)
    expect([...reNorm({ ...trajectory, outcome: 1 }).rewards]).toEqual([0, 0.8, 0, 0.25, 0, 1])
  })

  it('leaves a trajectory of one turn alone', () => {
    expect([...reNorm({ length: 3, turnEnds: [2], processScores: [], outcome: 1 }).rewards]).toEqual([0, 0, 1])
  })

  it('treats a failed judge as missing, or as the worst score like the released code', () => {
    const missing = { ...trajectory, processScores: [null, 0.25] }
    expect(reNorm(missing).rewards[1]).toBe(0)
    expect(reNorm(missing, { failedJudge: 'zeroBeforeShift' }).rewards[1]).toBe(-1)
  })

  it('keeps the outcome when the end of the last turn is lost; the released code takes a score for it', () => {
    const cut = { length: 6, turnEnds: [1, 3], processScores: [0.8, 0.25], outcome: 1, outcomePosition: 5 }
    expect([...reNorm(cut).rewards]).toEqual([0, 0.8, 0, 0.25, 0, 1])
    const released = reNorm(cut, { compat: 'released' }).rewards
    expect(released[1]).toBeCloseTo(0.8 + 0.25 - 1, 12)
    expect(released[3]).toBe(0.25)
  })

  it('leaves scores alone when β is the outcome', () => {
    const { raw, rewards } = reNorm({ ...trajectory, outcome: 0.5 }, { beta: 0.5 })
    expect([...rewards]).toEqual([...raw])
  })

  it('gives scores the sign of the outcome for β = 1', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), fc.constantFrom(0, 1), (scores, outcome) => {
        for (const reward of reNormScores(scores, outcome)) {
          if (outcome === 1) expect(reward).toBeGreaterThanOrEqual(-1e-15)
          else expect(reward).toBeLessThanOrEqual(0)
        }
      }),
    )
  })

  it('refuses what it cannot place', () => {
    expect(() => reNorm({ ...trajectory, turnEnds: [1, 1, 5] })).toThrow(/turn 1 ends at 1/)
    expect(() => reNorm({ ...trajectory, turnEnds: [1, 3, 6] })).toThrow(/6 tokens/)
    expect(() => reNorm({ ...trajectory, processScores: [0.8] })).toThrow(/2 turns/)
    expect(() => reNorm({ ...trajectory, outcome: 2 })).toThrow(/outcome/)
  })
})

describe('mixReturns', () => {
  it('equals the naive sum on success and falls below it on failure', () => {
    expect(mixReturns([0.5, 0.25], 1)).toEqual({ outcomeOnly: 1, naiveSum: 1.75, reNorm: 1.75 })
    expect(mixReturns([0.5, 0.25], 0)).toEqual({ outcomeOnly: 0, naiveSum: 0.75, reNorm: -1.25 })
    expect(mixReturns([], 1)).toEqual({ outcomeOnly: 1, naiveSum: 1, reNorm: 1 })
  })

  it('warns where turns are on average a loss', () => {
    expect(reNormRisk([0, 0, 0, 1], [2, 2, 4, 4], { threshold: 0.3 })).toEqual({
      meanOutcome: 0.25,
      meanTurns: 3,
      collapseLikely: true,
    })
    expect(reNormRisk([], []).collapseLikely).toBe(false)
  })
})

describe('pprAdvantages', () => {
  it("runs through observation tokens and whitens over the policy's own", () => {
    // γ = λ = 1, V = 0: the return to go; masked token 1 stays in the recursion and out of the statistics
    const { raw, returns, whitened } = pprAdvantages({
      rewards: [[0, 1, 1]],
      values: [[0, 0, 0]],
      mask: [[1, 0, 1]],
    })
    expect([...raw[0]]).toEqual([2, 2, 1])
    expect([...returns[0]]).toEqual([2, 2, 1])
    // mean 1.5, variance ½
    expect(whitened[0][0]).toBeCloseTo(0.5 / Math.SQRT1_2, 6)
    expect(whitened[0][1]).toBe(0)
  })

  it('gives 0 for a single policy token and for nothing but zeros', () => {
    expect([...pprAdvantages({ rewards: [[1]], values: [[0]], mask: [[1]] }).whitened[0]]).toEqual([0])
    const zero = pprAdvantages({ rewards: [[0, 0]], values: [[0, 0]], mask: [[1, 1]] })
    expect([...zero.whitened[0]]).toEqual([0, 0])
    expect(pprAdvantages({ rewards: [], values: [], mask: [] }).whitened).toEqual([])
  })
})

describe('stage', () => {
  const gaeStage = baselinesAdvantage.stages.find(({ name }) => name === 'gae') ?? pprStage

  const rollout = (id: string, outcome: unknown, judgements: (string | null)[]) => ({
    id,
    prompt: 'p',
    outcome,
    tokens: { ids: [1, 2, 3, 4] },
    turns: [
      { action: 'search', span: [0, 2], columns: { judgement: judgements[0] } },
      { action: 'answer', span: [2, 4] },
    ],
  })

  it('rewards turns and their last tokens, and keeps failures apart', async () => {
    const failure = { status: 'failed', failure: { class: 'timeout', message: 'verifier' } }
    const batch = batchFromRollouts([
      rollout('a', 0, ['<final_score>1,2</final_score>']),
      rollout('b', 1, ['garbage']),
      rollout('c', failure, [null]),
    ])
    const stage = bindStage(pprStage)
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...numbersIn(columns['token.reward'])]).toEqual([0, -0.5, 0, 0, NaN, NaN, 0, 1, NaN, NaN, NaN, NaN])
    const failedAt = (token: number) => outcomeAt(columns['token.reward'] as Signal, token)
    expect(failedAt(5)).toMatchObject({ status: 'failed', failure: { class: 'parse' } })
    expect(failedAt(11)).toMatchObject({ status: 'failed', failure: { class: 'timeout' } })
    expect(outcomeAt(columns['turn.reward'] as Signal, 2)).toMatchObject({
      status: 'failed',
      failure: { class: 'parse' },
    })
    expect([...numbersIn(columns['rollout.pprJudgeValidity'])]).toEqual([1, 0, NaN])
  })

  it('a failed turn leaves the training alone, or takes its rollout along', async () => {
    const given = batchFromRollouts(
      ['<final_score>1,2</final_score>', 'garbage'].map((judgement, r) => {
        const { tokens, ...one } = rollout(`r${r}`, 1, [judgement])
        return { ...one, tokens: { ...tokens, values: [0, 0, 0, 0] } }
      }),
    )
    const shift = bindStage(pprStage)
    const batch = withColumns(given, (await shift.apply(given, null)).columns)
    const statusOf = async (options: object) => {
      const { columns } = await bindStage(gaeStage, { rewards: 'token', whiten: false, ...options }).apply(batch, null)
      return columns['token.advantage'] as Signal
    }
    expect([...(await statusOf({})).status]).toEqual([0, 0, 0, 0, 2, 2, 2, 2])
    const alone = await statusOf({ unscored: 'token' })
    expect([...alone.values]).toEqual([1.5, 1.5, 1, 1, NaN, NaN, 1, 1])
    expect(alone.failures.get(4)).toMatchObject({ class: 'parse' })
  })

  it('followed by gae over all tokens gives the advantages of the method', async () => {
    const given = [
      { ...rollout('a', 0, ['<final_score>1,2</final_score>']), values: [0.1, 0.2, 0.3, 0.4] },
      { ...rollout('b', 1, ['<final_score>2,2</final_score>']), values: [0.5, 0.4, 0.3, 0.2] },
    ]
    const mask = [1, 0, 1, 1]
    const batch = batchFromRollouts(
      given.map(({ values, ...one }) => ({ ...one, tokens: { ...one.tokens, mask, values } })),
    )
    const shift = bindStage(pprStage)
    const { columns } = await shift.apply(batch, shift.initial())
    const gae = bindStage(gaeStage, { rewards: 'token', maskedTokens: 'include' })
    const rewards = columns['token.reward'] as Signal
    const after = await gae.apply({ ...batch, columns: new Map([...batch.columns, ['token.reward', rewards]]) }, null)
    const wanted = pprAdvantages({
      // β = 1: ½ + 0 − 1 and 1 + 1 − 1
      rewards: [
        [0, -0.5, 0, 0],
        [0, 1, 0, 1],
      ],
      values: given.map(one => one.values),
      mask: [mask, mask],
    })
    const advantages = [...numbersIn(after.columns['token.advantage'])]
    wanted.whitened.forEach((row, r) => {
      row.forEach((value, t) => {
        expect(mask[t] ? advantages[4 * r + t] : 0).toBeCloseTo(value, 9)
      })
    })
  })

  it('takes scores that were parsed before', async () => {
    const batch = batchFromRollouts([
      { id: 'a', prompt: 'p', outcome: 1, turns: [{ action: 'x', columns: { processScore: 0.5 } }, { action: 'y' }] },
    ])
    const stage = bindStage(pprStage, { read: 'score', failedJudge: 'zeroBeforeShift' })
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...numbersIn(columns['turn.reward'])]).toEqual([0.5, 1])
  })
})

function numbersIn(column: ColumnData): Float64Array {
  if (column.kind !== 'number') throw new Error('expected numbers')
  return column.values
}
