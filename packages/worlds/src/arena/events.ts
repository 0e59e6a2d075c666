import { clamp } from '../control/dynamics.ts'
import { unit } from './bodies.ts'
import { writeAxes } from './driving.ts'
import { boostPads, field, returnPlaces, type Team, tickRate } from './field.ts'
import { type ArenaEvent, type ArenaLayout, entry, eventNames, playerEntry } from './layout.ts'

/** How near the ball's surface must be to a car to count as touched, in metres. */
const contactGap = 0.03
const awayTicks = 3 * tickRate
const returnBoost = 33

function count(states: Float64Array, player: number, event: ArenaEvent): void {
  states[player + playerEntry.events + eventNames.indexOf(event)]++
}

/** √(x² + y² + z²); Math.hypot allocates in today's engines. */
function length(x: number, y: number, z: number): number {
  return Math.sqrt(x * x + y * y + z * z)
}

/**
 * Which goal the ball at `states[ball …]` would fly into by itself within three seconds: 1 orange's (blue shoots), −1
 * blue's, 0 none.
 */
export function onTarget(states: Float64Array, ball: number): -1 | 0 | 1 {
  const speed = states[ball + 4]
  const way = speed > 0 ? 1 : -1
  const time = (way * (field.backWall / unit) - states[ball + 1]) / speed
  if (!(time >= 0 && time < 3)) return 0
  const across = Math.abs(states[ball] + states[ball + 3] * time)
  const high = states[ball + 2] + states[ball + 5] * time - 0.5 * (field.gravity / unit) * time * time
  return across < field.goalHalfWidth / unit && high < field.goalHeight / unit ? way : 0
}

const axes = new Float64Array(9)

/** Whether a car has the ball: the nearest point of its box is no further from the ball's middle than a contact. */
export function hasBall(states: Float64Array, player: number, ball: number): boolean {
  const reach = field.ballRadius / unit + contactGap
  const x = states[ball] - states[player]
  const y = states[ball + 1] - states[player + 1]
  const z = states[ball + 2] - states[player + 2]
  // a car's corners are 0.75 m from its middle
  if (states[player + playerEntry.away] > 0 || length(x, y, z) > reach + 0.75) return false
  writeAxes(states, player + playerEntry.turn, axes)
  let square = 0
  for (let i = 0; i < 3; i++) {
    const along = x * axes[3 * i] + y * axes[3 * i + 1] + z * axes[3 * i + 2]
    const beyond = along - clamp(along, -field.car[i] / unit, field.car[i] / unit)
    square += beyond * beyond
  }
  return square <= reach * reach
}

/**
 * Counts touches, shots and saves of the tick that has just been played. A touch lasts until the ball is let go; a shot
 * is one in which the ball comes to fly into the opponents' goal, a save one in which it ceases to fly into the own.
 *
 * @param before where the ball was flying before the tick
 */
export function countTouches(
  before: -1 | 0 | 1,
  states: Float64Array,
  at: number,
  { teams, player: of }: ArenaLayout,
): void {
  const target = onTarget(states, at + entry.ball)
  for (let p = 0; p < teams.length; p++) {
    const player = at + of(p)
    const near = hasBall(states, player, at + entry.ball)
    if (near) states[player + playerEntry.touched] = 1
    if (near && states[player + playerEntry.contact] === 0) {
      states[at + (teams[p] === 'blue' ? entry.lastBlue : entry.lastOrange)] = p
      states[player + playerEntry.contact] = 1
      states[player + playerEntry.aimBefore] = before
      states[player + playerEntry.shotCounted] = 0
      states[player + playerEntry.saveCounted] = 0
      count(states, player, 'touch')
    }
    if (states[player + playerEntry.contact] === 0) continue
    judge(states, player, target, teams[p] === 'blue' ? 1 : -1)
    if (!near) states[player + playerEntry.contact] = 0
  }
}

/** Counts a contact as a shot or a save, once each. */
function judge(states: Float64Array, player: number, target: -1 | 0 | 1, forward: 1 | -1): void {
  const before = states[player + playerEntry.aimBefore]
  if (target === forward && before !== forward && states[player + playerEntry.shotCounted] === 0) {
    states[player + playerEntry.shotCounted] = 1
    count(states, player, 'shot')
  }
  if (target !== -forward && before === -forward && states[player + playerEntry.saveCounted] === 0) {
    states[player + playerEntry.saveCounted] = 1
    count(states, player, 'save')
  }
}

/** The whole ball behind a goal line is a goal: 1 for blue, −1 for orange, 0 while there is none. */
export function countGoal(states: Float64Array, at: number, layout: ArenaLayout): -1 | 0 | 1 {
  const along = states[at + entry.ball + 1]
  if (Math.abs(along) <= (field.backWall + field.ballRadius) / unit) return 0
  const scored = along > 0 ? 1 : -1
  const scorers: Team = scored === 1 ? 'blue' : 'orange'
  const last = states[at + (scored === 1 ? entry.lastBlue : entry.lastOrange)]
  states[at + entry.scored] = scored
  for (let p = 0; p < layout.teams.length; p++) {
    const player = at + layout.player(p)
    count(states, player, layout.teams[p] === scorers ? 'teamGoal' : 'concede')
    if (p === last) count(states, player, 'goal')
  }
  return scored
}

/**
 * Takes cars off the field that an opponent at supersonic speed drove into, and brings them back in time.
 *
 * @param moved called with each player whose car has left the field or come back
 */
export function countDemolitions(
  states: Float64Array,
  at: number,
  layout: ArenaLayout,
  moved: (p: number) => void,
): void {
  const { teams } = layout
  for (let p = 0; p < teams.length; p++) {
    const player = at + layout.player(p)
    if (states[player + playerEntry.away] > 0) {
      if (--states[player + playerEntry.away] > 0) continue
      comeBack(states, player, p, layout)
      moved(p)
      continue
    }
    for (let v = 0; v < teams.length; v++) {
      const victim = at + layout.player(v)
      if (teams[v] === teams[p] || !demolishes(states, player, victim)) continue
      count(states, player, 'demo')
      count(states, victim, 'demoed')
      states[victim + playerEntry.away] = awayTicks
      states.fill(0, victim + playerEntry.velocity, victim + playerEntry.velocity + 6)
      moved(v)
    }
  }
}

/** Whether the bumper of a supersonic car meets the victim, and the way there is the way it drives. */
function demolishes(states: Float64Array, player: number, victim: number): boolean {
  if (states[victim + playerEntry.away] > 0) return false
  const at = player + playerEntry.velocity
  const speed = length(states[at], states[at + 1], states[at + 2])
  if (speed < field.supersonic / unit) return false
  const x = states[victim] - states[player]
  const y = states[victim + 1] - states[player + 1]
  const z = states[victim + 2] - states[player + 2]
  const apart = length(x, y, z)
  const ahead = states[at] * x + states[at + 1] * y + states[at + 2] * z
  return apart <= (2 * field.car[0] + 20) / unit && ahead >= 0.7 * speed * apart
}

function comeBack(states: Float64Array, player: number, p: number, { teams }: ArenaLayout): void {
  const side = teams[p] === 'blue' ? 1 : -1
  const seat = teams.slice(0, p).filter(team => team === teams[p]).length
  const [x, y] = returnPlaces[seat % returnPlaces.length]
  placeCar(states, player, side * x, side * y, (side * Math.PI) / 2)
  states[player + playerEntry.boost] = returnBoost
}

/** Puts a car on the floor, in unreal units, at rest. */
export function placeCar(states: Float64Array, player: number, x: number, y: number, yaw: number): void {
  states[player] = Math.fround(x / unit)
  states[player + 1] = Math.fround(y / unit)
  states[player + 2] = Math.fround(field.car[2] / unit)
  states.fill(0, player + playerEntry.turn, player + playerEntry.boost)
  states[player + playerEntry.turn + 2] = Math.fround(Math.sin(yaw / 2))
  states[player + playerEntry.turn + 3] = Math.fround(Math.cos(yaw / 2))
}

/** Fills the boost of cars on full pads. */
export function collectBoost(states: Float64Array, at: number, layout: ArenaLayout): void {
  for (let i = 0; i < boostPads.length; i++) {
    const full = at + layout.pads + i
    if (states[full] > 0) {
      states[full]--
      continue
    }
    const pad = boostPads[i]
    for (let p = 0; p < layout.teams.length && states[full] === 0; p++) {
      const player = at + layout.player(p)
      const boost = player + playerEntry.boost
      if (states[player + playerEntry.away] > 0 || states[boost] >= 100 || states[player + 2] > 1.68) continue
      const x = states[player] - pad.x / unit
      const y = states[player + 1] - pad.y / unit
      if (x * x + y * y > (pad.radius / unit) ** 2) continue
      states[boost] = Math.min(100, states[boost] + pad.amount)
      states[full] = pad.ticks
    }
  }
}
