import { batchFromRollouts, bindStage, numbers, outcomeAt, type Signal, withColumns } from '@guerdon/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  actionLevelReward,
  broadcastAdvantages,
  hasPlateaued,
  isWellFormedTurn,
  type MobileAction,
  maximumTurns,
  mobileR1ActionStage,
  mobileR1AdvantageStage,
  mobileR1TaskStage,
  taskLevelReward,
  tokenLossWeights,
} from './mobile-r1.ts'

const turn = (given: unknown): string =>
  `<think>look</think>\n<action>do it</action>\n<tool_call>${JSON.stringify({ name: 'mobile_use', arguments: given })}</tool_call>`
const tap: MobileAction = { action: 'click', bbox: [100, 280, 160, 330] }

describe('actionLevelReward', () => {
  it.each<[string, MobileAction, number, number]>([
    [turn({ action: 'click', coordinate: [100, 330] }), tap, 1, 1],
    [turn({ action: 'click', coordinate: [-5, 330] }), tap, 1, 0],
    [turn({ action: 'click' }), tap, 1, 0],
    [turn({ action: 'swipe', coordinate: [120, 300], coordinate2: [0, 0] }), { ...tap, action: 'swipe' }, 1, 1],
    [turn({ action: 'type', text: 'kettle' }), { action: 'type', text: 'kettle' }, 1, 1],
    [turn({ action: 'type', text: 'kettle ' }), { action: 'type', text: 'kettle' }, 1, 0],
    [turn({ action: 'system_button', button: 'Back' }), { action: 'system_button', button: 'Home' }, 1, 0],
    [turn({ action: 'wait' }), { action: 'wait' }, 1, 1],
    [turn({ action: 'wait' }), { action: 'finish' }, 1, 0],
    [turn({ coordinate: [1, 1] }), tap, 0, 0],
    ['<think>a</think><tool_call>{"arguments":{"action":"wait"}}</tool_call>', { action: 'wait' }, 0, 0],
    [`${turn({ action: 'wait' })}<think>b</think>`, { action: 'wait' }, 0, 0],
    [turn({ action: 'wait' }).replace('look', ' '), { action: 'wait' }, 0, 0],
    [turn({ action: 'wait' }).replace('}</tool', '</tool'), { action: 'wait' }, 0, 0],
  ])('%s', (completion, truth, format, action) => {
    expect(actionLevelReward(completion, truth)).toEqual({ format, action, total: format + action })
    expect(isWellFormedTurn(completion)).toBe(format === 1)
  })

  it('wants a box for a true click', () => {
    expect(() => actionLevelReward(turn({ action: 'click', coordinate: [1, 1] }), { action: 'click' })).toThrow('bbox')
  })
})

describe('taskLevelReward', () => {
  it.each([
    [[true, false, true, true], 1, 0.5, 1, 1.5, false],
    [[], 0.5, -1, 0.5, -0.5, false],
    [[true], 1.5, 1, 1, 2, true],
  ])('%j judged %d', (turns, score, format, trajectory, total, clipped) => {
    expect(taskLevelReward(turns, score)).toEqual({ format, trajectory, total, valid: true, clipped })
  })

  it('never scores a missing verdict', () => {
    const missing = { format: 1, trajectory: null, total: null, valid: false, clipped: false }
    expect(taskLevelReward([true], null)).toEqual(missing)
    expect(taskLevelReward([true], Number.NaN)).toEqual(missing)
  })

  it('weighs both terms', () => {
    expect(taskLevelReward([true, false], 0.5, { alpha: 3, beta: 4 }).total).toBe(2)
  })
})

describe('broadcastAdvantages', () => {
  it('drops invalid trajectories before the mean', () => {
    const { advantages, usable } = broadcastAdvantages([2, null, 0], [[[0, 1]], [[0, 1]], [[1, 2]]], [1, 1, 2])
    const expected = 1 / (Math.SQRT2 + 1e-6)
    expect([...advantages]).toEqual([expected, 0, -expected])
    expect(usable).toBe(true)
  })

  it.each([[[1]], [[null, 1]], [[0.98, 0.98, 0.98]], [[]]])('%j cannot be used', rewards => {
    const result = broadcastAdvantages(
      rewards,
      rewards.map(() => []),
      rewards.map(() => 2),
    )
    expect(result.usable).toBe(false)
    expect([...result.advantages].every(value => value === 0)).toBe(true)
  })

  it('writes nothing outside the model turns, and sums to 0 over the group', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 2, maxLength: 6 }), rewards => {
        const { advantages, tokenAdvantages } = broadcastAdvantages(
          rewards,
          rewards.map(
            () =>
              [
                [1, 2],
                [3, 4],
              ] as const,
          ),
          rewards.map(() => 5),
        )
        expect(advantages.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6)
        tokenAdvantages.forEach((row, i) => {
          expect([...row]).toEqual([0, advantages[i], 0, advantages[i], 0])
        })
      }),
    )
  })

  it('names a span outside its sequence', () => {
    expect(() => broadcastAdvantages([1, 2], [[[0, 9]], []], [3, 3])).toThrow('[0, 9)')
  })
})

describe('settings', () => {
  it('token weights: every trajectory alike, or every token', () => {
    expect([...tokenLossWeights([1, 3, 0])]).toEqual([1 / 2, 1 / 6, 0])
    expect([...tokenLossWeights([1, 3, 0], { normalise: 'global' })]).toEqual([1 / 4, 1 / 4, 0])
  })
  it('horizon and plateau', () => {
    expect(maximumTurns(5)).toBe(12)
    expect(() => maximumTurns(-1)).toThrow('≥ 0')
    const rising = Array.from({ length: 40 }, (_, i) => i / 10)
    expect(hasPlateaued(rising)).toBe(false)
    expect(hasPlateaued(new Array(40).fill(1))).toBe(true)
    expect(hasPlateaued(new Array(39).fill(1))).toBe(false)
  })
})

describe('stages', () => {
  const record = (id: string, score: unknown, actions: string[]) => ({
    id,
    group: 'g',
    prompt: 'p',
    turns: actions.map((action, i) => ({
      action,
      span: [2 * i, 2 * i + 1],
      columns: i === 0 ? { reference: { action: 'wait' } } : {},
    })),
    tokens: { mask: actions.flatMap(() => [1, 0]) },
    columns: { judgeScore: score },
  })
  const good = turn({ action: 'wait' })
  const batch = batchFromRollouts([
    record('a', 1, [good, good]),
    record('b', 0, [good, 'hm']),
    record('c', { status: 'failed', failure: { class: 'timeout', message: 'late' } }, [good]),
  ])

  it('action: abstains where no expert acted', async () => {
    const { columns } = await bindStage(mobileR1ActionStage).apply(batch, null)
    const reward = columns['turn.reward'] as Signal
    expect([...reward.values]).toEqual([2, Number.NaN, 2, Number.NaN, 2])
    expect(outcomeAt(reward, 1)).toMatchObject({ status: 'abstained' })
  })

  it('task then advantage: the failed trajectory leaves its group', async () => {
    const task = await bindStage(mobileR1TaskStage).apply(batch, null)
    const rewarded = withColumns(batch, task.columns)
    expect([...numbers(rewarded, 'rollout.reward').values]).toEqual([2, 0, Number.NaN])
    expect(outcomeAt(numbers(rewarded, 'rollout.reward'), 2)).toMatchObject({ status: 'failed' })
    expect(numbers(rewarded, 'rollout.mobileR1Format').values[2]).toBe(1)
    const { columns } = await bindStage(mobileR1AdvantageStage).apply(rewarded, null)
    const a = 1 / (1 + 1e-6 / Math.SQRT2) / Math.SQRT2
    const tokens = columns['token.advantage'] as Signal
    expect(outcomeAt(tokens, 8)).toMatchObject({ status: 'failed' })
    expect([...tokens.values].map(value => Math.round(value * 1e6) / 1e6)).toEqual(
      [a, 0, a, 0, -a, 0, -a, 0, Number.NaN, Number.NaN].map(value => Math.round(value * 1e6) / 1e6),
    )
    expect((columns['group.mobileR1Usable'] as Signal).values[0]).toBe(1)
    expect(outcomeAt(columns['rollout.advantage'] as Signal, 2)).toMatchObject({ status: 'failed' })
  })
})
