import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  adjustedReplay,
  craftGuiCurriculumStage,
  craftGuiStage,
  difficultyTier,
  type GuiAction,
  mayPromote,
  operationReward,
  samplingWeights,
  stageAtStep,
  trajectoryTier,
  understandingReward,
} from './craft-gui.ts'

const say = (answer: unknown): string =>
  `<think>go</think><answer>${typeof answer === 'string' ? answer : JSON.stringify(answer)}</answer>`
const button: GuiAction = { action: 'click', bbox: [40, 50, 80, 90] }

describe('operationReward', () => {
  it.each<[string, GuiAction, number, number]>([
    [say({ action: 'click', point: [40, 90] }), button, 1, 1],
    [say({ action: 'click', point: [39, 90] }), button, 1, 0],
    [say({ action: 'click' }), button, 1, 0],
    [say({ action: 'click', point: '40,90' }), button, 1, 0],
    [say({ action: 'long_press', point: [50, 60] }), { ...button, action: 'long_press' }, 1, 1],
    [say({ action: 'back' }), button, 0, 0],
    [say({ action: 'scroll', direction: 'up' }), { action: 'scroll', direction: 'up' }, 1, 1],
    [say({ action: 'scroll', direction: 'down' }), { action: 'scroll', direction: 'up' }, 1, 0],
    // coffee shop of coffee shop near me: P = 1, R = 1/2, F1 = 2/3
    [say({ action: 'type', text: 'Coffee shop' }), { action: 'type', text: 'coffee shop near me' }, 1, 2 / 3],
    [say({ action: 'open_app', app: ' Maps ' }), { action: 'open_app', app: 'maps' }, 1, 1],
    [say({ action: 'open_app' }), { action: 'open_app', app: 'maps' }, 1, 0],
    [say({ action: 'finish' }), { action: 'finish' }, 1, 1],
    [say({ action: 'constructor' }), { action: 'constructor' }, 1, 1],
  ])('%s', (completion, truth, type, argument) => {
    const reward = operationReward(completion, truth)
    expect(reward.argument).toBeCloseTo(argument, 12)
    expect(reward).toMatchObject({ format: 1, type })
    expect(reward.total).toBeCloseTo(1 + type + argument, 12)
  })

  it.each([
    '',
    say('not json'),
    say('[1]'),
    say({ act: 'click' }),
    `${say({ action: 'back' })} so`,
    '<answer>{"action":"back"}</answer>',
  ])('gives nothing for %j', completion => {
    expect(operationReward(completion, { action: 'back' })).toEqual({ format: 0, type: 0, argument: 0, total: 0 })
  })

  it('weighs the parts', () => {
    const weights = { format: 0.5, type: 2, argument: 4 }
    expect(operationReward(say({ action: 'click', point: [50, 60] }), button, { weights }).total).toBe(6.5)
  })

  it('wants a box for a true click', () => {
    expect(() => operationReward(say({ action: 'click', point: [1, 1] }), { action: 'click' })).toThrow(
      'to have a bbox',
    )
  })
})

describe('understandingReward', () => {
  it.each([
    [8, 0.8, 'model'],
    [14, 1, 'model'],
    [-2, 0, 'model'],
    // total 42 yuan against 42 yuan: P = 2/3, R = 1, F1 = 0.8
    [null, 0.8, 'rule'],
    [Number.NaN, 0.8, 'rule'],
  ])('judge score %s', (score, judge, source) => {
    const reward = understandingReward(say('total 42 yuan'), '42 yuan', score)
    expect(reward.judge).toBeCloseTo(judge, 12)
    expect(reward.source).toBe(source)
  })

  it('never shows the judge a malformed answer', () => {
    expect(understandingReward('42 yuan', '42 yuan', 10)).toEqual({ format: 0, judge: 0, source: 'none', total: 0 })
  })
})

describe('curriculum', () => {
  it('tiers whole trajectories', () => {
    expect([0, 3, 4, 8, 9].map(n => difficultyTier(n))).toEqual([0, 0, 1, 1, 2])
    expect(trajectoryTier(2, 0)).toEqual({ tier: 1, trainable: true })
    expect(trajectoryTier(20, 0)).toEqual({ tier: 2, trainable: true })
    expect(trajectoryTier(2, 1)).toEqual({ tier: 0, trainable: false })
    expect(trajectoryTier(0, undefined)).toEqual({ tier: 0, trainable: false })
  })

  it.each([
    [0, [5, 5, 5], [1, 0, 0]],
    [2, [100, 50, 20], [0.2 * (2 / 3), 0.2 / 3, 0.8]],
    [1, [5, 0, 5], [1, 0, 0]],
    [1, [0, 5, 5], [0, 1, 0]],
    [1, [0, 0, 5], [0, 0, 0]],
    [0, [0, 5, 5], [0, 0, 0]],
  ])('weights of stage %d for sizes %j', (stage, sizes, expected) => {
    const weights = samplingWeights(stage, sizes)
    expected.forEach((value, k) => {
      expect(weights[k]).toBeCloseTo(value, 12)
    })
  })

  it('weights sum to 1 or 0 and never reach later tiers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(20), { minLength: 1, maxLength: 5 }),
        fc.nat(4),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (sizes, k, replayFraction) => {
          const stage = k % sizes.length
          const weights = samplingWeights(stage, sizes, { replayFraction })
          const total = weights.reduce((sum, weight) => sum + weight, 0)
          const empty = sizes.slice(0, stage + 1).every(size => size === 0)
          expect(total).toBeCloseTo(empty ? 0 : 1, 9)
          expect(weights.subarray(stage + 1).every(weight => weight === 0)).toBe(true)
        },
      ),
    )
  })

  it('refuses a stage without a tier', () => {
    expect(() => samplingWeights(3, [1, 1, 1])).toThrow('below the number of tiers, 3; got 3')
  })

  it('steps, promotion and replay', () => {
    expect([0, 29, 30, 89, 500].map(step => stageAtStep(step, [30, 30, 30]))).toEqual([0, 0, 1, 2, 2])
    expect(mayPromote(new Array(49).fill(1))).toBe(false)
    expect(mayPromote([...new Array(10).fill(0), ...new Array(50).fill(0.8)])).toBe(true)
    expect(mayPromote(new Array(50).fill(0.79))).toBe(false)
    expect(adjustedReplay(0.2, [0.9, 0.8], [0.9, 0.7])).toBe(0.4)
    expect(adjustedReplay(0.7, [0.9], [0.1])).toBe(1)
    expect(adjustedReplay(0.2, [0.9], [0.86])).toBe(0.2)
  })
})

describe('stages', () => {
  const batch = batchFromRollouts([
    {
      id: 'a',
      group: 'g',
      prompt: 'p',
      response: say({ action: 'click', point: [50, 60] }),
      reference: button,
      groupColumns: { numSteps: 2 },
    },
    {
      id: 'b',
      group: 'h',
      prompt: 'q',
      response: say('42'),
      reference: '42 yuan',
      columns: { judgeScore: 5 },
      groupColumns: { numSteps: 9 },
    },
    {
      id: 'c',
      group: 'h',
      prompt: 'q',
      response: say('42 yuan'),
      reference: '42 yuan',
      columns: { judgeScore: { status: 'failed', failure: { class: 'timeout', message: 'late' } } },
    },
    {
      id: 'd',
      group: 'i',
      prompt: 'r',
      response: say({ action: 'click' }),
      reference: { action: 'click' },
      groupColumns: { numSteps: 5, baseSuccessRate: 1 },
    },
    { id: 'e', group: 'j', prompt: 's', reference: '42' },
  ])

  it('scores by kind, falls back without a verdict, fails unusable references', async () => {
    const { columns } = await bindStage(craftGuiStage).apply(batch, null)
    const reward = columns['rollout.reward'] as Signal
    expect([0, 1, 2].map(i => reward.values[i])).toEqual([3, 1.5, 2])
    expect(columns['rollout.craftGuiSource'].values).toEqual([undefined, 'model', 'rule', undefined, undefined])
    expect(outcomeAt(reward, 3)).toMatchObject({ status: 'failed', failure: { class: 'invalid_input' } })
    expect(outcomeAt(reward, 4)).toMatchObject({ status: 'abstained' })
    expect(outcomeAt(columns['rollout.craftGuiJudge'] as Signal, 0)).toMatchObject({ status: 'abstained' })
  })

  it('weighs the tiers of the current stage', async () => {
    const { columns } = await bindStage(craftGuiCurriculumStage, { step: 2 }).apply(batch, null)
    expect([...(columns['group.craftGuiTier'] as Signal).values]).toEqual([0, 2, 1, Number.NaN])
    const weights = (columns['group.craftGuiWeight'] as Signal).values
    // tiers in the batch: one easy, none medium (always solved), one hard
    expect([weights[0], weights[1], weights[2]].map(weight => Math.round(weight * 10) / 10)).toEqual([0.2, 0.8, 0])
  })
})
