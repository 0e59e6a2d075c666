import type { Random } from '@guerdon/core'
import { unit } from './bodies.ts'
import { placeCar } from './events.ts'
import { field, kickOffPlaces, type Team } from './field.ts'
import { type ArenaLayout, entry, playerEntry } from './layout.ts'

/** How episodes start. */
export const arenaStarts = ['kick-off', 'random'] as const
/** One of them. */
export type ArenaStart = (typeof arenaStarts)[number]

const firstBoost = 33

/** A place of a kick-off, numbered as in `kickOffPlaces`; orange's are turned by half a circle. */
function kickOff(team: Team, place: number): readonly [x: number, y: number, yaw: number] {
  const [x, y, yaw] = kickOffPlaces[place]
  return team === 'blue' ? [x, y, yaw] : [-x, -y, yaw - Math.PI]
}

function place(states: Float64Array, player: number, x: number, y: number, yaw: number): void {
  placeCar(states, player, x, y, yaw)
  states[player + playerEntry.boost] = firstBoost
  states[player + playerEntry.grounded] = 1
}

/**
 * Writes a start: all pads full, nobody has touched the ball. `kick-off` puts the ball in the middle and both teams on
 * the same drawn places, mirrored; `random` ball and cars anywhere on the floor, each car in a lane of its own.
 */
export function startArena(
  states: Float64Array,
  at: number,
  { teams, stateSize, player }: ArenaLayout,
  { random, start }: { readonly random: Random; readonly start: ArenaStart },
): void {
  states.fill(0, at, at + stateSize)
  states[at + entry.lastBlue] = -1
  states[at + entry.lastOrange] = -1
  states[at + entry.ball + 2] = Math.fround(field.ballRadius / unit)
  if (start === 'kick-off') {
    const order = random.permutation(kickOffPlaces.length)
    let seat = 0
    teams.forEach((team, p) => {
      seat = p > 0 && teams[p - 1] === team ? seat + 1 : 0
      place(states, at + player(p), ...kickOff(team, order[seat]))
    })
    return
  }
  for (const k of [0, 1]) states[at + entry.ball + k] = Math.fround(random.uniform(-3000, 3000) / unit)
  teams.forEach((_, p) => {
    const lane = random.uniform(-700, 700) + (p - (teams.length - 1) / 2) * 1700
    place(states, at + player(p), lane, random.uniform(-4500, 4500), random.uniform(-Math.PI, Math.PI))
  })
}
