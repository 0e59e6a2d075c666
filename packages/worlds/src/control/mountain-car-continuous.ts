import type { WorldDefinition } from '../world/definition.ts'
import { box } from '../world/space.ts'
import { values } from '../world/svg.ts'
import { clamp, dynamicsOf } from './dynamics.ts'
import { drive, mountainPicture, parkCar, valley } from './mountain.ts'

const goal = 0.45

/**
 * MountainCarContinuous-v0. Action a: a push clipped to [−1, 1], power 0.0015 (see `drive`). Pays 100 at the goal
 * (x ≥ 0.45) minus 0.1·a² of the *unclipped* action. The reference rounds the state to float32 after every step, and so
 * does this.
 *
 * Gymnasium `classic_control/continuous_mountain_car.py`.
 */
export const mountainCarContinuousWorld: WorldDefinition = {
  name: 'mountain-car-continuous',
  actionSpace: box([[-1, 1]]),
  observationSpace: box([
    [valley.left, valley.right],
    [-valley.fastest, valley.fastest],
  ]),
  stateSize: 2,
  horizon: 999,
  stochastic: false,
  start: (states, at, random) => {
    parkCar(states, at, random)
    states[at] = Math.fround(states[at])
  },
  advance: (states, at, actions, actionAt, outcome) => {
    const action = actions[actionAt]
    drive(states, at, clamp(action, -1, 1) * 0.0015)
    outcome.terminated = states[at] >= goal && states[at + 1] >= 0
    outcome.reward = (outcome.terminated ? 100 : 0) - 0.1 * action * action
    states[at] = Math.fround(states[at])
    states[at + 1] = Math.fround(states[at + 1])
  },
  observe: (states, at, observations, to) => {
    observations[to] = states[at]
    observations[to + 1] = states[at + 1]
  },
  svg: ([x]) => mountainPicture('mountain-car-continuous', x, goal),
  text: state => values('mountain-car-continuous', ['x', 'v'], state),
}

/** MountainCarContinuous-v0 as pure functions of its state. */
export const mountainCarContinuous = dynamicsOf(mountainCarContinuousWorld)
