import type { WorldDefinition } from '../world/definition.ts'
import { box, discrete } from '../world/space.ts'
import { values } from '../world/svg.ts'
import { dynamicsOf } from './dynamics.ts'
import { drive, mountainPicture, parkCar, valley } from './mountain.ts'

const goal = 0.5

/**
 * MountainCar-v0. State (x, v); actions push left, not at all, right, with (a − 1)·0.001 (see `drive`). Pays −1 every
 * step; ends at x ≥ 0.5.
 *
 * Gymnasium `classic_control/mountain_car.py`.
 */
export const mountainCarWorld: WorldDefinition = {
  name: 'mountain-car',
  actionSpace: discrete(['left', 'none', 'right']),
  observationSpace: box([
    [valley.left, valley.right],
    [-valley.fastest, valley.fastest],
  ]),
  stateSize: 2,
  horizon: 200,
  stochastic: false,
  start: parkCar,
  advance: (states, at, actions, actionAt, outcome) => {
    drive(states, at, (actions[actionAt] - 1) * 0.001)
    outcome.reward = -1
    outcome.terminated = states[at] >= goal && states[at + 1] >= 0
  },
  observe: (states, at, observations, to) => {
    observations[to] = states[at]
    observations[to + 1] = states[at + 1]
  },
  svg: ([x]) => mountainPicture('mountain-car', x, goal),
  text: state => values('mountain-car', ['x', 'v'], state),
}

/** MountainCar-v0 as pure functions of its state. */
export const mountainCar = dynamicsOf(mountainCarWorld)
