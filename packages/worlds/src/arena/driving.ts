import { clamp } from '../control/dynamics.ts'
import { unit } from './bodies.ts'
import { type Curve, valueAt } from './curve.ts'
import { field, tickRate } from './field.ts'
import { playerEntry } from './layout.ts'

/** What a player does during an action. */
export interface Controls {
  /** −1 … 1: backwards, forwards; in the air the nose goes up, down. */
  readonly throttle: number
  /** −1 … 1: left, right. */
  readonly steer: number
  readonly jump: boolean
  readonly boost: boolean
}

const tick = 1 / tickRate
const braking = 35
const coasting = 5.25
const boostPush = 9.91667
const boostUse = 33.3
const jumpSpeed = 2.92
/** Ticks between two jumps. */
const jumpPause = 30
const grip = 8
const airTurn = 9
const airDamping = 3
const { turn, velocity, spin } = playerEntry

/** Speeds and how sharply a car can turn at them, in m/s and 1/m. */
const curvature: Curve = [
  [0, 0.69],
  [5, 0.398],
  [10, 0.235],
  [15, 0.1375],
  [17.5, 0.11],
  [23, 0.088],
]

/** How sharply a car can turn at a speed in m/s, in 1/m. */
export function sharpestTurn(speed: number): number {
  return valueAt(curvature, speed)
}

/** Push of the motor in m/s² at a speed: 16 at rest, 1.6 at 14 m/s, none from 14.1 on. */
export function motorPush(speed: number): number {
  if (speed < 14) return 16 - (14.4 * speed) / 14
  return speed < 14.1 ? 1.6 * (1 - (speed - 14) / 0.1) : 0
}

/** The car's own forward, left and upward axes in the world: 9 numbers, from the quaternion at `states[at …]`. */
export function writeAxes(states: Float64Array, at: number, axes: Float64Array): void {
  const x = states[at]
  const y = states[at + 1]
  const z = states[at + 2]
  const w = states[at + 3]
  axes[0] = 1 - 2 * (y * y + z * z)
  axes[1] = 2 * (x * y + w * z)
  axes[2] = 2 * (x * z - w * y)
  axes[3] = 2 * (x * y - w * z)
  axes[4] = 1 - 2 * (x * x + z * z)
  axes[5] = 2 * (y * z + w * x)
  axes[6] = 2 * (x * z + w * y)
  axes[7] = 2 * (y * z - w * x)
  axes[8] = 1 - 2 * (x * x + y * y)
}

// written and read within one call
const axes = new Float64Array(9)

/**
 * Sets the velocity and spin of a car for one tick, and spends its boost. On its wheels a car drives along its nose, loses
 * sideways speed and turns with its speed; in the air it can push itself by boost and turn freely. A jump of a car that
 * lies on its back or side puts it on its wheels.
 *
 * @param player where the player stands in `states`
 */
export function drive(states: Float64Array, player: number, controls: Controls): void {
  writeAxes(states, player + turn, axes)
  const low = states[player + 2]
  const grounded = low < field.car[2] / unit + 0.06 && axes[8] > 0.9
  states[player + playerEntry.grounded] = grounded ? 1 : 0
  const boosting = controls.boost && states[player + playerEntry.boost] > 0
  if (boosting) states[player + playerEntry.boost] = Math.max(0, states[player + playerEntry.boost] - boostUse * tick)
  if (states[player + playerEntry.jump] > 0) states[player + playerEntry.jump]--
  if (grounded) roll(states, player, controls, boosting)
  else fly(states, player, controls, boosting)
  if (!controls.jump || states[player + playerEntry.jump] > 0) return
  if (!grounded) {
    if (low > 0.7 || axes[8] > 0.5) return
    standUp(states, player)
  }
  states[player + velocity + 2] += jumpSpeed
  states[player + playerEntry.jump] = jumpPause
}

function roll(states: Float64Array, player: number, { throttle, steer }: Controls, boosting: boolean): void {
  const flat = Math.sqrt(axes[0] * axes[0] + axes[1] * axes[1])
  const noseX = axes[0] / flat
  const noseY = axes[1] / flat
  const at = player + velocity
  const ahead = states[at] * noseX + states[at + 1] * noseY
  const aside = states[at + 1] * noseX - states[at] * noseY
  const wanted = boosting ? 1 : throttle
  let push = boosting ? boostPush : 0
  if (wanted === 0) push -= Math.sign(ahead) * Math.min(coasting, Math.abs(ahead) / tick)
  else push += wanted * (wanted * ahead < 0 ? braking : motorPush(Math.abs(ahead)))
  const fastest = field.carMaxSpeed / unit
  const speed = clamp(ahead + push * tick, -fastest, fastest)
  const slide = aside * Math.exp(-grip * tick)
  states[at] = speed * noseX - slide * noseY
  states[at + 1] = speed * noseY + slide * noseX
  states[player + spin + 2] = -steer * speed * sharpestTurn(Math.abs(speed))
}

function fly(states: Float64Array, player: number, { throttle, steer }: Controls, boosting: boolean): void {
  const kept = Math.exp(-airDamping * tick)
  for (let k = 0; k < 3; k++) {
    if (boosting) states[player + velocity + k] += boostPush * tick * axes[k]
    // about the car's own left and upward axes
    const turned = airTurn * tick * (throttle * axes[3 + k] - steer * axes[6 + k])
    states[player + spin + k] = states[player + spin + k] * kept + turned
  }
}

function standUp(states: Float64Array, player: number): void {
  const yaw = Math.atan2(axes[1], axes[0])
  states[player + turn] = 0
  states[player + turn + 1] = 0
  states[player + turn + 2] = Math.sin(yaw / 2)
  states[player + turn + 3] = Math.cos(yaw / 2)
  states.fill(0, player + spin, player + spin + 3)
}

/** Shortens the vector at `states[at …]` to `longest`; whether it was longer. */
export function shorten(states: Float64Array, at: number, longest: number): boolean {
  const length = Math.sqrt(states[at] ** 2 + states[at + 1] ** 2 + states[at + 2] ** 2)
  if (!(length > longest)) return false
  for (let k = 0; k < 3; k++) states[at + k] *= longest / length
  return true
}
