import { assertInRange, assertInteger, type Random } from '@guerdon/core'
import type { PossibleOutcome, WorldDefinition } from '../world/definition.ts'
import { bytes, discrete } from '../world/space.ts'
import { drawUniverse } from './generate.ts'
import { goalHoldsIn, goalOf, predicatesOf, readGoal, writeGoal, type XlandGoal } from './goals.ts'
import { greedyAction } from './greedy.ts'
import { movePlayer } from './moves.ts'
import { observationSize, observePlayer, XlandCode } from './observe.ts'
import { universeSvg, universeText } from './pictures.ts'
import { type XlandOptions, type XlandShape, xlandActions, xlandShape } from './shape.ts'

/** A universe of goals over predicates, and what can be asked about its states. */
export interface XlandWorld extends WorldDefinition {
  readonly shape: XlandShape
  /** A player's goal, in the shape of `@guerdon/methods/control/xland`. Default the first player's. */
  goal(state: Float64Array, player?: number): XlandGoal
  /** The same state with another goal. */
  withGoal(state: Float64Array, goal: XlandGoal, player?: number): Float64Array
  /** Whether each predicate that the goals name holds. */
  predicates(state: Float64Array): Readonly<Record<string, boolean>>
  /** [players] 1 where the goal of a player holds. */
  rewards(state: Float64Array): Float64Array
  /** What `greedyAction` does for a player: demonstrations, and a player to compare with. */
  expert(state: Float64Array, player?: number): number
}

/**
 * Open-ended play on a grid: objects to carry, coloured floors, walls, and a goal in disjunctive normal form over the
 * predicates near, on, hold and see, a new universe and goal every episode. Reward 1 in every step after which the
 * first player's goal holds; the return is their number. Episodes end by the time limit alone. Other players act after
 * the first one, in their order, as `coPlayers` says.
 *
 * near(a, b): at most one row and column apart. on(a, colour): on floor of that colour. hold(player, object).
 * see(a, b): in one row or column without a wall between. Observation: `observePlayer`.
 *
 * After Open-Ended Learning Team 2021 (arXiv 2107.12808), without its three dimensions, physics and rules that turn
 * objects into others.
 *
 * @throws invalid_option
 */
export function xlandWorld(options: XlandOptions = {}): XlandWorld {
  const shape = xlandShape(options)
  const { players, coPlayers } = shape
  const others = players - 1
  const name = `xland-${shape.level}`

  function moveOthers(states: Float64Array, at: number, choose: (player: number) => number): void {
    for (let player = 1; player < players; player++) movePlayer(states, at, shape, player, choose(player))
  }

  function outcomes(state: Float64Array, action: number): readonly PossibleOutcome[] {
    const count = coPlayers === 'random' ? xlandActions.length ** others : 1
    return Array.from({ length: count }, (_, joint) => {
      const moved = state.slice()
      movePlayer(moved, 0, shape, 0, action)
      if (coPlayers === 'greedy') moveOthers(moved, 0, player => greedyAction(moved, 0, shape, player))
      if (coPlayers === 'random') moveOthers(moved, 0, player => playerAction(joint, player - 1))
      return {
        state: moved,
        probability: 1 / count,
        reward: goalHoldsIn(moved, 0, shape, 0) ? 1 : 0,
        terminated: false,
      }
    })
  }

  return {
    ...universe(name, shape),
    actionSpace: discrete(xlandActions),
    observationSpace: bytes([observationSize(shape)], XlandCode.wall),
    stochastic: others > 0 && coPlayers === 'random',
    advance: (states, at, actions, actionAt, outcome, random) => {
      movePlayer(states, at, shape, 0, actions[actionAt])
      if (coPlayers === 'greedy') moveOthers(states, at, player => greedyAction(states, at, shape, player))
      if (coPlayers === 'random') moveOthers(states, at, () => random.integer(xlandActions.length))
      outcome.reward = goalHoldsIn(states, at, shape, 0) ? 1 : 0
      outcome.terminated = false
    },
    observe: (states, at, observations, to) => observePlayer(states, at, shape, 0, observations, to),
    outcomes,
  }
}

/**
 * The same universe with every player under control, each with a goal of its own. An action is that of all players at
 * once, `jointAction` of theirs; the observation is that of all, one after another; the reward is the number of players
 * whose goal holds, and `rewards(state)` says which.
 */
export function xlandGame(options: XlandOptions = {}): XlandWorld {
  const shape = xlandShape({ players: 2, ...options })
  const { players } = shape
  const size = observationSize(shape)
  return {
    ...universe(`xland-game-${shape.level}`, shape),
    actionSpace: discrete(xlandActions.length ** players),
    observationSpace: bytes([players, size], XlandCode.wall),
    stochastic: false,
    advance: (states, at, actions, actionAt, outcome) => {
      let reward = 0
      for (let player = 0; player < players; player++)
        movePlayer(states, at, shape, player, playerAction(actions[actionAt], player))
      for (let player = 0; player < players; player++) if (goalHoldsIn(states, at, shape, player)) reward++
      outcome.reward = reward
      outcome.terminated = false
    },
    observe: (states, at, observations, to) => {
      for (let player = 0; player < players; player++)
        observePlayer(states, at, shape, player, observations, to + player * size)
    },
  }
}

/** One number for the actions of all players: Σ_p a_p·6^p. */
export function jointAction(actions: ArrayLike<number>): number {
  let joint = 0
  for (let player = actions.length - 1; player >= 0; player--) {
    assertInteger(actions[player], `actions[${player}]`)
    assertInRange(actions[player], `actions[${player}]`, 0, xlandActions.length - 1)
    joint = joint * xlandActions.length + actions[player]
  }
  return joint
}

/** The action of one player within a joint one. */
export function playerAction(joint: number, player: number): number {
  return Math.floor(joint / xlandActions.length ** player) % xlandActions.length
}

/** What both forms have in common. */
function universe(name: string, shape: XlandShape) {
  const { players, stateSize, horizon } = shape
  const checked = (player: number) => {
    assertInteger(player, 'player')
    assertInRange(player, 'player', 0, players - 1)
    return player
  }
  const rewards = (state: Float64Array) =>
    Float64Array.from({ length: players }, (_, player) => (goalHoldsIn(state, 0, shape, player) ? 1 : 0))
  return {
    name,
    shape,
    stateSize,
    horizon,
    start: (states: Float64Array, at: number, random: Random) => drawUniverse(states, at, shape, random),
    svg: (state: Float64Array) => universeSvg(name, state, shape),
    text: (state: Float64Array) => universeText(state, shape),
    facts: (state: Float64Array) => ({
      x: state[shape.playersAt],
      y: state[shape.playersAt + 1],
      ...Object.fromEntries([...rewards(state)].map((reward, player) => [`goal of player ${player}`, reward])),
      ...Object.fromEntries(Object.entries(predicatesOf(state, 0, shape)).map(([key, holds]) => [key, holds ? 1 : 0])),
    }),
    goal: (state: Float64Array, player = 0) => goalOf(state, 0, shape, checked(player)),
    withGoal: (state: Float64Array, goal: XlandGoal, player = 0) => {
      const changed = state.slice()
      writeGoal(changed, 0, shape, checked(player), readGoal(state, 0, shape, goal))
      return changed
    },
    predicates: (state: Float64Array) => predicatesOf(state, 0, shape),
    rewards,
    expert: (state: Float64Array, player = 0) => greedyAction(state.slice(), 0, shape, checked(player)),
  }
}
