import { assertInteger, GuerdonError, type Random } from '@guerdon/core'

/** Where the agent is and how many steps it has taken. */
export interface MazeState {
  readonly x: number
  readonly y: number
  readonly steps: number
}

/** Which heuristic reward is recorded beside the primary one. */
export type MazeHeuristic = 'good' | 'bad' | 'none'

/** Choices of the maze. */
export interface UnitMazeOptions {
  readonly heuristic?: MazeHeuristic
  /** Probability that a step's action is replaced by a uniformly random one. Default 0.1. */
  readonly actionNoise?: number
  /** Steps after which the episode is truncated. Default 50. */
  readonly horizon?: number
  /**
   * `released` reads the goal's y twice in the good heuristic, so that its y term is the constant 0.0144, zeroes the
   * bad heuristic at the time limit too, and spends the last step of the horizon without moving. Default null: the
   * intended −dist², and a full last step.
   */
  readonly compat?: 'released' | null
}

/** One step of the maze; the two rewards stay apart. */
export interface MazeStep {
  readonly state: MazeState
  readonly primaryReward: number
  readonly auxiliaryReward: number
  /** The goal was entered. */
  readonly terminated: boolean
  /** The time limit was reached. */
  readonly truncated: boolean
}

const goal = [0.75, 0.75, 0.99, 0.99] as const
const trap = [0.4, 0.4, 0.6, 0.6] as const
const stride = 0.045
const repeats = 4
/** Directions of actions 0 … 3. */
const motions = [
  [0, 1],
  [1, 0],
  [0, -1],
  [-1, 0],
] as const

/** Start of every episode. */
export const mazeStart: MazeState = { x: 0.125, y: 0.125, steps: 0 }

function inside(x: number, y: number, [left, bottom, right, top]: readonly [number, number, number, number]): boolean {
  return x >= left && x <= right && y >= bottom && y <= top
}

/**
 * The unit-square maze BARFI was tested in: four actions, each repeated for 4 strides of 0.045 that stop at the border
 * or in the goal [0.75, 0.99]². Primary reward −0.1 a step and +100 on entering the goal. The *good* heuristic is
 * −dist² to the goal's centre per stride, the *bad* one +50 per stride inside [0.4, 0.6]², withdrawn on the step that
 * enters the goal.
 *
 * @param draws uniform numbers in [0, 1): one decides on a random action, a second (if so) chooses it; a `Random` gives
 * both
 * Source: gupta2023behavior `barfi-gw/src/environments/Maze_*.py`.
 */
export function mazeStep(
  state: MazeState,
  action: number,
  random: Pick<Random, 'float'>,
  options: UnitMazeOptions = {},
): MazeStep {
  const { heuristic = 'none', actionNoise = 0.1, horizon = 50, compat = null } = options
  assertInteger(action, 'action')
  if (action > 3)
    throw new GuerdonError('invalid_input', `expected an action in 0 … 3; got ${action}`, { path: ['action'] })
  const steps = state.steps + 1
  const truncated = steps >= horizon
  const ended = inside(state.x, state.y, goal)
  if (ended || (compat === 'released' && truncated)) {
    return { state: { ...state, steps }, primaryReward: 0, auxiliaryReward: 0, terminated: ended, truncated }
  }
  const chosen = actionNoise > 0 && random.float() < actionNoise ? Math.min(3, Math.floor(random.float() * 4)) : action
  const [dx, dy] = motions[chosen]
  let { x, y } = state
  let primaryReward = -0.1
  let auxiliaryReward = 0
  for (let k = 0; k < repeats; k++) {
    const nextX = x + dx * stride
    const nextY = y + dy * stride
    if (!inside(nextX, nextY, [0, 0, 1, 1])) break
    x = nextX
    y = nextY
    auxiliaryReward += mazeHeuristic(x, y, heuristic, compat)
    if (inside(x, y, goal)) {
      primaryReward += 100
      break
    }
  }
  const terminated = inside(x, y, goal)
  if (heuristic === 'bad' && terminated) auxiliaryReward = 0
  return { state: { x, y, steps }, primaryReward, auxiliaryReward, terminated, truncated }
}

function mazeHeuristic(x: number, y: number, heuristic: MazeHeuristic, compat: 'released' | null): number {
  if (heuristic === 'none') return 0
  if (heuristic === 'bad') return inside(x, y, trap) ? 50 : 0
  const centre = (goal[1] + goal[3]) / 2
  const vertical = compat === 'released' ? goal[1] - centre : y - centre
  return -((x - (goal[0] + goal[2]) / 2) ** 2 + vertical ** 2)
}
