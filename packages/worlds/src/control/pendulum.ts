import { assertFiniteAction, clamp, type Dynamics } from './dynamics.ts'

/** Angle brought into [−π, π): ((x + π) mod 2π) − π with a non-negative remainder. */
export function normalAngle(x: number): number {
  const turn = 2 * Math.PI
  return ((((x + Math.PI) % turn) + turn) % turn) - Math.PI
}

/**
 * Pendulum-v1. State (θ, θ̇), θ = 0 upright and not wrapped; action a torque clipped to ±2. Pays −(norm(θ)² + 0.1·θ̇² +
 * 0.001·u²) of the state *before* the step. θ̇′ = clip(θ̇ + (15·sin θ + 3u)·0.05, ±8), θ′ = θ + 0.05·θ̇′. Never ends.
 * Observation (cos θ, sin θ, θ̇).
 *
 * Gymnasium `classic_control/pendulum.py`.
 */
export const pendulum: Dynamics = {
  name: 'pendulum',
  actionBounds: [[-2, 2]],
  stateSize: 2,
  observationSize: 3,
  horizon: 200,
  reset: random => Float64Array.of(random.uniform(-Math.PI, Math.PI), random.uniform(-1, 1)),
  step: ([angle, spin], action) => {
    assertFiniteAction(action, 'pendulum')
    const torque = clamp(action, -2, 2)
    const cost = normalAngle(angle) ** 2 + 0.1 * spin * spin + 0.001 * torque * torque
    const nextSpin = clamp(spin + (15 * Math.sin(angle) + 3 * torque) * 0.05, -8, 8)
    return { state: Float64Array.of(angle + nextSpin * 0.05, nextSpin), reward: -cost, terminated: false }
  },
  observe: ([angle, spin]) => Float32Array.of(Math.cos(angle), Math.sin(angle), spin),
}
