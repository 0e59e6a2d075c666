import { assertFinite, assertInteger, GuerdonError, type Random } from '@guerdon/core'
import type { TabularWorld } from '@guerdon/worlds/grid/tabular-world'

/** One episode of a finite world in arrays that are used again for the next. */
export interface TabularEpisode {
  /** [H+1] states visited; the one after the last step included. */
  readonly states: Int32Array
  /** [H] */
  readonly actions: Int32Array
  /** [H] rewards to learn from. */
  readonly rewards: Float64Array
  /** Steps T ≤ H taken. */
  length: number
  /** The episode reached the terminal state; otherwise the horizon cut it off and its value goes on. */
  terminated: boolean
  /** Undiscounted sum of the world's own rewards. */
  originalReturn: number
}

/** How episodes are played. */
export interface EpisodeOptions {
  /** Steps H after which an episode is truncated. Default the world's. */
  readonly horizon?: number
  /** [S·A] rewards to learn from instead of the world's. */
  readonly rewards?: Float64Array
  /**
   * Where episodes start: as the world has it, or in any state but the terminal one, all equally likely (exploring starts,
   * which every convergence proof needs in one form or another). Default `world`.
   */
  readonly starts?: 'world' | 'uniform'
}

/** Plays episodes of one world into one buffer. */
export interface EpisodePlayer {
  readonly episode: TabularEpisode
  /** Draws a start, then for each step what `choose` draws and one uniform for the next state. */
  play(choose: (state: number, random: Random) => number, random: Random): void
}

/**
 * A player of episodes. No allocation per step.
 *
 * @throws not_finite for a reward that is not a number, naming state and action; shape_mismatch for rewards of another size
 */
export function episodePlayer(world: TabularWorld, options: EpisodeOptions = {}): EpisodePlayer {
  const { horizon = world.horizon, rewards = world.rewards, starts = 'world' } = options
  assertInteger(horizon, 'horizon', 1)
  assertRewards(rewards, world)
  assertFinite(world.rewards, `rewards of ${world.name}`)
  const { actionCount, offsets, nextStates, probabilities, terminalState, stateCount } = world
  const episode: TabularEpisode = {
    states: new Int32Array(horizon + 1),
    actions: new Int32Array(horizon),
    rewards: new Float64Array(horizon),
    length: 0,
    terminated: false,
    originalReturn: 0,
  }

  function start(random: Random): number {
    if (starts === 'world') return random.categorical(world.initial)
    const state = random.integer(stateCount - 1)
    return state < terminalState ? state : state + 1
  }

  function next(row: number, random: Random): number {
    const end = offsets[row + 1] - 1
    let remaining = random.float()
    let k = offsets[row]
    while (k < end && remaining >= probabilities[k]) remaining -= probabilities[k++]
    return nextStates[k]
  }

  return {
    episode,
    play(choose, random) {
      let state = start(random)
      let total = 0
      let t = 0
      while (t < horizon && state !== terminalState) {
        const action = choose(state, random)
        const row = state * actionCount + action
        episode.states[t] = state
        episode.actions[t] = action
        episode.rewards[t] = rewards[row]
        total += world.rewards[row]
        state = next(row, random)
        t++
      }
      episode.states[t] = state
      episode.length = t
      episode.terminated = state === terminalState
      episode.originalReturn = total
    },
  }
}

function assertRewards(rewards: Float64Array, world: TabularWorld): void {
  const { name, actionCount, rewards: own } = world
  if (rewards.length !== own.length) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected ${own.length} rewards, one a state and action of ${name}; got ${rewards.length}`,
      { path: ['rewards'] },
    )
  }
  const row = rewards.findIndex(reward => !Number.isFinite(reward))
  if (row < 0) return
  throw new GuerdonError(
    'not_finite',
    `expected finite rewards of ${name}; got ${rewards[row]} — state ${Math.floor(row / actionCount)}, action ${row % actionCount}`,
    { path: ['rewards', row] },
  )
}
