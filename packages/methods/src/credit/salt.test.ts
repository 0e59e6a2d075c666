import { batchFromRollouts, bindStage, numbers, withColumns } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { saltBaseAdvantages, saltStage, saltStepAdvantages, saltTokenAdvantages, type Transition } from './salt.ts'

const rows = (values: readonly ArrayLike<number>[]) => values.map(row => Array.from(row))
const ab: Transition = ['s', 'a', 't']
const bc: Transition = ['t', 'b', 'u']
const bd: Transition = ['t', 'b', 'v']

describe('SALT', () => {
  it('makes shared steps neutral and keeps what one rollout did alone', () => {
    const result = saltStepAdvantages([[ab, bc], [ab, bd], [ab]], [1, -1, 0.3])
    expect(rows(result.edgeGroupIds)).toEqual([[0, 1], [0, 2], [0]])
    expect(rows(result.sharedByTwoTrajectories)).toEqual([[1, 0], [1, 0], [1]])
    // the shared step: (1 − 1 + .3)/3
    expect(rows(result.stepAdvantages)).toEqual([
      [expect.closeTo(0.1), 1],
      [expect.closeTo(0.1), -1],
      [expect.closeTo(0.1)],
    ])
    expect(result.mergeRate).toBe(0.6)
  })

  it('counts a loop once per occurrence, or once per trajectory', () => {
    const loop: Transition[] = [ab, ab, ab]
    // (3·1 + 1·(−1))/4 against (1 − 1)/2
    expect(saltStepAdvantages([loop, [ab]], [1, -1]).stepAdvantages[0][0]).toBe(0.5)
    expect(saltStepAdvantages([loop, [ab]], [1, -1], { dedupePerTrajectory: true }).stepAdvantages[0][0]).toBe(0)
  })

  it('merges less the longer the history', () => {
    const other: Transition = ['x', 'a', 't']
    const batch = [
      [ab, bc],
      [other, bc],
    ]
    expect(saltStepAdvantages(batch, [1, 0]).mergeRate).toBe(0.5)
    expect(saltStepAdvantages(batch, [1, 0], { historyLength: 1 }).mergeRate).toBe(0)
    // same window of one, but a different prefix
    const long = [
      [ab, bc, ab],
      [other, bc, ab],
    ]
    expect(saltStepAdvantages(long, [1, 0], { historyLength: 1 }).mergeRate).toBeCloseTo(1 / 3)
    expect(saltStepAdvantages(long, [1, 0], { historyLength: 'all' }).mergeRate).toBe(0)
    expect(saltStepAdvantages(long, [1, 0], { historyLength: Number.POSITIVE_INFINITY }).mergeRate).toBe(0)
  })

  it('keeps apart what only looks alike', () => {
    const near: Transition[][] = [[['a,b', 'c', 'd']], [['a', 'b,c', 'd']], [['1', 'x', null]], [[1, 'x', null]]]
    expect(saltStepAdvantages(near, [1, 2, 3, 4]).mergeRate).toBe(0)
  })

  const transition = fc.tuple(
    fc.constantFrom('s', 't'),
    fc.constantFrom('a', 'b'),
    fc.constantFrom('s', 't'),
  ) as fc.Arbitrary<Transition>
  const group = fc.array(fc.array(transition, { maxLength: 5 }), { minLength: 1, maxLength: 5 })

  it('preserves the sum over steps, follows a permutation, and an unbounded window is the prefix rule', () => {
    fc.assert(
      fc.property(group, fc.integer({ min: 0, max: 3 }), (trajectories, historyLength) => {
        const base = trajectories.map((_, i) => i - 1)
        const { stepAdvantages } = saltStepAdvantages(trajectories, base, { historyLength })
        const total = stepAdvantages.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0)
        expect(total).toBeCloseTo(
          trajectories.reduce((sum, steps, i) => sum + steps.length * base[i], 0),
          9,
        )
        const reversed = saltStepAdvantages([...trajectories].reverse(), [...base].reverse(), { historyLength })
        expect(rows(reversed.stepAdvantages).reverse()).toEqual(
          rows(stepAdvantages).map(row => row.map(value => expect.closeTo(value, 9))),
        )
        const windowed = saltStepAdvantages(trajectories, base, { historyLength: 5 })
        expect(saltStepAdvantages(trajectories, base, { historyLength: 'all' })).toEqual(windowed)
      }),
      { numRuns: 60, seed: 11 },
    )
  })

  it('is the identity without shared edges and 0 for equal rewards or one trajectory', () => {
    expect(rows(saltStepAdvantages([[ab], [bc]], [0.7, -0.7]).stepAdvantages)).toEqual([[0.7], [-0.7]])
    expect([...saltBaseAdvantages([0.98, 0.98, 0.98])]).toEqual([0, 0, 0])
    expect([...saltBaseAdvantages([5])]).toEqual([0])
    expect([...saltBaseAdvantages([1, 0], { base: 'rloo' })]).toEqual([1, -1])
    expect([...saltBaseAdvantages([1, 0], { base: 'drGrpo' })]).toEqual([0.5, -0.5])
    expect(saltStepAdvantages([], []).mergeRate).toBe(0)
    expect(rows(saltStepAdvantages([[], [ab]], [1, 2]).stepAdvantages)).toEqual([[], [2]])
  })

  it('writes spans and refuses overlapping ones', () => {
    const advantages = [Float64Array.of(1, 2)]
    expect(
      rows(
        saltTokenAdvantages(
          advantages,
          [
            [
              [0, 1],
              [2, 4],
            ],
          ],
          [5],
        ),
      ),
    ).toEqual([[1, 0, 2, 2, 0]])
    expect(() =>
      saltTokenAdvantages(
        advantages,
        [
          [
            [0, 3],
            [2, 4],
          ],
        ],
        [5],
      ),
    ).toThrow(/do not overlap/)
    expect(() => saltStepAdvantages([[ab]], [1], { historyLength: -1 })).toThrow(/historyLength/)
    expect(() => saltStepAdvantages([[ab]], [])).toThrow(/same length/)
  })
})

describe('the salt stage', () => {
  const rollout = (id: string, outcome: unknown, states: (string | undefined)[], finalState?: string) => ({
    id,
    group: 'g',
    prompt: 'p',
    outcome,
    turns: states.map((state, k) => ({ action: 'go', state, span: [2 * k, 2 * k + 1] })),
    tokens: { mask: states.flatMap(() => [1, 0]) },
    columns: finalState === undefined ? {} : { finalState },
  })
  const failedOutcome = { status: 'failed', failure: { class: 'timeout', message: 'slow' } }
  const apply = async (records: unknown[], options: object = {}) => {
    const base = batchFromRollouts(records)
    const batch = withColumns(base, { 'rollout.score': numbers(base, 'rollout.outcome') })
    const stage = bindStage(saltStage, options)
    return withColumns(batch, (await stage.apply(batch, null)).columns)
  }

  it('leaves failed rollouts out of graph and statistics and reports missing states', async () => {
    const result = await apply(
      [
        rollout('a', 1, ['x', 'y'], 'won'),
        rollout('b', 0, ['x', 'y'], 'lost'),
        rollout('c', failedOutcome, ['x']),
        rollout('d', 0.5, [undefined]),
      ],
      { base: 'drGrpo' },
    )
    const advantage = numbers(result, 'turn.advantage')
    expect([...advantage.values]).toEqual([0, 0.5, 0, -0.5, Number.NaN, Number.NaN])
    expect(advantage.failures.get(4)?.class).toBe('timeout')
    expect(advantage.failures.get(5)?.message).toMatch(/a state on every turn; turn 0 has none/)
    expect([...numbers(result, 'turn.saltShared').values.slice(0, 4)]).toEqual([1, 0, 1, 0])
    expect([...numbers(result, 'rollout.saltBase').values]).toEqual([0.5, -0.5, Number.NaN, 0])
  })

  it('places advantages on policy tokens', async () => {
    const result = await apply([rollout('a', 1, ['x'], 'w'), rollout('b', 0, ['x'], 'l')], {
      base: 'drGrpo',
      place: 'tokens',
    })
    expect([...numbers(result, 'token.advantage').values]).toEqual([0.5, 0, -0.5, 0])
  })

  it('gives every token of a failed rollout its failure, inside and outside of turns', async () => {
    const result = await apply([rollout('a', 1, ['x'], 'w'), rollout('b', failedOutcome, ['x'], 'l')], {
      place: 'tokens',
    })
    const advantage = numbers(result, 'token.advantage')
    expect([...advantage.status]).toEqual([0, 0, 2, 2])
    expect(advantage.failures.get(3)?.class).toBe('timeout')
  })
})
