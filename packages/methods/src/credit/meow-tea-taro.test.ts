import { batchFromRollouts, bindStage, numbers, withColumns } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  budgetAllocations,
  meowTeaTaroStage,
  multiTurnGae,
  scoreDeltas,
  turnRewards,
  turnRewardTokens,
} from './meow-tea-taro.ts'

const f = (values: readonly number[]) => Float64Array.from(values)

describe('turn rewards', () => {
  it('are differences of the score; lost points stay', () => {
    expect([...scoreDeltas([0.5, 0.5, 0.25])]).toEqual([0.5, 0, -0.25])
    expect(() => scoreDeltas([Number.NaN])).toThrow(/cumulativeScores/)
  })

  it('divide by points gained after a win, by the greatest total after a loss', () => {
    expect([...turnRewards({ finalReward: 1, deltas: [1, 0, 1], maxTotal: 9 })]).toEqual([0.5, 0, 0.5])
    expect([...turnRewards({ finalReward: 0, deltas: [1, 0, 1], maxTotal: 8 })]).toEqual([0.125, 0, 0.125])
    expect([...turnRewards({ finalReward: 0, deltas: [1, -1], maxTotal: 0 })]).toEqual([1, -1])
  })

  it('give a win without points nothing unless told', () => {
    expect([...turnRewards({ finalReward: 1, deltas: [0, 0] })]).toEqual([0, 0])
    expect([...turnRewards({ finalReward: 1, deltas: [0, 0] }, { addFinalReward: true })]).toEqual([0, 1])
  })

  it('are one final reward when single; nothing without turns', () => {
    expect([...turnRewards({ finalReward: 1, deltas: [1, 1] }, { density: 'single' })]).toEqual([0, 1])
    expect([...turnRewards({ finalReward: 1, deltas: [], turns: 3 }, { density: 'single' })]).toEqual([0, 0, 1])
    expect([...turnRewards({ finalReward: 1, deltas: [] })]).toEqual([])
  })

  it('land on end-of-command tokens; the released limit drops some', () => {
    expect([...turnRewardTokens([1, 2], [1, 3], 5)]).toEqual([0, 1, 0, 2, 0])
    expect([...turnRewardTokens([1, 2], [1, 3], 5, { limit: 3 })]).toEqual([0, 1, 0, 0, 0])
    expect(() => turnRewardTokens([1], [1, 2], 5)).toThrow(/same length/)
    expect(() => turnRewardTokens([1], [-1], 5)).toThrow(/turn ends in \[0, 5\); got -1/)
  })
})

describe('multi-turn GAE', () => {
  it('charges KL on agent tokens only, and not without a reference', () => {
    const rows = { offsets: [0, 3], mask: [1, 0, 1] }
    const tokens = { rewards: f([0, 0, 1]), values: f([0, 0, 0]), logProbs: f([-1, -1, -1]) }
    const charged = multiTurnGae({ ...tokens, refLogProbs: f([-2, -2, -2]) }, rows, { klCoef: 0.5 })
    expect([...charged.tokenRewards]).toEqual([-0.5, 0, 0.5])
    expect([...multiTurnGae(tokens, rows).tokenRewards]).toEqual([0, 0, 1])
  })

  it('is unmoved by inserted observations', () => {
    const observation = { reward: 0, value: 0.7, mask: 0 }
    const step = fc.record({ reward: fc.integer({ min: -2, max: 2 }), gap: fc.integer({ min: 0, max: 3 }) })
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 6 }), steps => {
        const raw = (rows: { reward: number; value: number; mask: number }[]) => {
          const zeros = f(rows.map(() => 0))
          const tokens = { rewards: f(rows.map(x => x.reward)), values: f(rows.map(x => x.value)), logProbs: zeros }
          const layout = { offsets: [0, rows.length], mask: rows.map(x => x.mask) }
          const { rawAdvantages } = multiTurnGae(tokens, layout, { lambda: 0.9, keepRaw: true })
          return [...(rawAdvantages ?? [])].filter((_, t) => rows[t].mask)
        }
        const agent = steps.map(({ reward }, k) => ({ reward, value: k / 10, mask: 1 }))
        const mixed = steps.flatMap(({ gap }, k) => [...Array(gap).fill(observation), agent[k]])
        expect(raw(mixed)).toEqual(raw(agent))
      }),
      { numRuns: 40, seed: 1 },
    )
  })
})

it('splits budgets', () => {
  expect(budgetAllocations([0, 3, 4], { totalBudget: 35, costPerEpisode: 4 })).toEqual([
    { demonstrations: 0, episodes: 8, leftover: 3 },
    { demonstrations: 3, episodes: 1, leftover: 1 },
  ])
  expect(() => budgetAllocations([0.5], { totalBudget: 35 })).toThrow(/demonstrations/)
  expect(() => budgetAllocations([0], { totalBudget: 35, costPerEpisode: 0 })).toThrow(/costPerEpisode/)
})

describe('the meow-tea-taro stage', () => {
  const rollout = (id: string, outcome: unknown, scores: (number | null)[], maxScore?: number) => ({
    id,
    group: 'g',
    prompt: 'p',
    outcome,
    turns: scores.map(score => ({ action: 'go', columns: score === null ? {} : { score } })),
    columns: maxScore === undefined ? {} : { maxScore },
  })
  it('rewards turns and fails what it cannot normalise', async () => {
    const base = batchFromRollouts([
      rollout('won', 1, [1, 1, 2]),
      rollout('lost', 0, [1, 1], 4),
      rollout('unknown', 0, [1]),
      rollout('gap', 1, [1, null]),
      rollout('failed', { status: 'failed', failure: { class: 'timeout', message: 'slow' } }, [1]),
    ])
    const batch = withColumns(base, { 'rollout.score': numbers(base, 'rollout.outcome') })
    const apply = async (options: object) => {
      const { columns } = await bindStage(meowTeaTaroStage, options).apply(batch, null)
      return numbers(withColumns(batch, columns), 'turn.reward')
    }
    const dense = await apply({})
    expect([...dense.values.slice(0, 5)]).toEqual([0.5, 0, 0.5, 0.25, 0])
    expect([...dense.status.slice(5)]).toEqual([2, 1, 1, 2])
    expect(dense.failures.get(5)?.message).toMatch(/maxScore for a lost episode/)
    expect([...(await apply({ density: 'single' })).values.slice(0, 5)]).toEqual([0, 0, 1, 0, 0])
  })
})
