import { batchFromRollouts, bindStage, numbers, type RolloutBatch, withColumns } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupItems } from '../shared/group-normalise.ts'
import { flatten } from '../shared/ragged.ts'
import {
  baselinesAdvantage,
  drGrpo,
  gae,
  gigpo,
  gigpoStepReturns,
  gpg,
  grpo,
  klController,
  maxRl,
  opo,
  passAtK,
  reinforcePlusPlus,
  reinforcePlusPlusBaseline,
  remax,
  rloo,
  updateKlController,
} from './baselines-advantage.ts'

const one = (n: number) => groupItems(new Array(n).fill('g'))
const close = (values: readonly number[], digits = 9) => values.map(value => expect.closeTo(value, digits))
const estimators = { grpo, drGrpo, rloo, gpg, maxRl, passAtK }
type Name = keyof typeof estimators

describe('group estimators', () => {
  // [3, 1, 2, 2]: mean 2, deviations 1, −1, 0, 0, sample variance 2/3
  const scores = [3, 1, 2, 2]
  it.each<[Name, number[]]>([
    ['grpo', [1.2247433714, -1.2247433714, 0, 0]], // 1 / (√(2/3) + 1e-6)
    ['drGrpo', [1, -1, 0, 0]],
    ['rloo', [4 / 3, -4 / 3, 0, 0]],
    ['gpg', [1, -1, 0, 0]], // no zero score: α = 1
    ['maxRl', [0.5, -0.5, 0, 0]],
    ['passAtK', [1.2247433714, 0, 0, 0]], // lead 1 over the second
  ])('%s of [3, 1, 2, 2]', (name, want) => {
    expect([...estimators[name](scores, one(4))]).toEqual(close(want))
  })

  it('scales GPG by the share of non-zero scores', () => {
    // α = 4/1: (1 − .25)·4, (0 − .25)·4, halved by fNorm
    expect([...gpg([1, 0, 0, 0], one(4), { fNorm: 2 })]).toEqual([1.5, -0.5, -0.5, -0.5])
  })

  it('weighs OPO by length; equal lengths give Dr. GRPO; no tokens the plain mean', () => {
    expect([...opo([1, 0], [1, 3], one(2))]).toEqual([0.75, -0.25])
    expect([...opo([1, 0, 0.5], [7, 7, 7], one(3))]).toEqual(close([...drGrpo([1, 0, 0.5], one(3))]))
    expect([...opo([1, 0], [0, 0], one(2))]).toEqual([0.5, -0.5])
  })

  it('gives pass@k nothing on a tie and refuses one rollout', () => {
    expect([...passAtK([2, 2, 1], one(3))]).toEqual([0, 0, 0])
    expect(() => passAtK([2], one(1))).toThrow(/at least 2 scored rollouts/)
    expect([...passAtK([2], one(1), { singleton: 'zero' })]).toEqual([0])
    expect([...passAtK([5, 1], one(2), { normaliseByStd: false })]).toEqual([4, 0])
  })

  it.each(Object.keys(estimators) as Name[])('%s: edge table', name => {
    const f = estimators[name]
    expect(f([], groupItems([]))).toHaveLength(0)
    for (const [n, score] of [
      [15, Math.fround(0.98)],
      [30, 0.9],
      [2, -1e300],
      [4, 0],
    ])
      expect([...f(Array(n).fill(score), one(n))]).toEqual(Array(n).fill(0))
    for (const scores of [
      [1, 1, 1.001],
      [1e15, -1e15, 0],
      [1e-300, 0],
    ])
      expect(f(scores, one(scores.length)).every(Number.isFinite)).toBe(true)
    // an unscored item leaves the statistics
    expect([...f([1, Number.NaN, 0], one(3), { scored: [1, 0, 1] })]).toEqual([
      f([1, 0], one(2))[0],
      0,
      f([1, 0], one(2))[1],
    ])
    expect(() => f([1, Number.NaN], one(2))).toThrow(/expected finite scores; got NaN/)
    if (name === 'passAtK') return
    const withSingletons = estimators[name]
    expect([...withSingletons([0.5], one(1))]).toEqual([0])
    expect(withSingletons([0.5], one(1), { singleton: 'raw' })[0]).toBeCloseTo(0.5, 5)
    expect(() => withSingletons([0.5], one(1), { singleton: 'error' })).toThrow(/at least 2/)
  })

  const integers = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 2, maxLength: 8 })
  it('sum to zero in a group, ignore a shift, follow a permutation', () => {
    fc.assert(
      fc.property(integers, fc.integer({ min: -5, max: 5 }), (scores, shift) => {
        for (const f of [grpo, drGrpo, rloo]) {
          const advantages = [...f(scores, one(scores.length))]
          expect(advantages.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 8)
          expect([
            ...f(
              scores.map(s => s + shift),
              one(scores.length),
            ),
          ]).toEqual(close(advantages, 8))
          expect([...f([...scores].reverse(), one(scores.length))]).toEqual(close(advantages.reverse(), 8))
        }
      }),
      { numRuns: 60, seed: 3 },
    )
  })

  it('GRPO ignores a positive scale (ε = 0); RLOO is n/(n−1) of Dr. GRPO', () => {
    fc.assert(
      fc.property(integers, scores => {
        const n = scores.length
        const scaled = scores.map(s => 3 * s)
        expect([...grpo(scaled, one(n), { epsilon: 0 })]).toEqual(close([...grpo(scores, one(n), { epsilon: 0 })]))
        expect([...rloo(scores, one(n))]).toEqual(close([...drGrpo(scores, one(n))].map(a => (a * n) / (n - 1))))
      }),
      { numRuns: 40, seed: 4 },
    )
  })

  it('RLOO is the score less the mean of the others', () => {
    const scores = [0.3, 0.7, 1.1]
    const want = scores.map((s, i) => s - (scores.reduce((a, b) => a + b, 0) - scores[i]) / 2)
    expect([...rloo(scores, one(3))]).toEqual(close(want))
  })
})

describe('token estimators', () => {
  const rows = (rewards: number[][], mask?: number[][]) => ({
    ...flatten(rewards),
    ...(mask && { mask: flatten(mask).values }),
  })

  it('REINFORCE++ passes over holes by default and is cut by them as released', () => {
    const layout = rows(
      [
        [0, 0, 5, 1, 0],
        [0, 0, 0, 0, 0],
      ],
      [
        [1, 1, 0, 1, 1],
        [1, 1, 1, 1, 1],
      ],
    )
    expect([...reinforcePlusPlus(layout.values, layout).returns].slice(0, 5)).toEqual([1, 1, 1, 1, 0])
    const released = reinforcePlusPlus(layout.values, layout, { maskHoles: 'reset' })
    expect([...released.returns].slice(0, 5)).toEqual([0, 0, 6, 1, 0])
    expect(released.advantages[2]).toBe(0)
  })

  it('REINFORCE++-baseline is whitened Dr. GRPO', () => {
    const layout = rows([
      [0, 0],
      [0, 0],
    ])
    // ±.5 on two tokens each: variance 1/3, so ±.866
    expect([...reinforcePlusPlusBaseline([1, 0], one(2), layout)]).toEqual(
      close(
        [1, 1, -1, -1].map(v => (v * Math.sqrt(3)) / 2),
        6,
      ),
    )
  })

  it('ReMax subtracts the greedy score from the return of policy tokens', () => {
    const layout = rows([[1, 5, 2]], [[1, 0, 1]])
    const { advantages, returns } = remax(layout.values, [0.5], layout)
    expect([[...advantages], [...returns]]).toEqual([
      [2.5, 0, 1.5],
      [3, 2, 2],
    ])
    const kept = remax(layout.values, [0.5], layout, { zeroMasked: false })
    expect([...kept.advantages]).toEqual([2.5, 2, 1.5])
    expect(() => remax(layout.values, [], layout)).toThrow(/baselines/)
  })

  it('GAE is whitened over policy tokens; masked ones are 0 unless asked', () => {
    const layout = rows(
      [
        [0, 0, 1],
        [0, 0, 0],
      ],
      [
        [1, 0, 1],
        [1, 1, 1],
      ],
    )
    const values = new Float64Array(6)
    const { advantages, rawAdvantages } = gae(layout.values, values, layout, { keepRaw: true })
    expect([...(rawAdvantages ?? [])]).toEqual([1, 1, 1, 0, 0, 0])
    // policy entries 1, 1, 0, 0, 0: mean .4, variance .3
    const [high, low] = [0.6 / Math.sqrt(0.3), -0.4 / Math.sqrt(0.3)]
    expect([...advantages]).toEqual(close([high, 0, high, low, low, low], 6))
    expect(gae(layout.values, values, layout, { zeroMasked: false }).advantages[1]).toBeCloseTo(high, 6)
  })

  it('the KL coefficient moves by at most 20 % of n/horizon', () => {
    const controller = klController({ initial: 0.2, targetKl: 6 })
    expect(updateKlController(controller, 1000, 100).coefficient).toBeCloseTo(0.2 * 1.002, 12)
    expect(updateKlController(controller, 6, 100).coefficient).toBe(0.2)
  })
})

describe('GiGPO', () => {
  const steps = {
    episodeScores: [1, 1, 1, 0],
    stepReturns: [0.25, 0.5, 1, 0],
    groupIds: ['g', 'g', 'g', 'g'],
    trajectoryIds: ['a', 'a', 'a', 'b'],
    anchorObservations: ['s0', 's1', 's2', 's0'],
  }

  it('discounts returns within each trajectory, even interleaved', () => {
    expect([...gigpoStepReturns([0, 0, 1, 4], ['a', 'b', 'a', 'b'], { gamma: 0.5 })]).toEqual([0.5, 2, 1, 4])
  })

  it('compares episodes once each, or by row as released', () => {
    expect([...gigpo(steps).episodeAdvantages]).toEqual([0.5, 0.5, 0.5, -0.5])
    expect([...gigpo(steps, { episodeStatistics: 'rows' }).episodeAdvantages]).toEqual([0.25, 0.25, 0.25, -0.75])
  })

  it('compares steps of one state only; a state seen once gives 0', () => {
    const { stepAdvantages, advantages } = gigpo(steps, { stepAdvantageWeight: 2 })
    expect([...stepAdvantages]).toEqual([0.125, 0, 0, -0.125])
    expect([...advantages]).toEqual([0.75, 0.5, 0.5, -0.75])
    const elsewhere = gigpo({ ...steps, groupIds: ['g', 'g', 'g', 'h'] })
    expect([...elsewhere.advantages]).toEqual([0, 0, 0, 0])
  })

  it('without shared states it is Dr. GRPO over trajectories', () => {
    const apart = gigpo({ ...steps, anchorObservations: ['w', 'x', 'y', 'z'] })
    expect([...apart.advantages]).toEqual([0.5, 0.5, 0.5, -0.5])
  })
})

describe('stages', () => {
  const records = [
    { id: 'a1', group: 'a', prompt: 'p', outcome: 1, tokens: { values: [0.5, 0.5, 0.5], mask: [1, 0, 1] } },
    { id: 'a2', group: 'a', prompt: 'p', outcome: 0, tokens: { values: [0.5, 0.5], mask: [1, 1] } },
    {
      id: 'a3',
      group: 'a',
      prompt: 'p',
      outcome: { status: 'failed', failure: { class: 'timeout', message: 'slow' } },
      tokens: { values: [0, 0], mask: [1, 1] },
    },
    { id: 'b1', group: 'b', prompt: 'q', outcome: 1, tokens: { values: [0], mask: [1] } },
  ]
  const base = batchFromRollouts(records)
  const batch = withColumns(base, { 'rollout.score': numbers(base, 'rollout.outcome') })
  const stageNamed = (name: string) => {
    const found = baselinesAdvantage.stages.find(stage => stage.name === name)
    if (!found) throw new Error(name)
    return found
  }
  const apply = async (name: string, options: object = {}, on: RolloutBatch = batch) => {
    const stage = bindStage(stageNamed(name), options)
    return withColumns(on, (await stage.apply(on, stage.initial())).columns)
  }

  it('have unique names and working defaults', () => {
    const names = baselinesAdvantage.stages.map(stage => stage.name)
    expect(new Set(names).size).toBe(names.length)
    for (const stage of baselinesAdvantage.stages) expect(() => bindStage(stage)).not.toThrow()
  })

  it.each(['grpo', 'drGrpo', 'rloo', 'opo', 'gpg', 'passAtK', 'maxRl', 'grpo.trl', 'grpo.slime', 'grpo.art'])(
    '%s leaves a failed rollout out of its group and failed',
    async name => {
      const advantage = numbers(await apply(name), 'rollout.advantage')
      expect(advantage.status[2]).toBe(2)
      expect(advantage.failures.get(2)).toMatchObject({ class: 'timeout' })
      expect(advantage.values[0]).toBeGreaterThan(0)
      expect(advantage.status[0]).toBe(0)
    },
  )

  it('turn a lone rollout into what its trainer makes of it', async () => {
    const alone = async (name: string, options = {}) => numbers(await apply(name, options), 'rollout.advantage')
    expect((await alone('grpo')).values[3]).toBe(0)
    expect((await alone('grpo.verl')).values[3]).toBe(1)
    expect((await alone('grpo.slime')).failures.get(3)?.message).toMatch(/group of one into NaN/)
    expect((await alone('grpo.art')).reasons.get(3)).toMatch(/drops a group of one/)
    await expect(alone('grpo', { singleton: 'error' })).rejects.toThrow(/at least 2/)
  })

  it('spread to policy tokens only', async () => {
    const placed = numbers(await apply('drGrpo', { place: 'tokens' }), 'token.advantage')
    expect([...placed.values]).toEqual([0.5, 0, 0.5, -0.5, -0.5, Number.NaN, Number.NaN, 0])
    expect(placed.status[5]).toBe(2)
  })

  it('gae puts the score on the last policy token', async () => {
    const result = await apply('gae', { whiten: false })
    expect([...numbers(result, 'token.advantage').values]).toEqual([0.5, 0, 0.5, -0.5, -0.5, Number.NaN, Number.NaN, 1])
    const whitened = numbers(await apply('gae'), 'token.advantage').values.filter(value => !Number.isNaN(value))
    expect(whitened.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 6)
  })

  it('gae leaves out a rollout with a policy token the critic gave no value', async () => {
    const given = batchFromRollouts([
      { id: 'x', prompt: 'p', outcome: 1, tokens: { values: [0.5, null, 0.5], mask: [1, 0, 1] } },
      { id: 'y', prompt: 'p', outcome: 1, tokens: { values: [null, 0.5] } },
    ])
    const scored = withColumns(given, { 'rollout.score': numbers(given, 'rollout.outcome') })
    const advantage = numbers(await apply('gae', { whiten: false }, scored), 'token.advantage')
    expect([...advantage.values]).toEqual([0.5, 0, 0.5, Number.NaN, Number.NaN])
    const included = await apply('gae', { maskedTokens: 'include' }, scored)
    expect([...numbers(included, 'token.advantage').status]).toEqual([1, 1, 1, 1, 1])
  })

  it.each(['gae', 'reinforcePlusPlus', 'reinforcePlusPlusBaseline'])(
    '%s of a batch without scores has none',
    async name => {
      const failed = { status: 'failed', failure: { class: 'timeout', message: 'slow' } }
      const given = batchFromRollouts([{ id: 'x', prompt: 'p', outcome: failed, tokens: { values: [0, 0] } }])
      const unscored = withColumns(given, { 'rollout.score': numbers(given, 'rollout.outcome') })
      expect([...numbers(await apply(name, {}, unscored), 'token.advantage').status]).toEqual([2, 2])
    },
  )

  it('read rewards from turns', async () => {
    const turns = [
      { action: 'look', span: [0, 2], reward: 0.25 },
      { action: 'take', span: [2, 4], reward: 1 },
    ]
    const two = batchFromRollouts([
      { id: 'x', prompt: 'p', turns, tokens: { values: [0, 0, 0, 0] } },
      { id: 'y', prompt: 'p', turns: [turns[0]], tokens: { values: [0, 0] } },
    ])
    const returns = numbers(await apply('reinforcePlusPlus', { rewards: 'turn' }, two), 'token.return')
    expect([...returns.values]).toEqual([1.25, 1.25, 1, 1, 0.25, 0.25])
  })

  it('klInReward keeps the penalty apart from the reward', async () => {
    const record = {
      id: 'k',
      prompt: 'p',
      outcome: 1,
      tokens: { logprobs: [-1, -1], refLogprobs: [-2, -1], mask: [1, 1] },
    }
    const given = batchFromRollouts([record])
    const scored = withColumns(given, { 'rollout.score': numbers(given, 'rollout.outcome') })
    const result = await apply('klInReward', { beta: 0.5 }, scored)
    expect([...numbers(result, 'token.klPenalty').values]).toEqual([0.5, 0])
    expect([...numbers(result, 'token.penalisedReward').values]).toEqual([-0.5, 1])
  })

  it('gigpo compares turns taken after the same observation', async () => {
    const rollout = (id: string, outcome: number, seen: (string | undefined)[]) => ({
      id,
      group: 'g',
      prompt: 'p',
      outcome,
      turns: seen.map(observation => ({ action: 'go', observation })),
    })
    const given = batchFromRollouts([
      rollout('x', 1, ['hall', 'shed']),
      rollout('y', 0, ['hall']),
      rollout('z', 0, [undefined]),
    ])
    const scored = withColumns(given, { 'rollout.score': numbers(given, 'rollout.outcome') })
    const result = await apply('gigpo', { gamma: 0.5 }, scored)
    // states: hall has returns .5 and 0; shed one step
    expect([...numbers(result, 'turn.gigpoStepAdvantage').values]).toEqual([0.25, 0, -0.25, Number.NaN])
    expect(numbers(result, 'turn.advantage').failures.get(3)?.message).toMatch(/no observation/)
  })
})
