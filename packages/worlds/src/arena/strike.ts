import { unit } from './bodies.ts'
import { type Curve, valueAt } from './curve.ts'
import { writeAxes } from './driving.ts'
import { field } from './field.ts'
import { playerEntry } from './layout.ts'

/** Speeds a car and the ball meet with, in m/s, and the share of it the ball gains. */
const shares: Curve = [
  [0, 0.65],
  [5, 0.65],
  [23, 0.55],
  [46, 0.3],
]

/** Share of the speed they meet with that the ball gains beside what the collision gives it. */
export function strikeShare(speed: number): number {
  return valueAt(shares, speed)
}

/** ‖car's velocity − ball's velocity‖ */
export function meetingSpeed(states: Float64Array, player: number, ball: number): number {
  const at = player + playerEntry.velocity
  const x = states[at] - states[ball + 3]
  const y = states[at + 1] - states[ball + 4]
  const z = states[at + 2] - states[ball + 5]
  return Math.min(Math.sqrt(x * x + y * y + z * z), (2 * field.carMaxSpeed) / unit)
}

const axes = new Float64Array(9)

/**
 * What a touch adds to the ball in the game, so that cars, which are low, do not only lift it: share·speed along
 * n − 0.35·(n·nose)·nose, normalised, n from car to ball with its height times 0.35.
 */
export function strike(states: Float64Array, player: number, ball: number, speed: number): void {
  writeAxes(states, player + playerEntry.turn, axes)
  const x = states[ball] - states[player]
  const y = states[ball + 1] - states[player + 1]
  const z = 0.35 * (states[ball + 2] - states[player + 2])
  const along = 0.35 * (x * axes[0] + y * axes[1] + z * axes[2])
  const outX = x - along * axes[0]
  const outY = y - along * axes[1]
  const outZ = z - along * axes[2]
  const length = Math.sqrt(outX * outX + outY * outY + outZ * outZ)
  if (length === 0) return
  const gain = (strikeShare(speed) * speed) / length
  states[ball + 3] += gain * outX
  states[ball + 4] += gain * outY
  states[ball + 5] += gain * outZ
}
