import { assertOneOf } from '@guerdon/core'
import { clamp } from '../control/dynamics.ts'
import { blankRaster, paintDisc, paintSegment } from '../world/raster.ts'
import type { Mujoco } from './engine.ts'
import { doorDrawerModel, doorDrawerPlan } from './models/door-drawer.ts'
import { type MujocoWorld, mujocoWorld } from './world.ts'

/** What can be asked of the arm. */
export const doorDrawerTasks = ['open-drawer', 'close-drawer', 'open-door', 'close-door'] as const
/** One of them. */
export type DoorDrawerTask = (typeof doorDrawerTasks)[number]

/** Choices of the door and drawer. */
export interface DoorDrawerOptions {
  /** Default `open-drawer`. */
  readonly task?: DoorDrawerTask
  /** `sparse` pays 1 on every step that ends in success, `staged` for nearing the handle and for progress. Default `sparse`. */
  readonly reward?: 'sparse' | 'staged'
  /** Whether success ends the episode. Default false: only the time limit does. */
  readonly endOnSuccess?: boolean
}

const { links, drawer, door } = doorDrawerPlan
// coordinates of a state: time, then shoulder, elbow, wrist, drawer, door, then their speeds
const angles = 1
const opening = { drawer: 4, door: 5 } as const
const speeds = 6
/** Poses to start in: with the fingertip on the side from which the handle is moved. */
const home = {
  'open-drawer': [0.4, 1.8, 1.2],
  'close-drawer': [-0.9, 2.3, 1.2],
  'open-door': [0.4, 1.8, 1.2],
  'close-door': [2.4, 1, 0.2],
} as const
/** How far something is open, in metres or radians: when it counts as open, as closed, and where closing starts. */
const marks = {
  drawer: { open: 0.15, closed: 0.01, start: 0.18 },
  door: { open: 1.1, closed: 0.05, start: 1.2 },
} as const

/** Where the fingertip is for three joint angles. */
export function fingertipOf(first: number, second: number, third: number): readonly [number, number] {
  const [a, b, c] = [first, first + second, first + second + third]
  return [
    links[0] * Math.cos(a) + links[1] * Math.cos(b) + links[2] * Math.cos(c),
    links[0] * Math.sin(a) + links[1] * Math.sin(b) + links[2] * Math.sin(c),
  ]
}

/** Where the handle of the drawer or door is when that is `open` far open. */
export function handleOf(thing: 'drawer' | 'door', open: number): readonly [number, number] {
  if (thing === 'drawer') return [drawer.x, drawer.y + drawer.handle - open]
  // the middle of the bar
  const [along, across] = [door.handle[0] - 0.03, door.handle[1]]
  const [cos, sin] = [Math.cos(open), -Math.sin(open)]
  return [door.x + cos * along - sin * across, door.y + sin * along + cos * across]
}

/**
 * A planar arm before a drawer and a door, for reward programs over named quantities and rewards from pictures. Actions:
 * three torques and, in [0, 1], how strongly the fingertip sticks to what it touches; 0.02 s an action, 200 actions.
 *
 * `staged` pays 1 − tanh(10·‖fingertip − handle‖) + 2·progress, progress in [0, 1] from where the task starts to its
 * mark, and 5 on steps that end in success. Observation (20 numbers): cos and sin of the joints, their speeds, drawer,
 * door and their speeds, fingertip, handle, handle − fingertip, stickiness, in this order.
 *
 * Facts carry the names reward programs use: `eeX`, `eeY` (fingertip), `objX`, `objY` (handle), `goalX`, `goalY` (where
 * the handle should be), `gripperOpenness`, `opening`, `progress`, `success`. Own design; no released counterpart.
 */
export function doorDrawerWorld(mujoco: Mujoco, options: DoorDrawerOptions = {}): MujocoWorld {
  const { task = 'open-drawer', reward = 'sparse', endOnSuccess = false } = options
  assertOneOf(task, 'task', doorDrawerTasks)
  assertOneOf(reward, 'reward', ['sparse', 'staged'])
  const thing = task.endsWith('drawer') ? 'drawer' : 'door'
  const opens = task.startsWith('open')
  const { open, closed, start } = marks[thing]
  const index = opening[thing]
  const goal = handleOf(thing, opens ? open : 0)

  function progressOf(amount: number): number {
    return opens ? clamp(amount / open, 0, 1) : clamp((start - amount) / (start - closed), 0, 1)
  }

  const world = mujocoWorld(mujoco, {
    name: task,
    mjcf: doorDrawerModel,
    frameSkip: 4,
    horizon: 200,
    plane: { right: 0, up: 1, width: 1.2, height: 1, left: -0.65, bottom: -0.45 },
    observationSize: 20,
    notes: ['grip', 'progress', 'success', 'rewardReach', 'rewardProgress', 'rewardSuccess'],
    start: (positions, _, random) => {
      for (let i = 0; i < 3; i++) positions[i] = home[task][i] + random.uniform(-0.1, 0.1)
      if (!opens) positions[index - angles] = start
    },
    settle: ({ states, at, notes, actions, actionAt }, outcome) => {
      const amount = states[at + index]
      const progress = progressOf(amount)
      const success = opens ? amount >= open : amount <= closed
      const [x, y] = fingertipOf(states[at + 1], states[at + 2], states[at + 3])
      const [handleX, handleY] = handleOf(thing, amount)
      const gap = Math.sqrt((x - handleX) ** 2 + (y - handleY) ** 2)
      const staged = reward === 'staged' && !success
      states[notes] = clamp(actions[actionAt + 3], 0, 1)
      states[notes + 1] = progress
      states[notes + 2] = success ? 1 : 0
      states[notes + 3] = staged ? 1 - Math.tanh(10 * gap) : 0
      states[notes + 4] = staged ? 2 * progress : 0
      states[notes + 5] = success ? (reward === 'staged' ? 5 : 1) : 0
      outcome.reward = states[notes + 3] + states[notes + 4] + states[notes + 5]
      outcome.terminated = endOnSuccess && success
    },
    observe: (states, at, notes, observations, to) => {
      for (let i = 0; i < 3; i++) {
        observations[to + i] = Math.cos(states[at + angles + i])
        observations[to + 3 + i] = Math.sin(states[at + angles + i])
        observations[to + 6 + i] = states[at + speeds + i]
      }
      for (let i = 0; i < 2; i++) {
        observations[to + 9 + i] = states[at + opening.drawer + i]
        observations[to + 11 + i] = states[at + speeds + 3 + i]
      }
      const tip = fingertipOf(states[at + 1], states[at + 2], states[at + 3])
      const handle = handleOf(thing, states[at + index])
      for (let i = 0; i < 2; i++) {
        observations[to + 13 + i] = tip[i]
        observations[to + 15 + i] = handle[i]
        observations[to + 17 + i] = handle[i] - tip[i]
      }
      observations[to + 19] = states[notes]
    },
    facts: state => {
      const [eeX, eeY] = fingertipOf(state[1], state[2], state[3])
      const [objX, objY] = handleOf(thing, state[index])
      return { eeX, eeY, objX, objY, goalX: goal[0], goalY: goal[1], opening: state[index] }
    },
  })
  return {
    ...world,
    facts: state => {
      const { grip, ...facts } = world.facts(state)
      return { ...facts, gripperOpenness: 1 - grip }
    },
    raster: (state, size) => {
      const raster = blankRaster({ left: -0.65, bottom: -0.5, extent: 1.2, size })
      const elbow = [links[0] * Math.cos(state[1]), links[0] * Math.sin(state[1])] as const
      const turned = state[1] + state[2]
      const wrist = [elbow[0] + links[1] * Math.cos(turned), elbow[1] + links[1] * Math.sin(turned)] as const
      const drawerY = drawer.y - state[opening.drawer]
      const swing = -state[opening.door]
      const edge = [door.x + door.width * Math.cos(swing), door.y + door.width * Math.sin(swing)] as const
      paintSegment(raster, [drawer.x - 0.09, drawerY], [drawer.x + 0.09, drawerY], { radius: 0.012, grey: 0.5 })
      paintSegment(raster, [door.x, door.y], edge, { radius: 0.012, grey: 0.4 })
      paintDisc(raster, handleOf('drawer', state[opening.drawer]), { radius: 0.025, grey: 0.8 })
      paintDisc(raster, handleOf('door', state[opening.door]), { radius: 0.025, grey: 0.7 })
      paintSegment(raster, [0, 0], elbow, { radius: 0.018, grey: 0.3 })
      paintSegment(raster, elbow, wrist, { radius: 0.018, grey: 0.3 })
      paintSegment(raster, wrist, fingertipOf(state[1], state[2], state[3]), { radius: 0.018, grey: 1 })
      return raster.pixels
    },
  }
}
