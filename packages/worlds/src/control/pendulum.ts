import type { WorldDefinition } from '../world/definition.ts'
import { box } from '../world/space.ts'
import { circle, line, palette, picture, values } from '../world/svg.ts'
import { clamp, dynamicsOf } from './dynamics.ts'

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
export const pendulumWorld: WorldDefinition = {
  name: 'pendulum',
  actionSpace: box([[-2, 2]]),
  observationSpace: box([
    [-1, 1],
    [-1, 1],
    [-8, 8],
  ]),
  stateSize: 2,
  horizon: 200,
  stochastic: false,
  start: (states, at, random) => {
    states[at] = random.uniform(-Math.PI, Math.PI)
    states[at + 1] = random.uniform(-1, 1)
  },
  advance: (states, at, actions, actionAt, outcome) => {
    const angle = states[at]
    const spin = states[at + 1]
    const torque = clamp(actions[actionAt], -2, 2)
    const cost = normalAngle(angle) ** 2 + 0.1 * spin * spin + 0.001 * torque * torque
    const nextSpin = clamp(spin + (15 * Math.sin(angle) + 3 * torque) * 0.05, -8, 8)
    states[at] = angle + nextSpin * 0.05
    states[at + 1] = nextSpin
    outcome.reward = -cost
    outcome.terminated = false
  },
  observe: (states, at, observations, to) => {
    observations[to] = Math.cos(states[at])
    observations[to + 1] = Math.sin(states[at])
    observations[to + 2] = states[at + 1]
  },
  svg: ([angle]) =>
    picture('pendulum', 240, 240, [
      line(120, 120, 120 - 90 * Math.sin(angle), 120 - 90 * Math.cos(angle), { stroke: palette.warm, width: 16 }),
      circle(120, 120, 5, { fill: palette.ink }),
    ]),
  text: state => values('pendulum', ['θ', 'θ̇'], state),
}

/** Pendulum-v1 as pure functions of its state. */
export const pendulum = dynamicsOf(pendulumWorld)
