import { unit } from './bodies.ts'
import type { Team } from './field.ts'
import { type ArenaEvent, type ArenaLayout, entry, eventNames, playerEntry } from './layout.ts'

/** A vector in unreal units. */
export type ArenaVector = readonly [x: number, y: number, z: number]

/** One player, as reward functions read it. */
export interface ArenaPlayer {
  readonly team: Team
  readonly position: ArenaVector
  readonly velocity: ArenaVector
  readonly spin: ArenaVector
  /** Where the nose points: a unit vector. */
  readonly forward: ArenaVector
  readonly up: ArenaVector
  /** 0 … 100. */
  readonly boost: number
  readonly demolished: boolean
  readonly grounded: boolean
  /** Whether it touched the ball during the last action. */
  readonly touched: boolean
  /** Counters since the start of the episode. */
  readonly events: Readonly<Record<ArenaEvent, number>>
}

/** A state of the arena in unreal units: what Lucy-SKG's utilities and events are computed from. */
export interface ArenaState {
  readonly seconds: number
  readonly ball: { readonly position: ArenaVector; readonly velocity: ArenaVector; readonly spin: ArenaVector }
  readonly players: readonly ArenaPlayer[]
  readonly scored: Team | null
  /** Whether each boost pad is full, in the order of `boostPads`. */
  readonly pads: readonly boolean[]
}

/** Reads a state. */
export function readArena(state: Float64Array, layout: ArenaLayout): ArenaState {
  const vector = (at: number, scale: number): ArenaVector => [
    state[at] * scale,
    state[at + 1] * scale,
    state[at + 2] * scale,
  ]
  const scored = state[entry.scored]
  return {
    seconds: state[entry.ticks] / 120,
    ball: {
      position: vector(entry.ball, unit),
      velocity: vector(entry.ball + 3, unit),
      spin: vector(entry.ball + 6, 1),
    },
    players: layout.teams.map((team, p) => {
      const at = layout.player(p)
      const [x, y, z, w] = state.subarray(at + playerEntry.turn, at + playerEntry.turn + 4)
      const events = eventNames.map((name, i) => [name, state[at + playerEntry.events + i]])
      return {
        team,
        position: vector(at, unit),
        velocity: vector(at + playerEntry.velocity, unit),
        spin: vector(at + playerEntry.spin, 1),
        forward: [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)],
        up: [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)],
        boost: state[at + playerEntry.boost],
        demolished: state[at + playerEntry.away] > 0,
        grounded: state[at + playerEntry.grounded] === 1,
        touched: state[at + playerEntry.touched] === 1,
        events: Object.fromEntries(events) as Record<ArenaEvent, number>,
      }
    }),
    scored: scored === 0 ? null : scored > 0 ? 'blue' : 'orange',
    pads: Array.from(state.subarray(layout.pads), ticks => ticks === 0),
  }
}
