import type { WorldDefinition } from '../world/definition.ts'
import { box } from '../world/space.ts'
import { circle, line, palette, picture, values } from '../world/svg.ts'
import { clamp, dynamicsOf } from './dynamics.ts'

const lengths = [0.1, 0.11] as const
const dt = 0.02
const damping = 1
const gain = 20

/** Position of the fingertip for joint angles θ1 and θ2 (relative to the first link). */
export function fingertip(first: number, second: number): readonly [number, number] {
  return [fingertipX(first, second), fingertipY(first, second)]
}

function fingertipX(first: number, second: number): number {
  return lengths[0] * Math.cos(first) + lengths[1] * Math.cos(first + second)
}

function fingertipY(first: number, second: number): number {
  return lengths[0] * Math.sin(first) + lengths[1] * Math.sin(first + second)
}

/**
 * Planar two-link reacher, a stand-in for Reacher-v5 without a physics engine: each joint is a torque-driven double
 * integrator with damping, θ̈ = 20a − θ̇, 0.02 s a step. State (θ1, θ2, θ̇1, θ̇2, target x, target y), target within
 * 0.2 of the origin. Reward −‖fingertip − target‖ − Σa² of the state after the step, a clipped to ±1; never ends.
 * Observation (cos θ1, cos θ2, sin θ1, sin θ2, target, θ̇1, θ̇2, fingertip − target).
 */
export const reacherWorld: WorldDefinition = {
  name: 'reacher',
  actionSpace: box([
    [-1, 1],
    [-1, 1],
  ]),
  observationSpace: box([
    [-1, 1],
    [-1, 1],
    [-1, 1],
    [-1, 1],
    [-0.2, 0.2],
    [-0.2, 0.2],
    [null, null],
    [null, null],
    [-0.41, 0.41],
    [-0.41, 0.41],
  ]),
  stateSize: 6,
  horizon: 50,
  stochastic: false,
  start: (states, at, random) => {
    for (let i = 0; i < 2; i++) states[at + i] = random.uniform(-0.1, 0.1)
    for (let i = 2; i < 4; i++) states[at + i] = random.uniform(-0.005, 0.005)
    do {
      states[at + 4] = random.uniform(-0.2, 0.2)
      states[at + 5] = random.uniform(-0.2, 0.2)
    } while (Math.hypot(states[at + 4], states[at + 5]) >= 0.2)
  },
  advance: (states, at, actions, actionAt, outcome) => {
    let effort = 0
    for (let i = 0; i < 2; i++) {
      const torque = clamp(actions[actionAt + i], -1, 1)
      effort += torque * torque
      states[at + 2 + i] += dt * (gain * torque - damping * states[at + 2 + i])
      states[at + i] += dt * states[at + 2 + i]
    }
    const x = fingertipX(states[at], states[at + 1])
    const y = fingertipY(states[at], states[at + 1])
    const offX = x - states[at + 4]
    const offY = y - states[at + 5]
    // Math.hypot allocates in today's engines
    outcome.reward = -Math.sqrt(offX * offX + offY * offY) - effort
    outcome.terminated = false
  },
  observe: (states, at, observations, to) => {
    const first = states[at]
    const second = states[at + 1]
    const targetX = states[at + 4]
    const targetY = states[at + 5]
    observations[to] = Math.cos(first)
    observations[to + 1] = Math.cos(second)
    observations[to + 2] = Math.sin(first)
    observations[to + 3] = Math.sin(second)
    observations[to + 4] = targetX
    observations[to + 5] = targetY
    observations[to + 6] = states[at + 2]
    observations[to + 7] = states[at + 3]
    observations[to + 8] = fingertipX(first, second) - targetX
    observations[to + 9] = fingertipY(first, second) - targetY
  },
  svg: ([first, second, , , targetX, targetY]) => {
    const place = (x: number, y: number) => [130 + 550 * x, 130 - 550 * y] as const
    const shoulder = place(0, 0)
    const elbow = place(lengths[0] * Math.cos(first), lengths[0] * Math.sin(first))
    const tip = place(...fingertip(first, second))
    return picture('reacher', 260, 260, [
      circle(...place(targetX, targetY), 6, { fill: palette.goal }),
      line(...shoulder, ...elbow, { stroke: palette.agent, width: 8 }),
      line(...elbow, ...tip, { stroke: palette.warm, width: 8 }),
      circle(...shoulder, 4, { fill: palette.ink }),
      circle(...elbow, 4, { fill: palette.ink }),
    ])
  },
  text: state => values('reacher', ['θ1', 'θ2', 'θ̇1', 'θ̇2', 'target x', 'target y'], state),
}

/** The reacher as pure functions of its state. */
export const reacher = dynamicsOf<readonly [number, number]>(reacherWorld)
