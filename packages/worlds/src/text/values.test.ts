import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { arithmeticWorld } from './arithmetic.ts'
import { householdWorld } from './household.ts'
import { searchAnswerWorld } from './search-answer.ts'
import type { TextWorld } from './text-world.ts'
import { branchValue, type ListedPolicy, sampledPolicy, trueValues, valueTable } from './values.ts'

/** A walk on −2 … 2 from 0: −1 or +1 a turn; 2 pays 1 and ends it, −2 pays nothing and ends it. */
const walk: TextWorld<{ readonly id: string }, { readonly at: number }> = {
  ...(arithmeticWorld() as unknown as TextWorld<{ readonly id: string }, { readonly at: number }>),
  name: 'walk',
  maximumTurns: 1000,
  start: () => ({ at: 0 }),
  actions: () => [Int32Array.of(3, 2), Int32Array.of(4, 2)],
  step({ at }, action) {
    const next = at + (action[0] === 4 ? 1 : -1)
    const terminated = Math.abs(next) === 2
    return { state: { at: next }, reward: next === 2 ? 1 : 0, terminated, truncated: false, facts: {} }
  },
}
const uniform: ListedPolicy<unknown> = (_, actions) => new Float64Array(actions.length).fill(1 / actions.length)
const right: ListedPolicy<unknown> = () => [0.25, 0.75]

describe('exact values', () => {
  // Two steps from 0 up pay with probability p²; one up and one down, in 2pq of cases, begin again.
  it.each([
    [1, 0],
    [2, 0.75 ** 2],
    [3, 0.75 ** 2],
    [4, 0.75 ** 2 * (1 + 2 * 0.75 * 0.25)],
  ])('look %i turns ahead on a walk', (depth, value) => {
    expect(trueValues(walk, { at: 0 }, right, { depth }).value).toBeCloseTo(value, 12)
  })

  it('give values, action values and advantages that belong together, discounted', () => {
    const { value, actionValues, advantages } = trueValues(walk, { at: 1 }, right, { depth: 2, discount: 0.5 })
    // Up: 1. Down to 0, one turn left: nothing. So V = 0.75.
    expect([...actionValues]).toEqual([0, 1])
    expect(value).toBe(0.75)
    expect([...advantages]).toEqual([-0.75, 0.25])
    const table = valueTable(walk, right, { depth: 3, discount: 0.5 })
    // Down, up, up pays 0.25 · 0.75².
    expect(table.actionValue({ at: 1 }, [3, 2])).toBeCloseTo(0.25 * 0.75 ** 2, 12)
    expect(table.advantage({ at: 1 }, [4, 2])).toBeCloseTo(1 - table.at({ at: 1 }).value, 12)
  })

  it('are 1 for the expert and a share for guessing, in arithmetic', () => {
    const world = arithmeticWorld({ levels: 1 })
    const state = world.start(world.task(0, new Random(1)))
    const outcomes = world.actions(state).map(action => world.step(state, action).reward)
    const { value, actionValues } = trueValues(world, state, uniform)
    expect([...actionValues]).toEqual(outcomes)
    expect(value).toBeCloseTo(outcomes.reduce((sum, reward) => sum + reward, 0) / outcomes.length, 12)
  })

  it('add up to zero under the policy, and no action is better than being solved', () => {
    const task = searchAnswerWorld.task(1, new Random(2))
    const state = searchAnswerWorld.start(task)
    const { value, probabilities, advantages, actionValues } = trueValues(searchAnswerWorld, state, uniform, {
      depth: 4,
    })
    expect(advantages.reduce((sum, advantage, i) => sum + probabilities[i] * advantage, 0)).toBeCloseTo(0, 12)
    expect(Math.max(...actionValues)).toBeLessThanOrEqual(1)
    expect(value).toBeGreaterThan(0)
  })

  it('of actions the policy never takes are those of taking them once', () => {
    const table = valueTable(walk, () => [0, 1], { depth: 5 })
    expect([...table.at({ at: 0 }).actionValues]).toEqual([1, 1])
    expect([...table.at({ at: -1 }).actionValues]).toEqual([0, 1])
    expect(table.advantage({ at: -1 }, [3, 2])).toBe(-1)
  })

  it('are refused where they cannot be had', () => {
    const { actions: _, ...silent } = walk
    expect(() => trueValues(silent, { at: 0 }, right)).toThrow(expect.objectContaining({ code: 'unsupported' }))
    for (const policy of [[0.5, 0.4], [1], [1.5, -0.5], [Number.NaN, 1]]) {
      expect(() => trueValues(walk, { at: 0 }, () => policy, { depth: 1 })).toThrow(
        expect.objectContaining({ code: 'invalid_input' }),
      )
    }
    const house = householdWorld.start(householdWorld.task(3, new Random(1)))
    expect(() => trueValues(householdWorld, house, uniform, { maximumStates: 500 })).toThrow(
      'expected at most 500 states of household; got more',
    )
    expect(() => trueValues(walk, { at: 0 }, right)).toThrow('expected states of walk that count their turns')
    expect(() => trueValues(walk, { at: 0 }, right, { depth: 0 })).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
  })
})

describe('values by branching', () => {
  const stepwise = arithmeticWorld({ turns: 'multi', levels: 1 })
  const careful: ListedPolicy<unknown> = (_, actions) =>
    actions.map((__, i) => (i === 0 ? 0.8 : 0.2 / (actions.length - 1)))
  const surely: ListedPolicy<unknown> = (state, actions) => (actions.length === 1 ? [1] : careful(state, actions))

  it.each([
    ['arithmetic a step at a time', stepwise as TextWorld, surely, 0],
    ['search and answer', searchAnswerWorld as TextWorld, uniform, 0],
  ])('agree with enumeration in %s', (_, world, policy, level) => {
    const state = world.start(world.task(level, new Random(3)))
    const table = valueTable(world, policy)
    const { value, actions, actionValues } = table.at(state)
    const draw = sampledPolicy(world, policy)
    const whole = branchValue(world, state, draw, { rollouts: 1000, random: new Random(4) })
    expect(Math.abs(whole.mean - value)).toBeLessThan(3 * whole.standardError)
    actions.slice(0, 3).forEach((action, i) => {
      const branch = branchValue(world, state, draw, { rollouts: 300, random: new Random(5), action })
      // Where every rollout ends alike the standard error is 0.
      expect(Math.abs(branch.mean - actionValues[i])).toBeLessThanOrEqual(3 * branch.standardError + 1e-12)
    })
  })

  it('draw each rollout from its own stream, and discount', () => {
    const draw = sampledPolicy(walk, right)
    const few = branchValue(walk, { at: 0 }, draw, { rollouts: 5, random: new Random(1) })
    const more = branchValue(walk, { at: 0 }, draw, { rollouts: 50, random: new Random(1) })
    expect([...more.returns.subarray(0, 5)]).toEqual([...few.returns])
    const up = branchValue(walk, { at: 0 }, () => [4, 2], { rollouts: 2, random: new Random(1), discount: 0.5 })
    expect(up).toMatchObject({ mean: 0.5, standardError: 0 })
    expect(() => branchValue(walk, { at: 0 }, draw, { rollouts: 1, random: new Random(1) })).toThrow()
  })
})
