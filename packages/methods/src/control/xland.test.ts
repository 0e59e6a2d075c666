import { batchFromRollouts, bindStage, outcomeAt, Random, type Signal } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addToPool,
  bestAgentNormaliser,
  consistentRepresentation,
  distanceToBounds,
  distillationLoss,
  distillationWeight,
  dropFromPool,
  filterStage,
  filterTask,
  findLearnableTask,
  fitterThan,
  type Goal,
  gameStatistics,
  goalAttention,
  goalHolds,
  goalRewards,
  goalStage,
  goalValueBound,
  nashNormaliser,
  normalisedPercentiles,
  paretoDominates,
  pbtExploit,
  pbtMutate,
  predicateLoss,
  selfRewardPlay,
  selfRewardPlayShaper,
  type TaskThresholds,
  useFromPool,
  type VmpoBatch,
  vmpoLoss,
} from './xland.ts'

const holdKey: Goal = [[{ predicate: 'key' }], [{ predicate: 'door' }, { predicate: 'seen', negated: true }]]
const thresholds: TaskThresholds = {
  easyReturn: 5,
  maxEasy: 0.6,
  margin: 0,
  minBeat: 0.2,
  controlReturn: 4,
  maxControl: 0.5,
}

describe('goals', () => {
  it('need one option with all its atoms', () => {
    expect(goalHolds(holdKey, { key: false, door: true, seen: false })).toBe(true)
    expect(goalHolds(holdKey, { key: false, door: true, seen: true })).toBe(false)
    expect(goalHolds([], {})).toBe(false)
    expect(goalHolds([[]], {})).toBe(true)
    expect(goalRewards([[{ predicate: 'key' }]], [{ key: true }, { key: false }, { key: true }]).return).toBe(2)
    expect(() => goalHolds(holdKey, { door: true })).toThrow(/"key" holds/)
  })

  it('are counted over all assignments', () => {
    // key: 2 of 4; key∧door: 1 of 4; both rewarded in 1, someone in 2
    const statistics = gameStatistics(
      [[[{ predicate: 'key' }]], [[{ predicate: 'key' }, { predicate: 'door' }]]],
      ['key', 'door'],
    )
    expect([...statistics.explorationDifficulty]).toEqual([0.5, 0.75])
    expect(statistics.competitiveness).toBe(0.5)
    expect([...statistics.cooperativeness]).toEqual([0.5, 1])
    expect(statistics.balance).toBe(0.5)
    const contradiction: Goal = [[{ predicate: 'key' }, { predicate: 'key', negated: true }]]
    expect([...gameStatistics([contradiction], ['key']).explorationDifficulty]).toEqual([1])
    expect(() =>
      gameStatistics(
        [holdKey],
        Array.from({ length: 21 }, (_, i) => `p${i}`),
      ),
    ).toThrow(/20 predicates/)
  })

  it('flip in self reward-play, and one flip a change at most', () => {
    expect(selfRewardPlay([0, 1, 1, 0, 1])).toMatchObject({
      targets: ['achieve', 'achieve', 'undo', 'undo', 'achieve'],
    })
    expect([...selfRewardPlay([0, 1, 1, 0, 1]).rewards]).toEqual([0, 1, 0, 1, 1])
    fc.assert(
      fc.property(fc.array(fc.boolean()), truth => {
        const paid = selfRewardPlay(truth).rewards.reduce((sum, r) => sum + r, 0)
        let changes = 0
        let last = false
        for (const now of truth) {
          if (now !== last) changes++
          last = now
        }
        expect(paid).toBe(changes)
      }),
    )
  })

  it('bound the value of a goal by its options', () => {
    expect(goalValueBound(0.2, [0.5, 0.4])).toEqual({ bound: 0.5, violation: 0.3 })
    expect(goalValueBound(0.2, [])).toEqual({ bound: 0.2, violation: 0 })
  })
})

describe('populations', () => {
  it('drop tasks nobody scores on', () => {
    const result = normalisedPercentiles(
      [
        [1, 0, 4],
        [2, 3, 0],
      ],
      bestAgentNormaliser([
        [1, 0, 4],
        [2, 0, 0],
      ]),
      [50],
    )
    // normalisers 2, 0, 4: tasks 0 and 2; agent 0 has 0.5 and 1, agent 1 has 1 and 0
    expect(result.tasksUsed).toEqual([0, 2])
    expect([...(result.percentiles[0] ?? [])]).toEqual([0.75])
    expect([...result.participation]).toEqual([1, 0.5])
    expect(normalisedPercentiles([[0]], [0]).percentiles).toEqual([null])
  })

  it('have a game value that no pure row can be cheated out of', () => {
    expect(
      nashNormaliser([
        [0, -1, 1],
        [1, 0, -1],
        [-1, 1, 0],
      ]).value,
    ).toBeCloseTo(0, 9)
    // matching pennies with a prize: value ½
    expect(
      nashNormaliser([
        [1, 0],
        [0, 1],
      ]),
    ).toMatchObject({ value: 0.5 })
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 }), {
          minLength: 3,
          maxLength: 3,
        }),
        payoff => {
          const { value, mixture } = nashNormaliser(payoff)
          expect(mixture.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 8)
          for (let j = 0; j < 3; j++) {
            const against = payoff.reduce((sum, row, i) => sum + mixture[i] * row[j], 0)
            expect(against).toBeGreaterThanOrEqual(value - 1e-7)
          }
          const columnsBest = Math.min(...[0, 1, 2].map(j => Math.max(...payoff.map(row => row[j]))))
          expect(value).toBeLessThanOrEqual(columnsBest + 1e-7)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('copy only from a rival that dominates', () => {
    expect(paretoDominates([1, 2], [1, 1])).toBe(true)
    expect(paretoDominates([1, 1], [1, 1])).toBe(false)
    expect(pbtExploit([0, 0], [0, 1])).toBe(true)
    expect(pbtExploit([0, 1], [1, 0])).toBe(false)
    expect(fitterThan({ percentiles: [0], participation: 0.9 }, { percentiles: [5], participation: 0.8 })).toBe(true)
    expect(fitterThan({ percentiles: [0] }, { percentiles: [5] })).toBe(false)
  })

  it('mutate each number up or down, and let the teacher go', () => {
    const mutated = pbtMutate({ rate: 1, margin: 2 }, new Random(1))
    expect([1.2, 1 / 1.2]).toContain(mutated.rate)
    expect([2.4, 2 / 1.2]).toContain(mutated.margin)
    expect(distillationWeight(1e9)).toBeCloseTo(0.75, 12)
    expect(distillationWeight(11, { endStep: 10 })).toBe(0)
    expect(() => distillationWeight(1, { endStep: 0 })).toThrow(/endStep/)
  })
})

describe('the goal-attentive agent', () => {
  it('is pulled to its teacher, never the other way', () => {
    const run = interpret(
      valueAndGrad((both: { teacher: Tensor; student: Tensor }) => distillationLoss(both.teacher, both.student)),
    )
    const { value, gradient } = run({ teacher: [[Math.log(3), 0]], student: [[0, 0]] })
    // ¾·log(¾/½) + ¼·log(¼/½); gradient of the student π_s − π_t
    expect(value.data[0]).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 12)
    expect(gradient.student.data[0]).toBeCloseTo(-0.25, 12)
    expect(Math.abs(gradient.teacher.data[0])).toBe(0)
    expect(interpret(predicateLoss)([[0, 0]], [[1, 0]]).data[0]).toBeCloseTo(Math.LN2, 12)
  })

  it('attends by the goal', () => {
    const mixed = interpret(goalAttention)(
      [[100, 0]],
      [
        [
          [1, 0],
          [-1, 0],
        ],
      ],
      [
        [
          [5, 6],
          [7, 8],
        ],
      ],
    )
    expect([...mixed.data].map(Math.round)).toEqual([5, 6])
  })

  it('uses an option where its value is higher', () => {
    const run = interpret(consistentRepresentation, { dtype: 'float32' })
    const result = run(
      [1, 1],
      [
        [0, 0],
        [0, 0],
      ],
      [
        [2, 0],
        [0.5, 0],
      ],
      [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
        ],
      ],
    )
    expect([...result.value.data]).toEqual([2, 1])
    expect([...result.representation.data]).toEqual([1, 2, 0, 0])
  })

  it('learns from the better half of its samples', () => {
    const run = interpret(
      valueAndGrad(
        (p: { batch: VmpoBatch; eta: Tensor; alpha: Tensor }) => {
          const loss = vmpoLoss(p.batch, p.eta, p.alpha)
          return [loss.policy, loss] as const
        },
        { hasAux: true },
      ),
    )
    const batch = { logProb: [-1, -2, -3, -4], advantages: [5, -1, 5, 0], divergence: [0.02, 0.02, 0.02, 0.02] }
    const { value, gradient, aux } = run({ batch, eta: 1, alpha: 2 })
    expect(value.data[0]).toBeCloseTo(0.5 * 1 + 0.5 * 3, 12)
    expect([...gradient.batch.logProb.data].map(x => Math.abs(x))).toEqual([0.5, 0, 0.5, 0])
    expect(aux.temperature.data[0]).toBeCloseTo(0.1 + 5, 12)
    expect(aux.trustRegion.data[0]).toBeCloseTo(2 * (0.01 - 0.02) + 2 * 0.02, 12)
    expect(() => run({ batch: { logProb: [0], advantages: [0], divergence: [0] }, eta: 1, alpha: 1 })).toThrow(
      /2 samples/,
    )
  })
})

describe('task filter', () => {
  it('uses strict bounds', () => {
    expect(filterTask([6, 6, 6, 0, 0], [0, 0, 0, 0, 0], thresholds)).toEqual({
      easy: 0.6,
      beats: 0.6,
      controlGood: 0,
      accept: false,
    })
    expect(filterTask([6, 6, 1, 0, 0], [0, 0, 0, 0, 0], thresholds).accept).toBe(true)
    expect(filterTask([0], [0], { ...thresholds, minBeat: 0 }).accept).toBe(false)
  })

  it('relaxes to the nearest candidate and says so', () => {
    const returns = [
      [9, 9],
      [0, 0],
      [9, 9],
    ]
    const found = findLearnableTask(
      attempt => attempt,
      task => ({ agent: returns[task], control: task === 1 ? [1, 1] : [0, 0] }),
      { ...thresholds, maxEasy: 0.9 },
      { attempts: 3 },
    )
    // easy tasks miss by 1 − 0.9 = 0.1, the hard one by 0.2
    expect(found).toMatchObject({ task: 0, relaxed: true, attempts: 3 })
    expect(distanceToBounds(found.verdict, { ...thresholds, maxEasy: 0.9 })).toBeCloseTo(0.1, 12)
    const accepted = findLearnableTask(
      attempt => attempt,
      () => ({ agent: [1], control: [0] }),
      thresholds,
    )
    expect(accepted).toMatchObject({ task: 0, relaxed: false, attempts: 1 })
  })

  it('keeps a bounded pool', () => {
    let pool = addToPool(addToPool({ entries: [] as { task: string; uses: number }[] }, 'a', { capacity: 2 }), 'b', {
      capacity: 2,
    })
    pool = addToPool(pool, 'c', { capacity: 2 })
    expect(pool.entries.map(entry => entry.task)).toEqual(['b', 'c'])
    const used = useFromPool(pool, 1, { retestAfter: 1 })
    expect(used).toMatchObject({ task: 'c', retest: true })
    expect(dropFromPool(used.pool, 0).entries).toEqual([{ task: 'c', uses: 1 }])
  })
})

describe('stages', () => {
  const turn = (key: boolean) => ({ action: 'x', columns: { predicates: { key, door: false, seen: false } } })
  const batch = batchFromRollouts([
    {
      id: 'a',
      group: 'g',
      prompt: 'p',
      turns: [turn(true), turn(true), turn(false)],
      columns: { goal: holdKey },
      groupColumns: { controlScores: [0, 0] },
    },
    {
      id: 'b',
      group: 'g',
      prompt: 'p',
      turns: [{ action: 'x', columns: { predicates: { door: true } } }],
      columns: { goal: holdKey },
      groupColumns: { controlScores: [0, 0] },
    },
  ])

  it('pay goals per turn and keep failures failures', async () => {
    const stage = bindStage(goalStage, {})
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...(columns['turn.reward'] as Signal).values.subarray(0, 3)]).toEqual([1, 1, 0])
    expect(outcomeAt(columns['rollout.reward'] as Signal, 0)).toEqual({ status: 'scored', value: 2 })
    expect(outcomeAt(columns['rollout.reward'] as Signal, 1)).toMatchObject({
      status: 'failed',
      failure: { class: 'invalid_input' },
    })
    const playing = bindStage(goalStage, { goal: [[{ predicate: 'key' }]], selfRewardPlay: true })
    const played = await playing.apply(batch, playing.initial())
    expect([...(played.columns['turn.reward'] as Signal).values.subarray(0, 3)]).toEqual([1, 0, 1])
  })

  it('filter groups from scored rollouts only', async () => {
    const stage = bindStage(filterStage, { easyReturn: 5 })
    const records = [
      { id: 'a', group: 'g', prompt: 'p', columns: { score: 3 }, groupColumns: { controlScores: [0, 0] } },
      {
        id: 'b',
        group: 'g',
        prompt: 'p',
        columns: { score: { status: 'failed', failure: { class: 'timeout', message: 'late' } } },
        groupColumns: { controlScores: [0, 0] },
      },
      { id: 'c', group: 'h', prompt: 'p', columns: { score: { status: 'abstained' } } },
    ]
    const { columns } = await stage.apply(batchFromRollouts(records), stage.initial())
    const accept = columns['group.xlandAccept'] as Signal
    expect(outcomeAt(accept, 0)).toEqual({ status: 'scored', value: 1 })
    expect(outcomeAt(accept, 1)).toMatchObject({ status: 'abstained' })
  })

  it('play on transitions across batches', () => {
    const shaper = selfRewardPlayShaper()
    const transitions = (goal: number[], start: number[]) => ({
      reward: new Float64Array(goal.length),
      auxiliary: { goal: Float64Array.from(goal) },
      costs: {},
      terminated: new Uint8Array(goal.length),
      truncated: new Uint8Array(goal.length),
      episodeStart: Uint8Array.from(start),
    })
    const first = shaper.shape(transitions([0, 1], [1, 0]), shaper.initial())
    expect([...first.reward]).toEqual([0, 1])
    expect(first.state).toEqual({ target: 'undo' })
    const second = shaper.shape(transitions([0, 0], [0, 1]), first.state)
    expect([...second.reward]).toEqual([1, 0])
    expect(() => shaper.shape({ ...transitions([1], [1]), auxiliary: {} }, first.state)).toThrow(/channel "goal"/)
  })
})
