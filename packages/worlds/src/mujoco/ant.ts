import { assertOneOf } from '@guerdon/core'
import { clamp } from '../control/dynamics.ts'
import type { Mujoco } from './engine.ts'
import { antModel } from './models/ant.ts'
import { assertWeights, type EnvironmentVersion, environmentVersions } from './options.ts'
import { type MujocoWorld, mujocoWorld, noisyStart, squaredNorm } from './world.ts'

/** Choices of the ant, with Gymnasium's defaults. */
export interface AntOptions {
  /**
   * Default `v5`. `v4` has contact forces only when asked for (those of the ground, always 0, included), and pays the
   * healthy reward on the unhealthy step that ends an episode, too.
   */
  readonly version?: EnvironmentVersion
  /** Whether contact forces are shown, and in `v4` paid for. Default true in `v5`, false in `v4`. */
  readonly contactForces?: boolean
  /** Default 1. */
  readonly forwardWeight?: number
  /** Default 0.5. */
  readonly controlWeight?: number
  /** Default 5·10⁻⁴. */
  readonly contactWeight?: number
  /** Default 1. */
  readonly healthyReward?: number
  /** Default true. */
  readonly terminateWhenUnhealthy?: boolean
  /** Closed range of the torso's height. Default [0.2, 1]. */
  readonly healthyHeight?: readonly [number, number]
  /** Contact forces are clipped to this range. Default [−1, 1]. */
  readonly contactRange?: readonly [number, number]
  /** Default 0.1. */
  readonly resetNoise?: number
}

const positionCount = 15
const speedCount = 14
const torso = 1
const partNames = [
  'velocity',
  'velocityY',
  'healthy',
  'rewardForward',
  'rewardHealthy',
  'rewardControl',
  'rewardContact',
]

/**
 * Ant-v5 on MuJoCo: a ball on four legs that should walk forwards; torques of ±150 N·m on eight joints, 0.05 s an action,
 * 1000 actions. Reward w_f·Δx/0.05 + healthy − w_c·Σa² − w_k·Σ clip(contact force)²; over when unhealthy.
 *
 * Observation: coordinates but x and y, speeds, and the clipped external forces on 13 bodies (torque, then force): 105
 * numbers; 27 without forces. As in Gymnasium, Δx is that of the torso's place in the world, which MuJoCo's last physics
 * step left a stage of its integrator short of the new coordinates. Start: uniform noise on coordinates, normal noise on
 * speeds, around a pose whose ankles are straight. Gymnasium `ant_v4.py`, `ant_v5.py`.
 */
export function antV5(mujoco: Mujoco, options: AntOptions = {}): MujocoWorld {
  const {
    version = 'v5',
    contactForces = version === 'v5',
    forwardWeight = 1,
    controlWeight = 0.5,
    contactWeight = 5e-4,
    healthyReward = 1,
    terminateWhenUnhealthy = true,
    healthyHeight = [0.2, 1],
    contactRange = [-1, 1],
    resetNoise = 0.1,
  } = options
  assertOneOf(version, 'version', environmentVersions)
  assertWeights({ forwardWeight, controlWeight, contactWeight, healthyReward, resetNoise })
  const old = version === 'v4'
  const priced = !old || contactForces
  const shownFrom = old ? 0 : 6
  const forceCount = contactForces ? 6 * 14 - shownFrom : 0
  const [least, most] = contactRange
  // after the parts: where the torso was, then the forces shown
  const place = partNames.length
  const forces = place + 2

  const world = mujocoWorld(mujoco, {
    name: `ant-${version}`,
    mjcf: antModel,
    frameSkip: 5,
    horizon: 1000,
    plane: { right: 0, up: 1, width: 3, height: 3, left: -1.5, bottom: -1.5, follow: 'torso' },
    observationSize: positionCount - 2 + speedCount + forceCount,
    notes: partNames,
    readings: 2 + forceCount,
    start: noisyStart(resetNoise, 'normal'),
    begun: (simulation, states, notes) => {
      const { bodyPositions, bodyForces } = simulation.views()
      states[notes + 2] = 1
      states[notes + place] = bodyPositions[3 * torso]
      states[notes + place + 1] = bodyPositions[3 * torso + 1]
      for (let i = 0; i < forceCount; i++) states[notes + forces + i] = clamp(bodyForces[shownFrom + i], least, most)
    },
    settle: ({ simulation, states, at, notes, actions, actionAt }, outcome) => {
      simulation.forces()
      const { bodyPositions, bodyForces } = simulation.views()
      const velocity = (bodyPositions[3 * torso] - states[notes + place]) / 0.05
      const sideways = (bodyPositions[3 * torso + 1] - states[notes + place + 1]) / 0.05
      let contact = 0
      for (let i = 0; i < bodyForces.length; i++) contact += clamp(bodyForces[i], least, most) ** 2
      const height = states[at + 3]
      let healthy = height >= healthyHeight[0] && height <= healthyHeight[1]
      for (let i = 0; i < positionCount + speedCount; i++) healthy &&= Number.isFinite(states[at + 1 + i])
      const forward = forwardWeight * velocity
      const survival = healthy || (old && terminateWhenUnhealthy) ? healthyReward : 0
      const control = -controlWeight * squaredNorm(actions, actionAt, 8)
      const touching = priced ? -contactWeight * contact : 0
      states[notes] = velocity
      states[notes + 1] = sideways
      states[notes + 2] = healthy ? 1 : 0
      states[notes + 3] = forward
      states[notes + 4] = survival
      states[notes + 5] = control
      states[notes + 6] = touching
      states[notes + place] = bodyPositions[3 * torso]
      states[notes + place + 1] = bodyPositions[3 * torso + 1]
      for (let i = 0; i < forceCount; i++) states[notes + forces + i] = clamp(bodyForces[shownFrom + i], least, most)
      outcome.reward = forward + survival + control + touching
      outcome.terminated = terminateWhenUnhealthy && !healthy
    },
    observe: (states, at, notes, observations, to) => {
      const shown = positionCount - 2 + speedCount
      for (let i = 0; i < shown; i++) observations[to + i] = states[at + 3 + i]
      for (let i = 0; i < forceCount; i++) observations[to + shown + i] = states[notes + forces + i]
    },
    facts: state => ({ x: state[1], y: state[2], height: state[3] }),
  })
  return world
}
