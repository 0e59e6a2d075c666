import { batchFromRollouts, bindStage, numbers, withColumns } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  gatedAccumulate,
  gatedGroupAdvantages,
  gatedTurnRewards,
  graStage,
  hackingWatch,
  stepsCanInvertClasses,
  sweMetrics,
  sweOutcome,
  watchBatch,
} from './g-ra.ts'

describe('gated accumulation', () => {
  it('closes a level when any higher one fails, not only its neighbour', () => {
    const { gates, total, directTotal } = gatedAccumulate([[0.5], [1], [-1]], { weights: [1, 2, 3] })
    expect([...gates]).toEqual([0, 0, 1])
    expect([total, directTotal]).toEqual([-3, -0.5])
    expect([...gatedAccumulate([[0.5], [0], [1]]).gates]).toEqual([0, 1, 1])
  })

  it('treats the boundary as told', () => {
    expect(gatedAccumulate([[1], [0]]).total).toBe(0)
    expect(gatedAccumulate([[1], [0]], { gateOp: 'gte' }).total).toBe(1)
  })

  it('lets an optional empty level not gate, and one level is never gated', () => {
    expect(gatedAccumulate([[1], [], [1]]).gates[0]).toBe(0)
    expect(gatedAccumulate([[1], [], [1]], { thresholds: [0, null, 0] }).gates[0]).toBe(1)
    expect(gatedAccumulate([[-2]]).total).toBe(-2)
    expect(gatedAccumulate([]).total).toBe(0)
  })

  it('lets penalties through a closed gate when asked', () => {
    expect(gatedAccumulate([[1, -0.25], [-1]], { gatePenalties: false }).total).toBe(-1.25)
    expect([...gatedTurnRewards([1, -0.25], -1, { gatePenalties: false }).turnRewards]).toEqual([0, -1.25])
  })

  it('agrees with the turn form and never pays more than direct accumulation of non-negative steps', () => {
    const rewards = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 })
    fc.assert(
      fc.property(
        rewards,
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.constantFrom('gt' as const, 'gte' as const),
        (steps, outcome, gateOp) => {
          const levels = gatedAccumulate([steps, [outcome]], { thresholds: [0, -0.5], gateOp })
          const turns = gatedTurnRewards(steps, outcome, { gateOp })
          expect(turns.trajectoryReturn).toBeCloseTo(levels.total, 9)
          expect(turns.gate).toBe(levels.gates[0])
          expect(levels.total).toBeLessThanOrEqual(levels.directTotal + 1e-12)
        },
      ),
      { numRuns: 60, seed: 1 },
    )
  })

  it('gives an episode without steps one turn with the outcome', () => {
    expect([...gatedTurnRewards([], 0.5).turnRewards]).toEqual([0.5])
  })

  it('refuses NaN, which would close gates silently', () => {
    expect(() => gatedAccumulate([[Number.NaN], [1]])).toThrow(/levelRewards\[0\]/)
    expect(() => gatedTurnRewards([1], Number.NaN)).toThrow(/outcomeReward/)
    expect(() => gatedAccumulate([[1], [1]], { thresholds: [0] })).toThrow(/same length/)
    expect(() => gatedTurnRewards([1], 1, { threshold: Number.NaN })).toThrow(/thresholds that are numbers/)
  })
})

describe('group advantages', () => {
  it('turn the order of a farmer and a solver around', () => {
    const farmed = Array(20).fill(0.3)
    const { gatedAdvantages, directAdvantages } = gatedGroupAdvantages([farmed, [0.3, 0.3]], [-1, 1], ['g', 'g'])
    expect(directAdvantages[0]).toBeGreaterThan(directAdvantages[1])
    expect(gatedAdvantages[0]).toBeLessThan(gatedAdvantages[1])
  })
  it('are 0 for equal returns and for a lone trajectory', () => {
    expect([...gatedGroupAdvantages([[1], [1]], [-1, -1], ['g', 'g']).gatedAdvantages]).toEqual([0, 0])
    expect([...gatedGroupAdvantages([[1]], [1], ['g']).gatedAdvantages]).toEqual([0])
  })
})

describe('software-engineering outcomes', () => {
  it('rank no submission before an empty patch before the tests', () => {
    const all = { submitted: true, patchEmpty: false, testsPassed: true }
    expect(sweOutcome(all)).toEqual({ outcomeClass: 'passesTests', reward: 1 })
    expect(sweOutcome({ ...all, testsPassed: false }).outcomeClass).toBe('failsTests')
    expect(sweOutcome({ ...all, patchEmpty: true }).outcomeClass).toBe('emptyPatch')
    expect(sweOutcome({ submitted: false, patchEmpty: false, testsPassed: true })).toEqual({
      outcomeClass: 'noSubmit',
      reward: -1,
    })
  })
  it('have rates', () => {
    expect(sweMetrics([-1, -0.5, 0, 1])).toEqual({ completionRate: 0.75, modificationRate: 0.5, resolutionRate: 0.25 })
    expect(sweMetrics([]).completionRate).toBeUndefined()
    expect(() => sweMetrics([0.3])).toThrow(/reward of a class; got 0.3/)
  })
  it('can be inverted by large dense sums behind an open gate', () => {
    // open classes 0 and 1, gap 1
    expect([stepsCanInvertClasses(0.9), stepsCanInvertClasses(1)]).toEqual([false, true])
    expect(stepsCanInvertClasses(0.6, { threshold: -2 })).toBe(true)
  })
  it('ring when sums rise while outcomes fall', () => {
    let watch = hackingWatch(3)
    const alarms = [
      [1, 0.5],
      [2, 0.4],
      [3, 0.3],
      [3, 0.9],
    ].map(([direct, outcome]) => {
      const next = watchBatch(watch, direct, outcome)
      watch = next.watch
      return next.alarm
    })
    expect(alarms).toEqual([false, false, true, false])
  })
})

describe('the g-ra stage', () => {
  const rollout = (id: string, outcome: unknown, rewards: unknown[]) => ({
    id,
    group: 'g',
    prompt: 'p',
    outcome,
    turns: rewards.map(reward => ({ action: 'call', reward })),
  })
  const apply = async (records: unknown[], options: object = {}, state?: unknown) => {
    const base = batchFromRollouts(records)
    const batch = withColumns(base, { 'rollout.score': numbers(base, 'rollout.outcome') })
    const stage = bindStage(graStage, options)
    const result = await stage.apply(batch, (state as ReturnType<typeof hackingWatch>) ?? stage.initial())
    return { batch: withColumns(batch, result.columns), state: result.state }
  }

  it('gates turns and totals; failed outcomes and failed step rewards stay failed', async () => {
    const broken = { status: 'failed', failure: { class: 'sandbox', message: 'evaluator crashed' } }
    const { batch } = await apply([
      rollout('a', 1, [0.1, null, 0.2]),
      rollout('b', -1, [0.1, 0.1]),
      rollout('c', broken, [0.1]),
      rollout('d', 1, [broken]),
    ])
    const reward = numbers(batch, 'rollout.reward')
    expect([...reward.values]).toEqual([expect.closeTo(1.3), -1, Number.NaN, Number.NaN])
    expect(reward.failures.get(2)?.message).toBe('evaluator crashed')
    expect(reward.status[3]).toBe(2)
    expect([...numbers(batch, 'turn.graReward').values.slice(0, 5)]).toEqual([0.1, 0, 1.2, 0, -1])
    expect([...numbers(batch, 'rollout.graGate').values.slice(0, 2)]).toEqual([1, 0])
  })

  it('keeps its watch as plain JSON and rings', async () => {
    let state: unknown
    for (const [outcome, reward] of [
      [1, 0],
      [0, 2],
    ]) {
      const result = await apply([rollout('a', outcome, [reward])], { alarmUpdates: 2 }, state)
      state = JSON.parse(JSON.stringify(result.state))
      if (outcome === 0) expect(numbers(result.batch, 'group.graAlarm').values[0]).toBe(1)
    }
  })

  it('takes several channels', async () => {
    const record = { ...rollout('a', 1, [0.5]), columns: { format: -1 } }
    const channels = [{ column: 'turn.reward' }, { column: 'rollout.format', threshold: 0 }]
    const { batch } = await apply([record], { channels })
    // format −1 closes the turn rewards below it; the outcome opens format
    expect(numbers(batch, 'rollout.reward').values[0]).toBe(0)
  })
})
