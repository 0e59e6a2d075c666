import { assertDiscreteAction, clamp, type Dynamics, uniforms } from './dynamics.ts'

const gravity = 9.8
const dt = 0.2
const speedLimits = [4 * Math.PI, 9 * Math.PI] as const

/** Angle brought into [−π, π] by whole turns. */
function wrap(x: number): number {
  let value = x
  while (value > Math.PI) value -= 2 * Math.PI
  while (value < -Math.PI) value += 2 * Math.PI
  return value
}

/** Time derivative of (θ1, θ2, θ̇1, θ̇2) by the "book" equations for unit lengths and masses. */
function derivative([first, second, firstSpin, secondSpin]: Float64Array, torque: number): Float64Array {
  const cosine = Math.cos(second)
  const sine = Math.sin(second)
  const d1 = 0.25 + (1 + 0.25 + cosine) + 2
  const d2 = 0.25 + 0.5 * cosine + 1
  const phi2 = 0.5 * gravity * Math.cos(first + second - Math.PI / 2)
  const phi1 =
    -0.5 * secondSpin * secondSpin * sine -
    secondSpin * firstSpin * sine +
    1.5 * gravity * Math.cos(first - Math.PI / 2) +
    phi2
  const second2 = (torque + (d2 / d1) * phi1 - 0.5 * firstSpin * firstSpin * sine - phi2) / (0.25 + 1 - (d2 * d2) / d1)
  const first2 = -(d2 * second2 + phi1) / d1
  return Float64Array.of(firstSpin, secondSpin, first2, second2)
}

function moved(state: Float64Array, direction: Float64Array, step: number): Float64Array {
  return state.map((value, i) => value + step * direction[i])
}

/**
 * Acrobot-v1. State (θ1, θ2, θ̇1, θ̇2), θ1 = 0 hanging; torque −1, 0 or +1 on the joint; one Runge–Kutta step of 0.2 s,
 * angles wrapped to [−π, π], speeds clipped to 4π and 9π. Pays −1 a step and 0 on the step that lifts the tip: −cos θ1
 * − cos(θ1 + θ2) > 1.
 *
 * Gymnasium `classic_control/acrobot.py`.
 */
export const acrobot: Dynamics = {
  name: 'acrobot',
  actionCount: 3,
  stateSize: 4,
  observationSize: 6,
  horizon: 500,
  reset: random => uniforms(random, 4, -0.1, 0.1).map(Math.fround),
  step: (state, action) => {
    assertDiscreteAction(action, 3, 'acrobot')
    const torque = action - 1
    const k1 = derivative(state, torque)
    const k2 = derivative(moved(state, k1, dt / 2), torque)
    const k3 = derivative(moved(state, k2, dt / 2), torque)
    const k4 = derivative(moved(state, k3, dt), torque)
    const next = state.map((value, i) => value + (dt / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]))
    next[0] = wrap(next[0])
    next[1] = wrap(next[1])
    next[2] = clamp(next[2], -speedLimits[0], speedLimits[0])
    next[3] = clamp(next[3], -speedLimits[1], speedLimits[1])
    const terminated = -Math.cos(next[0]) - Math.cos(next[1] + next[0]) > 1
    return { state: next, reward: terminated ? 0 : -1, terminated }
  },
  observe: ([first, second, firstSpin, secondSpin]) =>
    Float32Array.of(Math.cos(first), Math.sin(first), Math.cos(second), Math.sin(second), firstSpin, secondSpin),
}
