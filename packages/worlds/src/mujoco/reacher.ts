import { assertOneOf } from '@guerdon/core'
import type { Mujoco } from './engine.ts'
import { reacherModel } from './models/reacher.ts'
import { assertWeights, type EnvironmentVersion, environmentVersions } from './options.ts'
import { type MujocoWorld, mujocoWorld, squaredNorm } from './world.ts'

/** Choices of the reacher. */
export interface ReacherOptions {
  /** Default `v5`. `v4` pays for the distance *before* the step and shows the difference in z (always 0) as well. */
  readonly version?: EnvironmentVersion
  /** Default 1. */
  readonly distanceWeight?: number
  /** Default 1. */
  readonly controlWeight?: number
}

// positions within a state: time first, then two joints and the target
const first = 1
const target = 3
const speeds = 5

/**
 * Reacher-v5 on MuJoCo: two links of 0.1 m on a table, torques of ±200 N·m on joints with rotor inertia, 0.02 s an
 * action, 50 actions. Reward −w_d·‖fingertip − target‖ − w_c·Σa²; never ends.
 *
 * Observation (cos θ1, cos θ2, sin θ1, sin θ2, target x, target y, θ̇1, θ̇2, fingertip − target in x and y). As in
 * Gymnasium, where the fingertip is read is where MuJoCo's last physics step left it, a stage of its integrator short
 * of the new angles. Start: joints ±0.1, speeds ±0.005, target uniform in a disc of radius 0.2.
 *
 * `reacher` of the control worlds has the same rewards and no engine. Gymnasium `reacher_v4.py`, `reacher_v5.py`.
 */
export function reacherV5(mujoco: Mujoco, options: ReacherOptions = {}): MujocoWorld {
  const { version = 'v5', distanceWeight = 1, controlWeight = 1 } = options
  assertOneOf(version, 'version', environmentVersions)
  assertWeights({ distanceWeight, controlWeight })
  const old = version === 'v4'
  const world = mujocoWorld(mujoco, {
    name: `reacher-${version}`,
    mjcf: reacherModel,
    frameSkip: 2,
    horizon: 50,
    plane: { right: 0, up: 1, width: 0.7, height: 0.7, left: -0.35, bottom: -0.35 },
    observationSize: old ? 11 : 10,
    notes: ['offsetX', 'offsetY', 'offsetZ', 'rewardDistance', 'rewardControl'],
    start: (positions, velocities, random) => {
      for (let i = 0; i < 4; i++) positions[i] += random.uniform(-0.1, 0.1)
      do {
        positions[2] = random.uniform(-0.2, 0.2)
        positions[3] = random.uniform(-0.2, 0.2)
      } while (Math.hypot(positions[2], positions[3]) >= 0.2)
      for (let i = 0; i < 4; i++) velocities[i] += random.uniform(-0.005, 0.005)
      velocities.fill(0, 2)
    },
    begun: (_, states, notes) => readOffset(states, notes),
    settle: ({ states, notes, actions, actionAt }, outcome) => {
      const before = offset(states, notes)
      readOffset(states, notes)
      const distance = -distanceWeight * (old ? before : offset(states, notes))
      const control = -controlWeight * squaredNorm(actions, actionAt, 2)
      states[notes + 3] = distance
      states[notes + 4] = control
      outcome.reward = distance + control
      outcome.terminated = false
    },
    observe: (states, at, notes, observations, to) => {
      for (let i = 0; i < 2; i++) {
        const angle = states[at + first + i]
        observations[to + i] = Math.cos(angle)
        observations[to + 2 + i] = Math.sin(angle)
        observations[to + 4 + i] = states[at + target + i]
        observations[to + 6 + i] = states[at + speeds + i]
      }
      for (let i = 0; i < (old ? 3 : 2); i++) observations[to + 8 + i] = states[notes + i]
    },
  })
  const tip = 3 * world.simulation.body('fingertip')
  const goal = 3 * world.simulation.body('target')

  function readOffset(states: Float64Array, notes: number): void {
    const { bodyPositions } = world.simulation.views()
    for (let i = 0; i < 3; i++) states[notes + i] = bodyPositions[tip + i] - bodyPositions[goal + i]
  }

  function offset(states: Float64Array, notes: number): number {
    // Math.hypot allocates in today's engines
    return Math.sqrt(states[notes] ** 2 + states[notes + 1] ** 2 + states[notes + 2] ** 2)
  }

  return world
}
