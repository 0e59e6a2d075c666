import { batchFromRollouts, bindStage, numbers, withColumns } from '@guerdon/core'
import { constant, interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flatten } from '../shared/ragged.ts'
import {
  implicitPrmCrossEntropy,
  implicitStepRewards,
  istarAdvantages,
  istarReinforcePlusPlusBaseline,
  oprlAdvantages,
  oprlStage,
  trajectoryDpoLoss,
  trajectoryPairs,
} from './oprl.ts'

const close = (values: readonly number[], digits = 9) => values.map(value => expect.closeTo(value, digits))
const matrix = (rows: number[][]) => ndarray(rows, { dtype: 'float64' })

describe('implicit step rewards', () => {
  const { values: prm, offsets } = flatten([
    [-1, -2, -9],
    [-1, -1, -1],
  ])
  const old = flatten([
    [-2, -2.5, 0],
    [-1.5, 0, 0],
  ]).values
  const rows = { offsets, mask: [1, 1, 0, 1, 0, 0] }

  it('are β times the log-ratio on policy tokens', () => {
    const { stepRewards, tokenRewards, tokenLogRatio } = implicitStepRewards(prm, old, rows, { beta: 0.5 })
    expect([...tokenLogRatio]).toEqual([1, 0.5, 0, 0.5, 0, 0])
    expect([...stepRewards]).toEqual([0.75, 0.25])
    expect([...tokenRewards]).toEqual([0, 0.75, 0, 0.25, 0, 0])
  })

  it('can stay on tokens, lose the last as released, and be normalised', () => {
    const token = { beta: 0.5, granularity: 'token' } as const
    expect([...implicitStepRewards(prm, old, rows, token).tokenRewards]).toEqual([0.5, 0.25, 0, 0.25, 0, 0])
    const released = implicitStepRewards(prm, old, rows, { ...token, compat: 'released' })
    expect([...released.tokenRewards]).toEqual([0.5, 0, 0, 0, 0, 0])
    const normed = implicitStepRewards(prm, old, rows, { beta: 0.5, batchNorm: true }).tokenRewards
    expect([...normed]).toEqual(close([0, 1, 0, 1 / 3, 0, 0], 5))
  })

  it('skip empty rows and refuse NaN', () => {
    const empty = implicitStepRewards(prm, old, { offsets, mask: [0, 0, 0, 1, 0, 0] })
    expect([empty.stepRewards[0], empty.tokenRewards[2]]).toEqual([0, 0])
    expect(() => implicitStepRewards(Float64Array.of(Number.NaN), Float64Array.of(0), { offsets: [0, 1] })).toThrow(
      /step 0/,
    )
  })
})

describe('the preference loss', () => {
  const layout = {
    trajectoryIds: ['a', 'a', 'b', 'c', 'd'],
    groupIds: ['g', 'g', 'g', 'g', 'h'],
    trajectoryRewards: [1, 1, 0, 0.5, 0],
  }

  it('pairs trajectories of one group by order or by success', () => {
    const ordered = trajectoryPairs(layout)
    expect([[...ordered.better], [...ordered.worse]]).toEqual([
      [0, 0, 2],
      [1, 2, 1],
    ])
    const success = trajectoryPairs(layout, { rule: 'success-failure' })
    expect([[...success.better], [...success.worse]]).toEqual([
      [0, 2],
      [1, 1],
    ])
    const without = trajectoryPairs({ ...layout, active: [1, 1, 0, 1, 1] })
    expect([without.better.length, without.trajectories, without.trajectoryOfRow[2]]).toEqual([1, 3, -1])
  })

  const loss = (q: number[][], options: object = {}) => {
    const pairs = trajectoryPairs({
      trajectoryIds: ['a', 'a', 'b'],
      groupIds: ['g', 'g', 'g'],
      trajectoryRewards: [1, 1, 0],
    })
    const run = interpret(
      valueAndGrad((x: Tensor) =>
        trajectoryDpoLoss(x, constant(matrix(q.map(row => row.map(() => 1)))), pairs, options),
      ),
    )
    const { value, gradient } = run(matrix(q))
    return { value: value.data[0], gradient: [...gradient.data] }
  }

  it('is log 2 with gradient ∓β/2 when the scores are equal; the mean divides by steps', () => {
    expect(loss([[0], [0], [0]], { beta: 0.5 })).toEqual({
      value: expect.closeTo(Math.log(2), 12),
      gradient: close([-0.25, -0.25, 0.25]),
    })
    expect(loss([[0], [0], [0]], { beta: 0.5, score: 'mean' }).gradient).toEqual(close([-0.125, -0.125, 0.25]))
  })

  it('does not underflow', () => {
    expect(loss([[-1e5], [0], [1e5]], { beta: 1 }).value).toBe(2e5)
  })

  it('is 0 without gradient when there is nothing to compare', () => {
    const pairs = trajectoryPairs({ trajectoryIds: ['a', 'b'], groupIds: ['g', 'g'], trajectoryRewards: [1, 1] })
    const run = interpret(valueAndGrad((x: Tensor) => trajectoryDpoLoss(x, constant(matrix([[1], [1]])), pairs)))
    const { value, gradient } = run(matrix([[3], [4]]))
    expect([value.data[0], ...gradient.data]).toEqual([0, 0, 0])
  })

  it('has a cross-entropy rival with gradient β(σ − y)/n', () => {
    const run = interpret(
      valueAndGrad((x: Tensor) =>
        implicitPrmCrossEntropy(x, constant(matrix([[1], [1]])), constant(ndarray([1, 0], { dtype: 'float64' })), {
          beta: 2,
        }),
      ),
    )
    const { value, gradient } = run(matrix([[0], [0]]))
    expect(value.data[0]).toBeCloseTo(Math.log(2), 12)
    expect([...gradient.data]).toEqual(close([-0.5, 0.5]))
  })
})

describe('advantages', () => {
  const steps = {
    episodeScores: [1, 1, 0],
    stepRewards: [0.4, 0, 0.2],
    groupIds: ['g', 'g', 'g'],
    trajectoryIds: ['a', 'a', 'b'],
  }
  it('compare episodes once each and pool steps', () => {
    // episodes 1, 0: ±.5; steps mean .2, sample deviation .2
    const { episodeAdvantages, stepAdvantages, advantages } = oprlAdvantages(steps, { episode: 'drGrpo', epsilon: 0 })
    expect([...episodeAdvantages]).toEqual([0.5, 0.5, -0.5])
    expect([...stepAdvantages]).toEqual(close([1, -1, 0]))
    expect([...advantages]).toEqual(close([1.5, -0.5, -0.5]))
    expect([...oprlAdvantages(steps, { episode: 'rloo', stepAdvantageWeight: 0 }).advantages]).toEqual([1, 1, -1])
  })

  it('the released code centres on first rows and so depends on their order', () => {
    // first rows .4 and .2: mean .3
    const options = { estimator: 'drGrpo', combine: 'process-only' } as const
    expect([...istarAdvantages(steps, options)]).toEqual(close([0.1, -0.3, -0.1]))
    const swapped = { ...steps, stepRewards: [0, 0.4, 0.2] }
    expect([...istarAdvantages(swapped, options)]).toEqual(close([-0.1, 0.3, 0.1]))
    expect([...istarAdvantages(steps, { combine: 'merged', estimator: 'drGrpo' })]).toEqual(close([0.6, 0.2, -0.6]))
  })

  it('of a lone trajectory are 0, or raw as released', () => {
    const lone = { episodeScores: [1], stepRewards: [0.4], groupIds: ['g'], trajectoryIds: ['a'] }
    expect([...oprlAdvantages(lone).advantages]).toEqual([0])
    expect([...istarAdvantages(lone)]).toEqual([1.4])
    const rows = { offsets: [0, 1, 2, 3] }
    const whitened = istarReinforcePlusPlusBaseline(steps, rows, { stepAdvantageWeight: 0 })
    expect(whitened[0]).toBe(whitened[1])
  })

  it('follow a permutation, ignore shifts and are never NaN', () => {
    const step = fc.record({
      episodeScores: fc.integer({ min: 0, max: 1 }),
      stepRewards: fc.integer({ min: -3, max: 3 }),
      trajectoryIds: fc.constantFrom('a', 'b', 'c'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 7 }), given => {
        const scores = new Map(given.map(s => [s.trajectoryIds, s.episodeScores]))
        const columns = (list: typeof given, shift = 0) => ({
          episodeScores: list.map(s => (scores.get(s.trajectoryIds) ?? 0) + shift),
          stepRewards: list.map(s => s.stepRewards + shift),
          groupIds: list.map(() => 'g'),
          trajectoryIds: list.map(s => s.trajectoryIds),
        })
        const advantages = [...oprlAdvantages(columns(given)).advantages]
        expect(advantages.every(Number.isFinite)).toBe(true)
        expect([...oprlAdvantages(columns([...given].reverse())).advantages].reverse()).toEqual(close(advantages, 6))
        expect([...oprlAdvantages(columns(given, 2)).advantages]).toEqual(close(advantages, 6))
      }),
      { numRuns: 40, seed: 6 },
    )
  })
})

describe('the oprl stage', () => {
  const rollout = (id: string, outcome: unknown, ratios: (number | null)[]) => ({
    id,
    group: 'g',
    prompt: 'p',
    outcome,
    turns: ratios.map((_, k) => ({ action: 'go', span: [k, k + 1] })),
    tokens: { logprobs: ratios.map(() => -1), prmLogprob: ratios.map(q => (q === null ? null : q - 1)) },
  })
  it('agrees with the function, keeps outcomes and can wait for pairs', async () => {
    const base = batchFromRollouts([
      rollout('a', 1, [0.4, 0]),
      rollout('b', 0, [0.2]),
      rollout('c', { status: 'failed', failure: { class: 'timeout', message: 'slow' } }, [1]),
      rollout('d', 0, [null]),
    ])
    const batch = withColumns(base, { 'rollout.score': numbers(base, 'rollout.outcome') })
    const apply = async (options: object) => {
      const { columns } = await bindStage(oprlStage, options).apply(batch, null)
      return numbers(withColumns(batch, columns), 'turn.advantage')
    }
    const steps = {
      episodeScores: [1, 1, 0],
      stepRewards: [0.4, 0, 0.2],
      groupIds: [0, 0, 0],
      trajectoryIds: [0, 0, 1],
    }
    const advantage = await apply({ beta: 1 })
    expect([...advantage.values.slice(0, 3)]).toEqual(close([...oprlAdvantages(steps).advantages]))
    expect([...advantage.status]).toEqual([0, 0, 0, 2, 2])
    expect(advantage.failures.get(4)?.message).toMatch(/both log-probabilities/)
    const episodeOnly = await apply({ beta: 1, minimumPairs: 3 })
    expect([...episodeOnly.values.slice(0, 3)]).toEqual(
      close([...oprlAdvantages(steps, { stepAdvantageWeight: 0 }).advantages]),
    )
    const released = await apply({ beta: 1, compat: 'released', episode: 'rloo' })
    expect([...released.values.slice(0, 3)]).toEqual(close([...istarAdvantages(steps)]))
  })
})
