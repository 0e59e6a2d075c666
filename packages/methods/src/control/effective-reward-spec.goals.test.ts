import { batchFromRollouts, bindStage, outcomeAt, Random, type Signal } from '@guerdon/core'
import { interpret, type Tensor } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import {
  type ConstraintStageState,
  conditionalLogReward,
  constraintShaper,
  constraintStage,
  drawCondition,
  drawFocusDirection,
  focusAccuracy,
  focusBeliefWeights,
  focusCoefficient,
  focusDirections,
  goalConditionStage,
  hindsightRelabel,
  hypercubeLimits,
  hypervolume,
  invertedGenerationalDistance,
  paretoClusteredEntropy,
  paretoEfficient,
  thermometer,
  trajectoryBalanceLoss,
  updateFocusBelief,
} from './effective-reward-spec.ts'

describe('goal-conditioned sampling', () => {
  it('is 1 in the middle of the cone, m at its edge, 0 outside', () => {
    expect(focusCoefficient([2, 2], [1, 1]).coefficient).toBeCloseTo(1, 12)
    const edge = Math.acos(0.98) - 1e-12
    expect(focusCoefficient([Math.cos(edge), Math.sin(edge)], [1, 0]).coefficient).toBeCloseTo(0.1, 6)
    expect(focusCoefficient([0, 0], [1, 1])).toEqual({ cosine: 0, inFocus: false, coefficient: 0 })
    expect(() => focusCoefficient([1], [1], { cosineThreshold: 1 })).toThrow(/cosineThreshold/)
  })

  it('applies focus before temperature, then clamps', () => {
    const condition = { preferences: [1, 1], direction: [1, 1], beta: 0.5 }
    expect(conditionalLogReward([1, 0], condition)).toBe(-37.5)
    expect(conditionalLogReward([1, 0], { ...condition, beta: 2 })).toBe(-75)
    expect(conditionalLogReward([0.5, 0.5], { preferences: [1, 1], beta: 2 })).toBe(0)
    expect(conditionalLogReward([0, 0], { preferences: [1, 1], beta: 1 })).toBeCloseTo(Math.log(1e-30), 9)
  })

  it('draws conditions with a unit direction and a bounded temperature', () => {
    const { preferences, direction, beta } = drawCondition(3, new Random(9))
    expect([...preferences]).toEqual([1, 1, 1])
    expect(Math.hypot(...direction)).toBeCloseTo(1, 12)
    expect(Math.min(...direction)).toBeGreaterThanOrEqual(0)
    expect(beta).toBeGreaterThanOrEqual(0.5)
    expect(drawCondition(2, new Random(9), { beta: [4, 4] }).beta).toBe(4)
  })

  it('relabels only drawn violators', () => {
    const { directions, relabelled } = hindsightRelabel(
      [
        [3, 4],
        [1, 1],
        [0, 1],
      ],
      [
        [1, 0],
        [1, 1],
        [1, 0],
      ],
      [0, 1],
    )
    expect(relabelled).toEqual([0])
    expect([...directions[0]]).toEqual([0.6, 0.8])
    expect([...directions[2]]).toEqual([1, 0])
  })

  it('balances trajectories, with a normaliser shared or each its own', () => {
    const run = interpret((z: Tensor, f: Tensor, b: Tensor, r: Tensor) => trajectoryBalanceLoss(z, f, b, r, [2, 1]))
    // 1 + (−1) − 0 − 0 = 0; 1 + (−2) − (−1) − 0 = 0
    expect(run(1, [-0.5, -0.5, -2], [0, 0, 0], [0, -1]).loss.data[0]).toBe(0)
    expect([...run([1, 2], [-0.5, -0.5, -2], [0, 0, 0], [0, -1]).perTrajectory.data]).toEqual([0, 1])
  })

  it('keeps a belief over directions', () => {
    const table = focusDirections(2, 3)
    expect(table).toHaveLength(5)
    const belief = { requested: [0, 0, 0, 0, 0], reached: [0, 0, 0, 0, 0] }
    const asked = updateFocusBelief(
      belief,
      table,
      [
        [0, 2],
        [1, 0],
      ],
      [[5, 5]],
    )
    // (0, 1), (½, 1), (1, 0), (1, ½), (1, 1)
    expect(asked).toEqual({ requested: [1, 0, 1, 0, 0], reached: [0, 0, 0, 0, 1] })
    expect([...focusBeliefWeights(asked)]).toEqual([0.1, 1, 0.1, 1, 1])
    expect(drawFocusDirection(asked, 0.5, new Random(2))).toBeLessThan(5)
    expect(drawFocusDirection(asked, 0.1, new Random(2))).toBe(drawFocusDirection(belief, 0.9, new Random(2)))
    expect([...thermometer(0.625, { bins: 3 })]).toEqual([1, 0.25, 0])
    expect(() => thermometer(1, { minimum: 1, maximum: 1 })).toThrow(/maximum above minimum/)
  })

  it('measures fronts', () => {
    const reference = hypercubeLimits(2, 2)
    expect(reference.map(p => [...p])).toEqual([
      [0, 1],
      [1, 0],
      [1, 1],
    ])
    expect(invertedGenerationalDistance([[1, 1]], reference)).toBeCloseTo(2 / 3, 12)
    expect(
      paretoClusteredEntropy(
        [
          [0, 1],
          [1, 0],
        ],
        reference,
      ),
    ).toBeCloseTo(Math.LN2, 6)
    expect(
      paretoEfficient([
        [1, 1],
        [1, 1],
        [0, 2],
        [3, 3],
      ]),
    ).toEqual([true, false, true, false])
    expect(
      focusAccuracy(
        [
          [1, 1],
          [1, 0],
        ],
        [
          [1, 1],
          [1, 1],
        ],
      ),
    ).toBe(0.5)
    // union of 2×1 and 1×2 boxes
    expect(
      hypervolume([
        [2, 1],
        [1, 2],
      ]),
    ).toBe(3)
    expect(
      hypervolume([
        [1, 1, 1],
        [0, 5, 5],
      ]),
    ).toBe(1)
    expect(hypervolume([])).toBe(0)
  })
})

describe('stages and shaper', () => {
  const failure = { status: 'failed', failure: { class: 'timeout', message: 'late' } }
  const batch = batchFromRollouts([
    {
      id: 'a',
      group: 'g',
      prompt: 'p',
      columns: { score: 1, violation: 1, objectives: [1, 1] },
      groupColumns: { focusDirection: [1, 1] },
    },
    {
      id: 'b',
      group: 'g',
      prompt: 'p',
      columns: { score: failure, violation: 0, objectives: [1] },
      groupColumns: { focusDirection: [1, 1] },
    },
    { id: 'c', group: 'g', prompt: 'p', columns: { score: 1 }, groupColumns: { focusDirection: [1, 1] } },
  ])

  it('weigh a score against indicators and carry the multipliers', async () => {
    const stage = bindStage(constraintStage, {})
    const first = await stage.apply(batch, stage.initial())
    const reward = first.columns['rollout.reward'] as Signal
    expect(reward.values[0]).toBe(0)
    expect(outcomeAt(reward, 1)).toMatchObject({ status: 'failed', failure: { class: 'timeout' } })
    expect(reward.values[2]).toBe(0.5)
    const saved = JSON.parse(JSON.stringify(first.state)) as ConstraintStageState
    // the failed score still tells how often the behaviour occurs: 1 of 2, above 5 %
    expect(saved.recent).toEqual([[1, 0]])
    const second = await stage.apply(batch, saved)
    expect((second.columns['rollout.reward'] as Signal).values[0]).toBeLessThan(0)
    expect(() => bindStage(constraintStage, { constraints: [{ column: 'x' }] }).initial()).toThrow(/got neither/)
  })

  it('steer by direction', async () => {
    const stage = bindStage(goalConditionStage, {})
    const reward = (await stage.apply(batch, null)).columns['rollout.reward'] as Signal
    expect(reward.values[0]).toBeCloseTo(Math.LN2, 9)
    expect(outcomeAt(reward, 1)).toMatchObject({ status: 'failed', failure: { class: 'invalid_input' } })
    expect(outcomeAt(reward, 2)).toMatchObject({ status: 'abstained' })
  })

  it('weigh costs of transitions, a missing one paying nothing', () => {
    const shaper = constraintShaper(['lava'], { thresholds: [{ upper: 0.1 }], updateEvery: 1 })
    const transitions = {
      reward: Float64Array.of(1, 1),
      auxiliary: {},
      costs: { lava: Float64Array.of(1, Number.NaN) },
      terminated: new Uint8Array(2),
      truncated: new Uint8Array(2),
    }
    const { reward, state } = shaper.shape(transitions, shaper.initial())
    expect([...reward]).toEqual([0, 0.5])
    expect(state.steps).toBe(1)
  })
})
