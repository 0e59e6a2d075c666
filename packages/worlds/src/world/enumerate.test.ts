import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { minigridActions } from '../grid/minigrid-cells.ts'
import {
  cartPoleWorld,
  chain,
  discrete,
  doorKeyWorld,
  drawStart,
  type EnumeratedWorld,
  enumerateWorld,
  fourRoom,
  fourRoomsWorld,
  hardMazeWorld,
  lineKey,
  type TabularWorld,
  tabularDefinition,
  type WorldDefinition,
} from '../index.ts'

/** Optimal values by backups from 0 until they change by less than 1e-13. */
function optimalValues(world: TabularWorld): Float64Array {
  const values = new Float64Array(world.stateCount)
  for (;;) {
    let change = 0
    for (let state = world.stateCount - 1; state >= 0; state--) {
      let best = Number.NEGATIVE_INFINITY
      for (let action = 0; action < world.actionCount; action++)
        best = Math.max(best, actionValue(world, values, state, action))
      change = Math.max(change, Math.abs(best - values[state]))
      values[state] = best
    }
    if (change < 1e-13) return values
  }
}

function actionValue(world: TabularWorld, values: Float64Array, state: number, action: number): number {
  const row = state * world.actionCount + action
  let value = world.rewards[row]
  for (let k = world.offsets[row]; k < world.offsets[row + 1]; k++)
    value += world.discount * world.probabilities[k] * values[world.nextStates[k]]
  return value
}

/** Value of an episode's first state, over the starts. */
function startValue(world: TabularWorld): number {
  return optimalValues(world).reduce((sum, value, state) => sum + world.initial[state] * value, 0)
}

/** Fewest steps from a start to the end of a world whose steps draw nothing, by moving copies of it. */
function shortestEpisode(definition: WorldDefinition, start: Float64Array, ignore: number): number {
  const count = definition.actionSpace.kind === 'discrete' ? definition.actionSpace.count : 0
  const keyOf = (state: Float64Array) => state.filter((_, i) => i !== ignore).join()
  const seen = new Set([keyOf(start)])
  let front = [start]
  for (let steps = 1; front.length > 0; steps++) {
    const next: Float64Array[] = []
    for (const state of front) {
      for (let action = 0; action < count; action++) {
        const moved = state.slice()
        const outcome = { reward: 0, terminated: false }
        definition.advance(moved, 0, Float64Array.of(action), 0, outcome, new Random(0))
        if (outcome.terminated) return steps
        if (seen.has(keyOf(moved))) continue
        seen.add(keyOf(moved))
        next.push(moved)
      }
    }
    front = next
  }
  return Number.POSITIVE_INFINITY
}

describe('tables', () => {
  const tables = [fourRoom(), fourRoom({ rules: '2021' }), lineKey(), chain({ rightCells: 4, leftCells: 3 })]

  it.each(tables.map(world => [world.name, world] as const))('%s: keep their values when enumerated', (_, world) => {
    const enumerated = enumerateWorld(tabularDefinition(world), { discount: world.discount })
    expect(startValue(enumerated)).toBeCloseTo(startValue(world), 10)
    const values = optimalValues(world)
    const again = optimalValues(enumerated)
    enumerated.states.forEach(([state], k) => {
      expect(again[k]).toBeCloseTo(values[state], 10)
    })
    expect(enumerated.terminalState).toBe(enumerated.states.length)
    expect(enumerated.actionNames).toEqual(world.actionNames)
  })

  it('leave out what cannot be reached', () => {
    // without slips the key is at cell 1, picked in position 1 and held from position 0 on
    const enumerated = enumerateWorld(tabularDefinition(lineKey({ slip: 0 })), { discount: 0.9 })
    expect(enumerated.states).toHaveLength(20)
    expect(startValue(enumerated)).toBeCloseTo(10 * 0.9 ** (4 + 1 + 9), 10)
  })
})

describe('a time limit', () => {
  it('is worth what can be had in time', () => {
    // four steps to the key, one to pick it, nine from position 0 (where picking leads) to the goal, one out of it
    const value = (horizon: number) =>
      startValue(enumerateWorld(tabularDefinition(lineKey({ slip: 0 })), { discount: 1, horizon }))
    expect([14, 15, 30].map(value)).toEqual([0, 10, 10])
    // three steps to the last cell, then 1 for each that is left
    const chained = tabularDefinition(chain({ rightCells: 3, leftCells: 2, noise: 0, distractorReward: 0 }))
    expect(startValue(enumerateWorld(chained, { discount: 1, horizon: 10 }))).toBe(7)
    expect(startValue(enumerateWorld(chained, { discount: 0.5, horizon: 5 }))).toBe(0.5 ** 3 + 0.5 ** 4)
  })
})

describe('grids', () => {
  const start = (definition: WorldDefinition, seed: number) => [
    { state: drawStart(definition, new Random(seed)), probability: 1 },
  ]
  const steps = 6

  it.each([1, 2, 3])('are worth what the shortest way to the goal pays (key and door, seed %i)', seed => {
    const maxSteps = 30
    const definition = doorKeyWorld({ size: 5, maxSteps })
    const starts = start(definition, seed)
    const world = enumerateWorld(definition, { discount: 1, horizon: maxSteps, starts })
    const shortest = shortestEpisode(definition, starts[0].state, steps)
    expect(shortest).toBeGreaterThan(5)
    expect(startValue(world)).toBeCloseTo(1 - (0.9 * shortest) / maxSteps, 12)
  })

  it('are worth what the shortest way to the goal pays (four rooms)', () => {
    const maxSteps = 24
    const definition = fourRoomsWorld({ size: 9, maxSteps })
    const starts = start(definition, 4)
    const world = enumerateWorld(definition, { discount: 1, horizon: maxSteps, starts })
    const shortest = shortestEpisode(definition, starts[0].state, steps)
    expect(startValue(world)).toBeCloseTo(shortest > maxSteps ? 0 : 1 - (0.9 * shortest) / maxSteps, 12)
  })

  it('cannot be left without the key', () => {
    const definition = doorKeyWorld({ size: 5, maxSteps: 30 })
    const barred = {
      ...definition,
      advance: (...given: Parameters<WorldDefinition['advance']>) => {
        // picking up is replaced by doing nothing
        if (given[2][given[3]] === minigridActions.indexOf('pickup')) given[2][given[3]] = 6
        definition.advance(...given)
      },
    }
    const world = enumerateWorld(barred, { discount: 1, horizon: 12, starts: start(definition, 1) })
    expect(startValue(world)).toBe(0)
  })
})

describe('rows', () => {
  const fork: WorldDefinition = {
    ...tabularDefinition(lineKey()),
    name: 'fork',
    actionSpace: discrete(1),
    starts: () => [0, 1].map(k => ({ state: Float64Array.of(k), probability: k === 0 ? 0.25 : 0.75 })),
    outcomes: ([state]) => [
      { state: Float64Array.of(2), probability: 0.5, reward: 4 + state, terminated: false },
      { state: Float64Array.of(2), probability: 0.3, reward: 0, terminated: false },
      { state: Float64Array.of(state), probability: 0.2, reward: 10, terminated: true },
    ],
  }

  it('join outcomes of one state and expect their rewards', () => {
    const world: EnumeratedWorld = enumerateWorld(fork, { discount: 0 })
    expect(world.states.map(([state]) => state)).toEqual([0, 1, 2])
    expect([...world.initial]).toEqual([0.25, 0.75, 0, 0])
    expect([...world.offsets]).toEqual([0, 2, 4, 6, 7])
    expect([...world.nextStates]).toEqual([2, 3, 2, 3, 2, 3, 3])
    expect([...world.rewards]).toEqual([4, 4.5, 5, 0])
    expect(world.probabilities[0]).toBeCloseTo(0.8, 12)
    expect(startValue(world)).toBeCloseTo(0.25 * 4 + 0.75 * 4.5, 12)
  })

  it.each<[string, string, RegExp, () => unknown]>([
    ['continuous actions', 'unsupported', /discrete actions/, () => enumerateWorld(hardMazeWorld(), { discount: 0.9 })],
    [
      'no starts',
      'invalid_input',
      /states to start from; door-key has too many/,
      () => enumerateWorld(doorKeyWorld(), { discount: 0.9 }),
    ],
    [
      'too many states',
      'unsupported',
      /at most 50 states of cart-pole/,
      () =>
        enumerateWorld(cartPoleWorld, {
          discount: 0.9,
          limit: 50,
          starts: [{ state: new Float64Array(4), probability: 1 }],
        }),
    ],
    [
      'drawn outcomes',
      'unsupported',
      /list its outcomes/,
      () => {
        const { outcomes: _, ...drawn } = fork
        return enumerateWorld(drawn, { discount: 0.9 })
      },
    ],
    [
      'half a distribution',
      'invalid_input',
      /action 0 in state \(0\) of fork; got sum 0.5/,
      () =>
        enumerateWorld(
          {
            ...fork,
            outcomes: ([state]) => [{ state: Float64Array.of(state), probability: 0.5, reward: 0, terminated: false }],
          },
          { discount: 0.9 },
        ),
    ],
    ['no discount', 'invalid_option', /discount/, () => enumerateWorld(fork, { discount: 1.1 })],
    [
      'a reward that is no number',
      'not_finite',
      /finite reward/,
      () =>
        enumerateWorld(
          {
            ...fork,
            outcomes: ([state]) => [
              { state: Float64Array.of(state), probability: 1, reward: Number.NaN, terminated: false },
            ],
          },
          { discount: 0.9 },
        ),
    ],
  ])('refuse %s', (_, code, message, act) => {
    expect(act).toThrow(message)
    expect(act).toThrow(expect.objectContaining({ code }))
  })
})
