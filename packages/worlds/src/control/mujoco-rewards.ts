import { clamp } from './dynamics.ts'

/** Σ aᵢ² */
function effort(action: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < action.length; i++) total += action[i] * action[i]
  return total
}

/** Reacher-v5: −‖fingertip − target‖ − Σa². */
export function reacherReward(
  fingertip: ArrayLike<number>,
  target: ArrayLike<number>,
  action: ArrayLike<number>,
): number {
  let square = 0
  for (let i = 0; i < fingertip.length; i++) square += (fingertip[i] - target[i]) ** 2
  return -Math.sqrt(square) - effort(action)
}

/** HalfCheetah-v5: forward velocity − 0.1·Σa². Never ends. */
export function halfCheetahReward(forwardVelocity: number, action: ArrayLike<number>): number {
  return forwardVelocity - 0.1 * effort(action)
}

/** What Ant-v5 pays for, apart. */
export interface AntReward {
  readonly reward: number
  readonly healthy: boolean
  readonly terminated: boolean
}

/**
 * Ant-v5: forward velocity + 1 while healthy − 0.5·Σa² − 5e-4·Σ clip(contact force, ±1)². Unhealthy, and so over, when
 * the torso's height leaves [0.2, 1.0] or the state is not finite.
 *
 * @param height z of the torso @param state all generalised positions and velocities
 */
export function antReward(
  forwardVelocity: number,
  action: ArrayLike<number>,
  contactForces: ArrayLike<number>,
  height: number,
  state: ArrayLike<number>,
): AntReward {
  let healthy = height >= 0.2 && height <= 1
  for (let i = 0; i < state.length; i++) healthy &&= Number.isFinite(state[i])
  let contact = 0
  for (let i = 0; i < contactForces.length; i++) contact += clamp(contactForces[i], -1, 1) ** 2
  const reward = forwardVelocity + (healthy ? 1 : 0) - 0.5 * effort(action) - 5e-4 * contact
  return { reward, healthy, terminated: !healthy }
}
