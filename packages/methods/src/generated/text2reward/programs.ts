import { euclideanNorm } from '../../shared/linear-algebra.ts'

type Vector = ArrayLike<number>

/** Raw state of a MetaWorld task, metres. */
export interface MetaworldState {
  readonly eePosition: Vector
  readonly gripperOpenness: number
  readonly objPosition: Vector
  readonly goalPosition: Vector
}

/**
 * Programs a model wrote for MetaWorld, as typed functions of state and action (e end-effector, o object, g goal, a action):
 * drawer-open −‖e−o‖ − ‖o−g‖ − .01·[‖e−o‖ < .1 and openness > −1] − .001‖a‖; window-open … − .1‖a‖; handle-press … − .1Σa²;
 * sweep-into (1 if ‖o−g‖ < .05 else −.01‖e−o‖ − .01‖o−g‖) − .001Σa²; door-close … − openness·[‖e−o‖ < .1].
 */
export const metaworldPrograms = {
  'drawer-open-v2': (state, action) => {
    const reach = distance(state.eePosition, state.objPosition)
    const open = reach < 0.1 && state.gripperOpenness > -1 ? 0.01 : 0
    return -reach - distance(state.objPosition, state.goalPosition) - open - 0.001 * euclideanNorm(action)
  },
  'window-open-v2': (state, action) =>
    -distance(state.eePosition, state.objPosition) -
    distance(state.objPosition, state.goalPosition) -
    0.1 * euclideanNorm(action),
  'handle-press-v2': (state, action) =>
    -distance(state.eePosition, state.objPosition) -
    distance(state.objPosition, state.goalPosition) -
    0.1 * euclideanNorm(action) ** 2,
  'sweep-into-v2': (state, action) => {
    const push = distance(state.objPosition, state.goalPosition)
    const progress = push < 0.05 ? 1 : -0.01 * distance(state.eePosition, state.objPosition) - 0.01 * push
    return progress - 0.001 * euclideanNorm(action) ** 2
  },
  'door-close-v2': state => {
    const reach = distance(state.eePosition, state.objPosition)
    const grip = reach < 0.1 ? state.gripperOpenness : 0
    return -reach - distance(state.objPosition, state.goalPosition) - grip
  },
} as const satisfies Record<string, (state: MetaworldState, action: Vector) => number>

/** Raw state of a ManiSkill2 cube task, metres and radians a second. */
export interface ManiskillState {
  readonly eePosition: Vector
  readonly cubePosition: Vector
  readonly grasped: boolean
  readonly qvel: Vector
  readonly goalHeight: number
  readonly goalPosition: Vector
  readonly cubeHalfSize: number
}

/**
 * Expert and generated programs for LiftCube and PickCube of ManiSkill2 (c cube, h goal height, s half size, G grasped):
 * oracle-lift success → 2.25, else 1 − tanh 5‖e−c‖ + .25G + G·min((c_z − s)/h, 1); fewshot-lift success → 5, else
 * 1 − tanh 5‖c−e‖ + G + G·(1 − tanh 5|h − (c_z − s)|); zeroshot-lift −.4‖e−c‖ + .2G − .4|c_z − h| + .1·max(c_z − h, 0) −
 * .01‖a‖; oracle-pick success → 5, else as lift towards the goal; zeroshot-pick on actions held within ±1.
 */
export const maniskillPrograms = {
  'oracle-lift': state => {
    if (lifted(state) && still(state)) return 2.25
    const height = state.cubePosition[2] - state.cubeHalfSize
    const raised = state.grasped ? 0.25 + Math.min(height / state.goalHeight, 1) : 0
    return closeness(distance(state.eePosition, state.cubePosition)) + raised
  },
  'fewshot-lift': state => {
    if (lifted(state) && still(state)) return 5
    const missing = Math.abs(state.goalHeight - (state.cubePosition[2] - state.cubeHalfSize))
    return closeness(distance(state.cubePosition, state.eePosition)) + (state.grasped ? 1 + closeness(missing) : 0)
  },
  'zeroshot-lift': (state, action) => {
    const above = state.cubePosition[2] - state.goalHeight
    return (
      -0.4 * distance(state.eePosition, state.cubePosition) +
      (state.grasped ? 0.2 : 0) -
      0.4 * Math.abs(above) +
      0.1 * Math.max(above, 0) -
      0.01 * euclideanNorm(action)
    )
  },
  'oracle-pick': state => {
    const missing = distance(state.goalPosition, state.cubePosition)
    if (missing <= 0.025 && still(state)) return 5
    return closeness(distance(state.cubePosition, state.eePosition)) + (state.grasped ? 1 + closeness(missing) : 0)
  },
  'zeroshot-pick': (state, action) => {
    const held = Float64Array.from(action, value => Math.min(Math.max(value, -1), 1))
    return (
      -0.3 * distance(state.eePosition, state.cubePosition) -
      0.5 * distance(state.goalPosition, state.cubePosition) +
      (state.grasped ? 0.2 : -0.2) -
      0.01 * euclideanNorm(held) ** 2
    )
  },
} as const satisfies Record<string, (state: ManiskillState, action: Vector) => number>

function distance(a: Vector, b: Vector): number {
  return euclideanNorm(Float64Array.from(a, (value, i) => value - b[i]))
}

function closeness(metres: number): number {
  return 1 - Math.tanh(5 * metres)
}

function lifted(state: ManiskillState): boolean {
  return state.cubePosition[2] >= state.goalHeight + state.cubeHalfSize
}

function still(state: ManiskillState): boolean {
  return Array.from(state.qvel).every(speed => Math.abs(speed) <= 0.2)
}
