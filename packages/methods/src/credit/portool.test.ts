import { batchFromRollouts, bindStage, numbers, Random, withColumns } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formattingReward, portoolAdvantages, portoolStage, rolloutPlan, selectCandidates } from './portool.ts'

const rows = (values: readonly (ArrayLike<number> | null)[]) => values.map(row => row && Array.from(row))
const tree = {
  trajectoryStepIds: [
    ['a', 'b'],
    ['a', 'c', 'd'],
  ],
  outcomes: [1, -1],
}
const plain = { gamma: 0.5, normaliseByStd: false, maxDepth: 3 } as const

describe('PORTool', () => {
  it('decays outcomes by the distance to the end of their own trajectory', () => {
    // a: (.5·1 + .25·(−1))/2 = .125; b: 1; c: −.5; d: −1
    const { stepRewards, forkAdvantages, advantages } = portoolAdvantages(tree, plain)
    expect(stepRewards).toEqual({ a: 0.125, b: 1, c: -0.5, d: -1 })
    expect(forkAdvantages).toEqual({ a: 0, b: 0.75, c: -0.75, d: 0 })
    // trajectory scores .5625 and −.4583…: half their difference is .510416…
    expect(rows(advantages)).toEqual([
      [expect.closeTo(0.5104166667), expect.closeTo(1.2604166667)],
      [expect.closeTo(-0.5104166667), expect.closeTo(-1.2604166667), expect.closeTo(-0.5104166667)],
    ])
  })

  it('asks with max whether any trajectory succeeds', () => {
    expect(portoolAdvantages(tree, { ...plain, aggregate: 'max' }).stepRewards.a).toBe(0.5)
  })

  it('adds the formatting reward once, bounded below any outcome', () => {
    expect(formattingReward(1, { gamma: 0.5, maxDepth: 3 })).toEqual({ reward: 0.0625, bound: 0.0625 })
    const formattingScores = { a: 1 }
    const { stepRewards } = portoolAdvantages({ ...tree, formattingScores }, plain)
    expect(stepRewards).toEqual({ a: 0.1875, b: 1, c: -0.5, d: -1 })
    expect(() => formattingReward(1.2, { maxDepth: 3 })).toThrow(/rawScore/)
  })

  it('compares trajectories as told and blends by weight', () => {
    const first = portoolAdvantages(tree, { ...plain, trajectoryReward: 'firstStepReward' })
    expect(first.trajectoryAdvantages).toEqual([0, 0])
    const outcome = portoolAdvantages(tree, { ...plain, trajectoryReward: 'outcomePlusMeanFormat', forkWeight: 0 })
    expect(rows(outcome.advantages)).toEqual([
      [1, 1],
      [-1, -1, -1],
    ])
    const divided = portoolAdvantages(tree, {
      ...plain,
      trajectoryReward: 'outcomePlusMeanFormat',
      sharedPrefix: 'divided',
    })
    expect(divided.advantages[0]?.[0]).toBe(0.5)
  })

  it('drops trajectories without an outcome and derives the rest again', () => {
    const three = { trajectoryStepIds: [...tree.trajectoryStepIds, ['a', 'e']], outcomes: [1, -1, null] }
    const { stepRewards, advantages } = portoolAdvantages(three, plain)
    expect(stepRewards).toEqual(portoolAdvantages(tree, plain).stepRewards)
    expect(advantages[2]).toBeNull()
  })

  it('gives nothing to compare nothing: one trajectory, equal siblings, no trajectories', () => {
    expect(rows(portoolAdvantages({ trajectoryStepIds: [['a', 'b']], outcomes: [1] }).advantages)).toEqual([[0, 0]])
    const equal = { trajectoryStepIds: [['a'], ['b'], ['c']], outcomes: [1, 1, 1] }
    expect(rows(portoolAdvantages(equal).advantages)).toEqual([[0], [0], [0]])
    expect(portoolAdvantages({ trajectoryStepIds: [], outcomes: [] }).advantages).toEqual([])
  })

  it('without shared steps first steps are one fork and everything is finite and follows a permutation', () => {
    const trajectory = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom(-1, 0, 1))
    fc.assert(
      fc.property(fc.array(trajectory, { minLength: 2, maxLength: 5 }), given => {
        const forest = {
          trajectoryStepIds: given.map(([length], k) => Array.from({ length }, (_, t) => `${k}.${t}`)),
          outcomes: given.map(([, outcome]) => outcome),
        }
        const { advantages, trajectoryAdvantages } = portoolAdvantages(forest)
        expect(rows(advantages).flat().every(Number.isFinite)).toBe(true)
        expect(trajectoryAdvantages.reduce((a: number, b) => a + (b ?? 0), 0)).toBeCloseTo(0, 6)
        const reversed = portoolAdvantages({
          trajectoryStepIds: [...forest.trajectoryStepIds].reverse(),
          outcomes: [...forest.outcomes].reverse(),
        })
        expect(rows(reversed.advantages).reverse()).toEqual(
          rows(advantages).map(row => row?.map(value => expect.closeTo(value, 9))),
        )
      }),
      { numRuns: 40, seed: 1 },
    )
  })

  it('refuses a tree that is none', () => {
    const at = (trajectoryStepIds: string[][]) => () =>
      portoolAdvantages({ trajectoryStepIds, outcomes: trajectoryStepIds.map(() => 1) })
    expect(
      at([
        ['a', 'b'],
        ['c', 'b'],
      ]),
    ).toThrow(/node "b" to stand in one place/)
    expect(at([['a', 'a']])).toThrow(/node "a"/)
    expect(() => portoolAdvantages(tree, { maxDepth: 2 })).toThrow(/at most maxDepth 2 steps; got 3/)
  })
})

describe('the tree rollout', () => {
  it('plans until all are finished or the depth limit', () => {
    const plan = rolloutPlan({ trajectoriesPerQuery: 3, forkFactor: 2, finishPerDepth: [1], maxDepth: 2 })
    expect(plan.levels).toEqual([
      { depth: 1, candidates: 3, kept: 3, completedAfter: 1 },
      { depth: 2, candidates: 4, kept: 2, completedAfter: 1 },
    ])
    expect(plan.unfinished).toBe(2)
    expect(() => rolloutPlan({ trajectoriesPerQuery: 2, forkFactor: 1, finishPerDepth: [3], maxDepth: 2 })).toThrow(
      /at most 2/,
    )
  })

  it('selects candidates by policy', () => {
    const parents = [0, 0, 0, 1, 1, 2]
    for (let seed = 0; seed < 20; seed++) {
      const perParent = selectCandidates(parents, 3, new Random(seed), { policy: 'one-per-parent' })
      expect([...perParent].map(i => parents[i])).toEqual([0, 1, 2])
      const texts = ['x', 'x', 'x', 'y', 'x', 'x']
      expect([...selectCandidates(parents, 2, new Random(seed), { policy: 'diverse', texts })]).toContain(3)
      expect(new Set(selectCandidates(parents, 4, new Random(seed))).size).toBe(4)
    }
    expect([...selectCandidates(parents, 3, new Random(5))]).toEqual([...selectCandidates(parents, 3, new Random(5))])
    expect(() => selectCandidates([0], 2, new Random(0))).toThrow(/at least 2 candidates/)
  })
})

describe('the portool stage', () => {
  it('reads the tree from node ids and drops failed rollouts from it', async () => {
    const rollout = (id: string, outcome: unknown, nodes: (string | null)[]) => ({
      id,
      group: 'g',
      prompt: 'p',
      outcome,
      turns: nodes.map(node => ({ action: 'call', columns: node === null ? {} : { node, formatScore: 0.5 } })),
    })
    const failedOutcome = { status: 'failed', failure: { class: 'quota', message: 'judge' } }
    const base = batchFromRollouts([
      rollout('x', 1, ['a', 'b']),
      rollout('y', -1, ['a', 'c', 'd']),
      rollout('z', failedOutcome, ['a', 'e']),
      rollout('w', 1, [null]),
    ])
    const batch = withColumns(base, { 'rollout.score': numbers(base, 'rollout.outcome') })
    const { columns } = await bindStage(portoolStage, plain).apply(batch, null)
    const result = withColumns(batch, columns)
    const advantage = numbers(result, 'turn.advantage')
    expect([...advantage.values.slice(0, 5)]).toEqual(
      rows(portoolAdvantages(tree, plain).advantages)
        .flat()
        .map(value => expect.closeTo(value ?? 0, 12)),
    )
    expect([...advantage.status.slice(5)]).toEqual([2, 2, 2])
    expect(advantage.failures.get(7)?.message).toMatch(/a node id on every turn/)
  })
})
