import { Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { enumerateWorld, vectorWorld } from '../index.ts'
import { goalText, type XlandGoal } from './goals.ts'
import { observationSize, XlandCode } from './observe.ts'
import { XlandCell, XlandObject, xlandActions, xlandLevels } from './shape.ts'
import { jointAction, playerAction, type XlandWorld, xlandGame, xlandWorld } from './xland-world.ts'

const [up, right, down, left, use, wait] = xlandActions.keys()
const two = xlandGame({ size: 5, players: 2, objects: 2, zones: 1, level: 1 })

/**
 * A red ball at (1, 0) and a blue slab at (3, 3), walls at (2, 0) and (2, 2), red floor in row 4, player 0 at (0, 0),
 * player 1 at (4, 4).
 */
function universe(goals: readonly XlandGoal[] = [[[{ predicate: 'hold(player 0, red ball)' }]]]): Float64Array {
  const state = new Float64Array(two.stateSize)
  for (const cell of [2, 12]) state[cell] = XlandCell.wall
  state.fill(XlandCell.colour, 20, 25)
  state.set([0, 0, 1, 0, -1], two.shape.objectsAt)
  state.set([3, 2, 3, 3, -1], two.shape.objectsAt + XlandObject.size)
  state.set([0, 0, 4, 4], two.shape.playersAt)
  return goals.reduce<Float64Array>((changed, goal, player) => two.withGoal(changed, goal, player), state)
}

/** Moves both players and says what came of it. */
function play(world: XlandWorld, state: Float64Array, ...joint: readonly (readonly number[])[]) {
  const moved = state.slice()
  const outcome = { reward: 0, terminated: false }
  const rewards = joint.map(actions => {
    world.advance(moved, 0, Float64Array.of(jointAction(actions)), 0, outcome, new Random(0))
    return outcome.reward
  })
  return { state: moved, rewards }
}

const places = (state: Float64Array) => [...state.subarray(two.shape.playersAt, two.shape.playersAt + 4)]
const ball = (state: Float64Array) => [...state.subarray(two.shape.objectsAt + 2, two.shape.objectsAt + 5)]

describe('moves', () => {
  it('are stopped by walls, the edge and players', () => {
    expect(places(play(two, universe(), [up, down]).state)).toEqual([0, 0, 4, 4])
    expect(places(play(two, universe(), [right, left], [right, left]).state)).toEqual([1, 0, 2, 4])
    const met = play(two, universe(), ...Array.from({ length: 4 }, () => [down, left]), [down, left])
    expect(places(met.state)).toEqual([0, 4, 1, 4])
  })

  it('carry what is held, and put it down where nothing lies', () => {
    const taken = play(two, universe(), [right, wait], [use, wait], [down, wait])
    expect(ball(taken.state)).toEqual([1, 1, 0])
    expect(taken.rewards).toEqual([0, 1, 1])
    const dropped = play(two, taken.state, [use, wait], [left, wait])
    expect(ball(dropped.state)).toEqual([1, 1, -1])
    expect(dropped.rewards).toEqual([0, 0])
    // to the slab at (3, 3): the ball cannot be put on it
    const over = play(two, taken.state, [down, wait], [down, wait], [right, wait], [right, wait], [use, wait])
    expect(ball(over.state)).toEqual([3, 3, 0])
  })

  it('cannot take from another player', () => {
    const held = play(two, universe(), [right, wait], [use, wait])
    const away = held.state.slice()
    away.set([4, 4, 1, 0], two.shape.playersAt)
    expect(ball(play(two, away, [wait, use]).state)).toEqual([1, 0, 0])
  })
})

describe('predicates', () => {
  const truth = (predicate: string, change: (state: Float64Array) => void = () => {}) => {
    const state = universe([[[{ predicate }]]])
    change(state)
    return two.predicates(state)[predicate]
  }
  const putPlayer =
    (x: number, y: number) =>
    (state: Float64Array): void =>
      state.set([x, y], two.shape.playersAt)

  it.each<[string, boolean, (readonly [number, number])?]>([
    ['near(player 0, red ball)', true],
    ['near(player 0, red ball)', true, [2, 1]],
    ['near(player 0, red ball)', true, [1, 0]],
    ['near(player 0, red ball)', false, [3, 0]],
    ['near(player 0, player 1)', true, [3, 3]],
    ['near(red ball, blue slab)', false],
    ['on(player 0, red floor)', false],
    ['on(player 0, red floor)', true, [2, 4]],
    ['on(player 1, red floor)', true],
    ['on(red ball, red floor)', false],
    ['on(player 1, blue floor)', false],
    ['hold(player 0, red ball)', false, [1, 0]],
    ['see(player 0, red ball)', true],
    ['see(player 0, red ball)', false, [4, 0]],
    ['see(player 0, red ball)', true, [1, 4]],
    ['see(player 0, red ball)', false, [0, 1]],
    ['see(red ball, blue slab)', false],
    ['see(player 1, player 0)', true, [0, 4]],
  ])('%s: %s (player 0 at %s)', (predicate, expected, place) => {
    expect(truth(predicate, place && putPlayer(...place))).toBe(expected)
  })

  it('know who holds', () => {
    const { state } = play(two, universe(), [right, wait], [use, wait])
    expect(two.predicates(state)).toEqual({ 'hold(player 0, red ball)': true })
    expect(two.facts?.(state)).toEqual({
      x: 1,
      y: 0,
      'goal of player 0': 1,
      'goal of player 1': 0,
      'hold(player 0, red ball)': 1,
    })
  })
})

describe('goals', () => {
  const [yes, no] = ['near(player 0, red ball)', 'on(player 0, red floor)']
  const atom = (predicate: string, negated = false) => (negated ? { predicate, negated } : { predicate })

  it.each<[XlandGoal, number]>([
    [[], 0],
    [[[atom(yes)]], 1],
    [[[atom(no)]], 0],
    [[[atom(no, true)]], 1],
    [[[atom(yes), atom(no)]], 0],
    [[[atom(yes), atom(no, true)]], 1],
    [[[atom(no)], [atom(yes)]], 1],
    [[[atom(no)], [atom(yes, true)]], 0],
    [[[atom(yes), atom(no)], [atom(no)], [atom(yes), atom(yes)]], 1],
  ])('%j pays %i', (goal, expected) => {
    const state = universe([goal, []])
    expect([...two.rewards(state)]).toEqual([expected, 0])
    expect(two.goal(state)).toEqual(goal)
    expect(play(two, state, [wait, wait]).rewards).toEqual([expected])
  })

  it('are each player’s own', () => {
    const state = universe([[[atom(yes)]], [[atom('on(player 1, red floor)')]]])
    expect([...two.rewards(state)]).toEqual([1, 1])
    expect(play(two, state, [down, wait], [down, wait], [down, up]).rewards).toEqual([2, 1, 0])
    expect(goalText(two.goal(state, 1))).toBe('on(player 1, red floor)')
  })

  it.each<[XlandGoal, RegExp]>([
    [[[]], /1 … 3 atoms/],
    [[[atom(yes)], [atom(yes)], [atom(yes)], [atom(yes)]], /at most 3 options/],
    [[[atom('near(player 0, green ball)')]], /got near\(player 0, green ball\)/],
    [[[atom('near(player 0, red floor)')]], /got near/],
    [[[atom('hold(red ball, player 0)')]], /got hold/],
    [[[atom('near(player 0, player 0)')]], /got near/],
    [[[atom('eat(player 0, red ball)')]], /got eat/],
  ])('%j is refused', (goal, message) => expect(() => universe([goal])).toThrow(message))
})

describe('universes', () => {
  it.each(xlandLevels.map((_, level) => [level, level < 3 ? 200 : 50] as const))(
    'of level %i can be solved, for %i seeds',
    (level, seeds) => {
      const world = xlandWorld({ level })
      const { steps } = xlandLevels[level]
      const state = new Float64Array(world.stateSize)
      const outcome = { reward: 0, terminated: false }
      const goals = new Set<string>()
      for (let seed = 0; seed < seeds; seed++) {
        const random = new Random(seed)
        world.start(state, 0, random)
        expect(world.rewards(state)[0]).toBe(0)
        goals.add(goalText(world.goal(state)))
        let taken = 0
        for (outcome.reward = 0; outcome.reward === 0 && taken < 25; taken++)
          world.advance(state, 0, Float64Array.of(world.expert(state)), 0, outcome, random)
        expect(outcome.reward).toBe(1)
        expect(taken).toBeGreaterThanOrEqual(steps)
      }
      // at level 0 there are four floors and sixteen objects to ask for
      expect(goals.size).toBeGreaterThanOrEqual(20)
    },
  )

  it('are solved by search no later than by greed', () => {
    const world = xlandWorld({ level: 1, size: 6, objects: 1 })
    for (let seed = 0; seed < 6; seed++) {
      const state = new Float64Array(world.stateSize)
      world.start(state, 0, new Random(seed))
      const table = enumerateWorld(world, { discount: 0.9, starts: [{ state, probability: 1 }] })
      const shortest = fewestSteps(table.states, table.nextStates, k => world.rewards(table.states[k])[0] === 1)
      let greedy = 0
      while (world.rewards(state)[0] === 0) {
        world.advance(
          state,
          0,
          Float64Array.of(world.expert(state)),
          0,
          { reward: 0, terminated: false },
          new Random(0),
        )
        greedy++
      }
      expect(shortest).toBeLessThanOrEqual(greedy)
      expect(shortest).toBeGreaterThan(0)
      // cells of the floor for the player, as many for the object on the floor, or in the hand
      const floor = state.subarray(0, 36).filter(cell => cell !== XlandCell.wall).length
      expect(table.states).toHaveLength(floor * floor + floor)
    }
  })

  it('list what random co-players can do', () => {
    const world = xlandWorld({ level: 2, players: 2, size: 5, objects: 1 })
    expect(world.stochastic).toBe(true)
    const state = new Float64Array(world.stateSize)
    world.start(state, 0, new Random(1))
    const outcomes = world.outcomes?.(state, wait) ?? []
    expect(outcomes).toHaveLength(6)
    expect(outcomes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12)
    const seen = new Set(outcomes.map(outcome => outcome.state.join()))
    for (let seed = 0; seed < 20; seed++) {
      const moved = state.slice()
      world.advance(moved, 0, Float64Array.of(wait), 0, { reward: 0, terminated: false }, new Random(seed))
      expect(seen).toContain(moved.join())
    }
  })

  it('differ in what their others do', () => {
    const rewards = (['still', 'greedy'] as const).map(coPlayers => {
      const world = xlandWorld({ level: 1, players: 3, coPlayers })
      const state = new Float64Array(world.stateSize)
      world.start(state, 0, new Random(5))
      for (let t = 0; t < 30; t++)
        world.advance(state, 0, Float64Array.of(wait), 0, { reward: 0, terminated: false }, new Random(0))
      return [...world.rewards(state).subarray(1)]
    })
    expect(rewards).toEqual([
      [0, 0],
      [1, 1],
    ])
  })
})

/** Breadth-first levels of a table that was numbered breadth-first from state 0; all its rows have one entry. */
function fewestSteps(states: readonly unknown[], next: Int32Array, done: (state: number) => boolean): number {
  const steps = new Map([[0, 0]])
  for (const [state, taken] of steps) {
    if (done(state)) return taken
    for (let action = 0; action < xlandActions.length; action++) {
      const target = next[state * xlandActions.length + action]
      if (target < states.length && !steps.has(target)) steps.set(target, taken + 1)
    }
  }
  return Number.POSITIVE_INFINITY
}

describe('the game of several', () => {
  it('shows each player itself first', () => {
    const world = vectorWorld(two, { copies: 1, seed: 1, autoreset: 'disabled' })
    world.reset({
      states: universe([[[{ predicate: 'near(player 0, red ball)' }]], [[{ predicate: 'on(player 1, red floor)' }]]]),
    })
    const size = observationSize(two.shape)
    const [mine, theirs] = [world.observations.subarray(0, size), world.observations.subarray(size)]
    const player = (cell: number) => 3 * cell + 2
    expect([mine[player(0)], mine[player(24)], theirs[player(0)], theirs[player(24)]]).toEqual([1, 2, 2, 1])
    expect([mine[3 * 2], mine[3 * 24], mine[3 * 1 + 1], mine[3 * 18 + 1]]).toEqual([
      XlandCode.wall,
      XlandCode.floor,
      XlandCode.object,
      XlandCode.object + 4 * 3 + 2,
    ])
    expect([...mine.subarray(76, 80)]).toEqual([1, 1, XlandCode.object, 0])
    expect([...theirs.subarray(76, 80)]).toEqual([2, 1, XlandCode.floor, 0])
    world.step([jointAction([right, wait])])
    world.step([jointAction([use, wait])])
    expect([mine[75], theirs[75]]).toEqual([XlandCode.object, 0])
  })

  it('packs actions both ways', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }), actions => {
        const joint = jointAction(actions)
        expect(actions.map((_, player) => playerAction(joint, player))).toEqual(actions)
      }),
    )
    expect(() => jointAction([6])).toThrow(/actions\[0\]/)
  })

  it('is drawn in characters', () => {
    expect(two.text(play(two, universe(), [right, wait], [use, wait], [down, wait]).state)).toBe(
      [
        '..#..',
        '.0...',
        '..#..',
        '...S.',
        'rrrr1',
        'player 0* holds red ball; hold(player 0, red ball)',
        'player 1: ',
      ].join('\n'),
    )
    expect(two.svg(universe())).toContain('<title>xland-game-1: hold(player 0, red ball)</title>')
  })
})

it.each<[Parameters<typeof xlandWorld>[0], RegExp]>([
  [{ level: 5 }, /level/],
  [{ size: 3 }, /size/],
  [{ players: 5 }, /players/],
  [{ objects: 9 }, /objects/],
  [{ objects: 0, zones: 0 }, /zones/],
  [{ walls: 10 }, /walls/],
  [{ horizon: 0 }, /horizon/],
  [{ coPlayers: 'clever' as 'still' }, /coPlayers/],
])('refuses %j', (options, message) => expect(() => xlandWorld(options)).toThrow(message))

it('draws small and crowded universes too', () => {
  for (const options of [
    { size: 4, walls: 4, objects: 8, players: 4, level: 0, zones: 4 },
    { size: 4, walls: 4, objects: 0, zones: 1, level: 3 },
    { level: 1, horizon: 1 },
  ]) {
    const world = xlandWorld(options)
    const state = new Float64Array(world.stateSize)
    for (let seed = 0; seed < 4; seed++) {
      world.start(state, 0, new Random(seed))
      expect(world.goal(state).length).toBeGreaterThan(0)
    }
  }
})
