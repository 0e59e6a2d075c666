import { boostPads, type Team } from './field.ts'

/** Counters of a player, as reward functions read them. */
export const eventNames = ['goal', 'teamGoal', 'concede', 'touch', 'shot', 'save', 'demo', 'demoed'] as const
/** One of them. */
export type ArenaEvent = (typeof eventNames)[number]

/**
 * Where things stand in a state. Lengths are in hundreds of unreal units (the physics engine's metres), times in ticks.
 * Ball: place 3, velocity 3, spin 3. Player: place 3, turn (quaternion x, y, z, w) 4, velocity 3, spin 3, then the rest.
 */
export const entry = {
  /** Ticks played. */
  ticks: 0,
  /** 1 blue has scored, −1 orange has, 0 nobody. */
  scored: 1,
  /** Player who touched the ball last, of blue and of orange; −1 nobody. */
  lastBlue: 2,
  lastOrange: 3,
  ball: 4,
  players: 13,
} as const

/** Where things stand within a player. */
export const playerEntry = {
  place: 0,
  turn: 3,
  velocity: 7,
  spin: 10,
  /** 0 … 100. */
  boost: 13,
  /** Ticks until a demolished car comes back; 0 on the field. */
  away: 14,
  /** Ticks until the next jump. */
  jump: 15,
  /** 1 if it touched the ball during the last action. */
  touched: 16,
  /** 1 if its wheels were on the floor at the last tick. */
  grounded: 17,
  /** 1 while it has the ball. */
  contact: 18,
  /** Which goal the ball was flying into when that began: 1 orange's, −1 blue's, 0 none. */
  aimBefore: 19,
  /** Whether this contact has been counted as a shot, and as a save. */
  shotCounted: 20,
  saveCounted: 21,
  /** Counters in the order of `eventNames`, since the start of the episode. */
  events: 22,
  size: 22 + eventNames.length,
} as const

/** The parts of a state of a game of these players. */
export interface ArenaLayout {
  /** Team of each player, blue first. */
  readonly teams: readonly Team[]
  readonly stateSize: number
  /** Where the pads' ticks until they are full again stand. */
  readonly pads: number
  /** Where player p starts. */
  player(p: number): number
}

/** The layout of a game of `blue` against `orange` players. */
export function arenaLayout(blue: number, orange: number): ArenaLayout {
  const teams: Team[] = [...new Array<Team>(blue).fill('blue'), ...new Array<Team>(orange).fill('orange')]
  const pads = entry.players + playerEntry.size * teams.length
  return {
    teams,
    stateSize: pads + boostPads.length,
    pads,
    player: p => entry.players + playerEntry.size * p,
  }
}
