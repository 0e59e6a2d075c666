import { clamp, type Dynamics } from './dynamics.ts'

const lengths = [0.1, 0.11] as const
const dt = 0.02
const damping = 1
const gain = 20

/** Position of the fingertip for joint angles θ1 and θ2 (relative to the first link). */
export function fingertip(first: number, second: number): readonly [number, number] {
  return [
    lengths[0] * Math.cos(first) + lengths[1] * Math.cos(first + second),
    lengths[0] * Math.sin(first) + lengths[1] * Math.sin(first + second),
  ]
}

/**
 * Planar two-link reacher, a stand-in for Reacher-v5 without a physics engine: each joint is a torque-driven double
 * integrator with damping, θ̈ = 20a − θ̇, 0.02 s a step. State (θ1, θ2, θ̇1, θ̇2, target x, target y), target within
 * 0.2 of the origin. Reward −‖fingertip − target‖ − Σa² of the state after the step; never ends.
 */
export const reacher: Dynamics<readonly [number, number]> = {
  name: 'reacher',
  actionBounds: [
    [-1, 1],
    [-1, 1],
  ],
  stateSize: 6,
  observationSize: 10,
  horizon: 50,
  reset: random => {
    const state = new Float64Array(6)
    for (let i = 0; i < 2; i++) state[i] = random.uniform(-0.1, 0.1)
    for (let i = 2; i < 4; i++) state[i] = random.uniform(-0.005, 0.005)
    do {
      state[4] = random.uniform(-0.2, 0.2)
      state[5] = random.uniform(-0.2, 0.2)
    } while (Math.hypot(state[4], state[5]) >= 0.2)
    return state
  },
  step: (state, action) => {
    const next = state.slice()
    let effort = 0
    for (let i = 0; i < 2; i++) {
      const torque = clamp(action[i], -1, 1)
      effort += torque * torque
      next[2 + i] += dt * (gain * torque - damping * state[2 + i])
      next[i] += dt * next[2 + i]
    }
    const [x, y] = fingertip(next[0], next[1])
    const distance = Math.hypot(x - next[4], y - next[5])
    return { state: next, reward: -distance - effort, terminated: false }
  },
  observe: ([first, second, firstSpin, secondSpin, targetX, targetY]) => {
    const [x, y] = fingertip(first, second)
    return Float32Array.of(
      Math.cos(first),
      Math.cos(second),
      Math.sin(first),
      Math.sin(second),
      targetX,
      targetY,
      firstSpin,
      secondSpin,
      x - targetX,
      y - targetY,
    )
  },
}
