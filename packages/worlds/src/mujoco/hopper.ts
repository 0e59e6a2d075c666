import { assertOneOf } from '@guerdon/core'
import { clamp } from '../control/dynamics.ts'
import type { Mujoco } from './engine.ts'
import { hopperModel } from './models/hopper.ts'
import { assertWeights, type EnvironmentVersion, environmentVersions, type Range, strictlyWithin } from './options.ts'
import { type MujocoWorld, mujocoWorld, noisyStart, squaredNorm } from './world.ts'

/** Choices of the hopper, with Gymnasium's defaults. */
export interface HopperOptions {
  /** Default `v5`. `v4` pays the healthy reward on the unhealthy step that ends an episode, too. */
  readonly version?: EnvironmentVersion
  /** Default 1. */
  readonly forwardWeight?: number
  /** Default 0.001. */
  readonly controlWeight?: number
  /** Default 1. */
  readonly healthyReward?: number
  /** Default true. */
  readonly terminateWhenUnhealthy?: boolean
  /** Open range of every coordinate and speed but the first two. Default (−100, 100). */
  readonly healthyState?: Range
  /** Open range of the torso's height. Default (0.7, ∞). */
  readonly healthyHeight?: Range
  /** Open range of the torso's angle. Default (−0.2, 0.2). */
  readonly healthyAngle?: Range
  /** Default 0.005. */
  readonly resetNoise?: number
}

const coordinates = 6

/**
 * Hopper-v5 on MuJoCo: one leg that should hop forwards; torques of ±200 N·m on thigh, leg and foot, 0.008 s an action,
 * 1000 actions. Reward w_f·Δx/0.008 + healthy − w_c·Σa²; over when unhealthy.
 *
 * Observation: all coordinates but x, then speeds clipped to ±10: 11 numbers. Start: uniform noise on the standing pose.
 * Gymnasium `hopper_v4.py`, `hopper_v5.py`.
 */
export function hopperV5(mujoco: Mujoco, options: HopperOptions = {}): MujocoWorld {
  const {
    version = 'v5',
    forwardWeight = 1,
    controlWeight = 1e-3,
    healthyReward = 1,
    terminateWhenUnhealthy = true,
    healthyState = [-100, 100],
    healthyHeight = [0.7, null],
    healthyAngle = [-0.2, 0.2],
    resetNoise = 5e-3,
  } = options
  assertOneOf(version, 'version', environmentVersions)
  assertWeights({ forwardWeight, controlWeight, healthyReward, resetNoise })

  /** Coordinates start at `at` + 1, speeds follow them. */
  function isHealthy(states: Float64Array, at: number): boolean {
    for (let i = 2; i < 2 * coordinates; i++) if (!strictlyWithin(states[at + 1 + i], healthyState)) return false
    return strictlyWithin(states[at + 2], healthyHeight) && strictlyWithin(states[at + 3], healthyAngle)
  }

  return mujocoWorld(mujoco, {
    name: `hopper-${version}`,
    mjcf: hopperModel,
    frameSkip: 4,
    horizon: 1000,
    plane: { right: 0, up: 2, width: 3, height: 1.9, left: -1.5, bottom: -0.2, follow: 'torso' },
    observationSize: 2 * coordinates - 1,
    notes: ['velocity', 'healthy', 'rewardForward', 'rewardHealthy', 'rewardControl'],
    start: noisyStart(resetNoise, 'uniform'),
    begun: (_, states, notes) => {
      states[notes + 1] = 1
    },
    settle: ({ states, at, notes, actions, actionAt, firstBefore }, outcome) => {
      const velocity = (states[at + 1] - firstBefore) / 0.008
      const healthy = isHealthy(states, at)
      const forward = forwardWeight * velocity
      const survival = healthy || (version === 'v4' && terminateWhenUnhealthy) ? healthyReward : 0
      const control = -controlWeight * squaredNorm(actions, actionAt, 3)
      states[notes] = velocity
      states[notes + 1] = healthy ? 1 : 0
      states[notes + 2] = forward
      states[notes + 3] = survival
      states[notes + 4] = control
      outcome.reward = forward + survival + control
      outcome.terminated = terminateWhenUnhealthy && !healthy
    },
    observe: (states, at, _, observations, to) => {
      for (let i = 1; i < coordinates; i++) observations[to + i - 1] = states[at + 1 + i]
      for (let i = 0; i < coordinates; i++)
        observations[to + coordinates - 1 + i] = clamp(states[at + 1 + coordinates + i], -10, 10)
    },
    facts: state => ({ x: state[1], height: state[2], angle: state[3] }),
  })
}
