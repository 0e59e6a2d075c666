import { assertOneOf } from '@guerdon/core'
import type { Mujoco } from './engine.ts'
import { halfCheetahModel } from './models/half-cheetah.ts'
import { assertWeights, type EnvironmentVersion, environmentVersions } from './options.ts'
import { type MujocoWorld, mujocoWorld, noisyStart, squaredNorm } from './world.ts'

/** Choices of the half-cheetah, with Gymnasium's defaults. */
export interface HalfCheetahOptions {
  /** Default `v5`; the two differ in nothing but their name. */
  readonly version?: EnvironmentVersion
  /** Default 1. */
  readonly forwardWeight?: number
  /** Default 0.1. */
  readonly controlWeight?: number
  /** Default 0.1. */
  readonly resetNoise?: number
}

const coordinates = 9

/**
 * HalfCheetah-v5 on MuJoCo: two legs of three joints that should run forwards in a plane, 0.05 s an action, 1000 actions.
 * Reward w_f·Δx/0.05 − w_c·Σa²; never ends.
 *
 * Observation: all coordinates but x, then all speeds: 17 numbers. Start: uniform noise on coordinates, normal noise on
 * speeds. Gymnasium `half_cheetah_v4.py`, `half_cheetah_v5.py`.
 */
export function halfCheetahV5(mujoco: Mujoco, options: HalfCheetahOptions = {}): MujocoWorld {
  const { version = 'v5', forwardWeight = 1, controlWeight = 0.1, resetNoise = 0.1 } = options
  assertOneOf(version, 'version', environmentVersions)
  assertWeights({ forwardWeight, controlWeight, resetNoise })
  return mujocoWorld(mujoco, {
    name: `half-cheetah-${version}`,
    mjcf: halfCheetahModel,
    frameSkip: 5,
    horizon: 1000,
    plane: { right: 0, up: 2, width: 3, height: 1.5, left: -1.4, bottom: -0.2, follow: 'torso' },
    observationSize: 2 * coordinates - 1,
    notes: ['velocity', 'rewardForward', 'rewardControl'],
    start: noisyStart(resetNoise, 'normal'),
    settle: ({ states, at, notes, actions, actionAt, firstBefore }, outcome) => {
      const velocity = (states[at + 1] - firstBefore) / 0.05
      const forward = forwardWeight * velocity
      const control = -controlWeight * squaredNorm(actions, actionAt, 6)
      states[notes] = velocity
      states[notes + 1] = forward
      states[notes + 2] = control
      outcome.reward = forward + control
      outcome.terminated = false
    },
    observe: (states, at, _, observations, to) => {
      for (let i = 1; i < 2 * coordinates; i++) observations[to + i - 1] = states[at + 1 + i]
    },
    facts: state => ({ x: state[1], height: 0.7 + state[2], angle: state[3] }),
  })
}
