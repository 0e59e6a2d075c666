import type { WorldDefinition } from '../world/definition.ts'
import { box, discrete } from '../world/space.ts'
import { circle, line, palette, picture, values } from '../world/svg.ts'
import { clamp, drawUniform, dynamicsOf } from './dynamics.ts'

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

/** Writes the time derivative of (θ1, θ2, θ̇1, θ̇2) by the "book" equations for unit lengths and masses. */
function differentiate(state: Float64Array, torque: number, rates: Float64Array): void {
  const first = state[0]
  const second = state[1]
  const firstSpin = state[2]
  const secondSpin = state[3]
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
  const secondRate =
    (torque + (d2 / d1) * phi1 - 0.5 * firstSpin * firstSpin * sine - phi2) / (0.25 + 1 - (d2 * d2) / d1)
  rates[0] = firstSpin
  rates[1] = secondSpin
  rates[2] = -(d2 * secondRate + phi1) / d1
  rates[3] = secondRate
}

/** One classical Runge–Kutta step of `dt`, in place. The scratch arrays are written before they are read. */
function rungeKutta(): (states: Float64Array, at: number, torque: number) => void {
  const k = [new Float64Array(4), new Float64Array(4), new Float64Array(4), new Float64Array(4)] as const
  const [k1, k2, k3, k4] = k
  const probe = new Float64Array(4)
  const reach = [0, dt / 2, dt / 2, dt] as const
  return (states, at, torque) => {
    for (let i = 0; i < 4; i++) probe[i] = states[at + i]
    differentiate(probe, torque, k1)
    for (let stage = 1; stage < 4; stage++) {
      const before = k[stage - 1]
      for (let i = 0; i < 4; i++) probe[i] = states[at + i] + reach[stage] * before[i]
      differentiate(probe, torque, k[stage])
    }
    for (let i = 0; i < 4; i++) states[at + i] += (dt / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i])
  }
}

const swing = rungeKutta()

/**
 * Acrobot-v1. State (θ1, θ2, θ̇1, θ̇2), θ1 = 0 hanging; torque −1, 0 or +1 on the joint; one Runge–Kutta step of 0.2 s,
 * angles wrapped to [−π, π], speeds clipped to 4π and 9π. Pays −1 a step and 0 on the step that lifts the tip: −cos θ1
 * − cos(θ1 + θ2) > 1.
 *
 * Gymnasium `classic_control/acrobot.py`.
 */
export const acrobotWorld: WorldDefinition = {
  name: 'acrobot',
  actionSpace: discrete(['negative torque', 'no torque', 'positive torque']),
  observationSpace: box([
    [-1, 1],
    [-1, 1],
    [-1, 1],
    [-1, 1],
    [-speedLimits[0], speedLimits[0]],
    [-speedLimits[1], speedLimits[1]],
  ]),
  stateSize: 4,
  horizon: 500,
  stochastic: false,
  start: (states, at, random) => {
    drawUniform(states, at, { random, count: 4, low: -0.1, high: 0.1 })
    for (let i = at; i < at + 4; i++) states[i] = Math.fround(states[i])
  },
  advance: (states, at, actions, actionAt, outcome) => {
    swing(states, at, actions[actionAt] - 1)
    const first = wrap(states[at])
    const second = wrap(states[at + 1])
    states[at] = first
    states[at + 1] = second
    states[at + 2] = clamp(states[at + 2], -speedLimits[0], speedLimits[0])
    states[at + 3] = clamp(states[at + 3], -speedLimits[1], speedLimits[1])
    outcome.terminated = -Math.cos(first) - Math.cos(second + first) > 1
    outcome.reward = outcome.terminated ? 0 : -1
  },
  observe: (states, at, observations, to) => {
    observations[to] = Math.cos(states[at])
    observations[to + 1] = Math.sin(states[at])
    observations[to + 2] = Math.cos(states[at + 1])
    observations[to + 3] = Math.sin(states[at + 1])
    observations[to + 4] = states[at + 2]
    observations[to + 5] = states[at + 3]
  },
  svg: ([first, second]) => {
    const elbow = [120 + 50 * Math.sin(first), 120 + 50 * Math.cos(first)] as const
    const tip = [elbow[0] + 50 * Math.sin(first + second), elbow[1] + 50 * Math.cos(first + second)] as const
    return picture('acrobot', 240, 240, [
      line(0, 70, 240, 70, { stroke: palette.goal, width: 2 }),
      line(120, 120, ...elbow, { stroke: palette.agent, width: 8 }),
      line(...elbow, ...tip, { stroke: palette.warm, width: 8 }),
      circle(120, 120, 4, { fill: palette.ink }),
      circle(...elbow, 4, { fill: palette.ink }),
    ])
  },
  text: state => values('acrobot', ['θ1', 'θ2', 'θ̇1', 'θ̇2'], state),
}

/** Acrobot-v1 as pure functions of its state. */
export const acrobot = dynamicsOf(acrobotWorld)
