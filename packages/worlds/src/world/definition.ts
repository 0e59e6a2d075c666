import type { Random } from '@guerdon/core'
import type { Observations, Space } from './space.ts'

/** Where `advance` puts what a step led to; one object serves all steps. */
export interface Outcome {
  reward: number
  /** The task ended by its own rule. Time limits are not part of a definition's dynamics. */
  terminated: boolean
}

/** One of the things a step can lead to. */
export interface PossibleOutcome {
  readonly state: Float64Array
  readonly probability: number
  readonly reward: number
  readonly terminated: boolean
}

/** One of the states an episode can start in. */
export interface PossibleStart {
  readonly state: Float64Array
  readonly probability: number
}

/**
 * A world: its spaces, and functions that move one copy of it. The state of a copy is `stateSize` float64 numbers
 * anywhere in a longer array, and holds all there is to know about the copy (but for the time limit and the random
 * stream), so any number of copies stand side by side and none of these functions needs to allocate.
 */
export interface WorldDefinition {
  readonly name: string
  readonly actionSpace: Space
  readonly observationSpace: Space
  readonly stateSize: number
  /** Steps after which an episode is truncated. */
  readonly horizon: number
  /** Whether `advance` draws random numbers. */
  readonly stochastic: boolean
  /** Writes a start state to `states[at …]`. */
  start(states: Float64Array, at: number, random: Random): void
  /**
   * Moves the copy at `states[at …]` by the action at `actions[actionAt …]`, which has been checked, and writes reward
   * and end to `outcome`.
   */
  advance(
    states: Float64Array,
    at: number,
    actions: Float64Array,
    actionAt: number,
    outcome: Outcome,
    random: Random,
  ): void
  /** Writes what the agent sees to `observations[to …]`. */
  observe(states: Float64Array, at: number, observations: Observations, to: number): void
  /** The state as a picture: an SVG document. */
  svg(state: Float64Array): string
  /** The state in characters. */
  text(state: Float64Array): string
  /** Named numbers of a state beyond the observation: what the last reward was made of, positions, events. */
  facts?(state: Float64Array): Readonly<Record<string, number>>
  /** The state as a camera above sees it: grey values in [0, 1], [size·size], row 0 at the top. Default size 64. */
  raster?(state: Float64Array, size?: number): Float32Array
  /** All states an episode can start in, where they are few. */
  starts?(): readonly PossibleStart[]
  /** All a step can lead to; a stochastic world needs it to be enumerated. */
  outcomes?(state: Float64Array, action: number): readonly PossibleOutcome[]
}
