import { assertInteger, GuerdonError, type Random } from '@guerdon/core'
import { DoorState, MinigridColour, MinigridObject, minigridActions, minigridView } from './minigrid-cells.ts'
import { advanceMinigrid, FlatMinigrid, flatMinigridSize, viewMinigrid } from './minigrid-flat.ts'

export { DoorState, MinigridColour, MinigridObject, minigridActions, minigridSuccessReward } from './minigrid-cells.ts'

/** A grid world and its agent; y grows downwards. */
export interface MinigridState {
  readonly width: number
  readonly height: number
  /** [height·width·3] object, colour and state of cell (x, y) at `3·(y·width + x)`. */
  readonly cells: Uint8Array
  readonly x: number
  readonly y: number
  /** 0 right, 1 down, 2 left, 3 up. */
  readonly direction: number
  /** Object, colour, state of what is carried. */
  readonly carrying: readonly [number, number, number] | null
  readonly steps: number
  readonly maxSteps: number
}

/** One step of a grid world. */
export interface MinigridStep {
  readonly state: MinigridState
  readonly reward: number
  readonly terminated: boolean
  readonly truncated: boolean
}

/** Writes a state to `flat[at …]`, in the layout of `FlatMinigrid`. */
export function flattenMinigrid(state: MinigridState, flat: Float64Array, at = 0): Float64Array {
  const [object, colour, condition] = state.carrying ?? [0, 0, 0]
  flat.set([state.x, state.y, state.direction, object, colour, condition, state.steps], at)
  flat.set(state.cells, at + FlatMinigrid.cells)
  return flat
}

function flattened(state: MinigridState): Float64Array {
  return flattenMinigrid(state, new Float64Array(flatMinigridSize(state)))
}

/**
 * Turns, moves, picks up, drops, toggles or does nothing. Entering the goal ends the episode with
 * `minigridSuccessReward`; everything else pays 0. A locked door opens to a carried key of its colour.
 *
 * Minigrid `minigrid_env.py`.
 */
export function stepMinigrid(state: MinigridState, action: number): MinigridStep {
  assertInteger(action, 'action')
  if (action >= minigridActions.length)
    throw new GuerdonError('invalid_input', `expected an action in 0 … 6; got ${action}`, { path: ['action'] })
  const flat = flattened(state)
  const outcome = { reward: 0, terminated: false }
  advanceMinigrid(flat, 0, action, state, outcome)
  const [x, y, direction, object, colour, condition, steps] = flat
  return {
    state: {
      ...state,
      cells: Uint8Array.from(flat.subarray(FlatMinigrid.cells)),
      x,
      y,
      direction,
      carrying: object === 0 ? null : [object, colour, condition],
      steps,
    },
    ...outcome,
    truncated: steps >= state.maxSteps,
  }
}

/** What the agent sees: `viewMinigrid` as [7·7·3] bytes. */
export function observeMinigrid(state: MinigridState): Uint8Array {
  const view = new Uint8Array(3 * minigridView * minigridView)
  viewMinigrid(flattened(state), 0, state, view, 0)
  return view
}

/** Empty cells inside a border of walls. */
function borderedGrid(width: number, height: number): Uint8Array {
  const cells = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const border = x === 0 || y === 0 || x === width - 1 || y === height - 1
      cells.set(border ? wall : empty, 3 * (y * width + x))
    }
  return cells
}

const wall = [MinigridObject.wall, MinigridColour.grey, 0] as const
const empty = [MinigridObject.empty, 0, 0] as const
const goal = [MinigridObject.goal, MinigridColour.green, 0] as const

/** A random empty cell of columns [0, columns) that is not `avoid`: draws x then y until one fits. */
function freeCell(
  cells: Uint8Array,
  width: number,
  height: number,
  random: Random,
  options: { columns?: number; avoid?: readonly [number, number] } = {},
): readonly [number, number] {
  const { columns = width, avoid } = options
  for (;;) {
    const x = random.integer(columns)
    const y = random.integer(height)
    if (cells[3 * (y * width + x)] !== MinigridObject.empty) continue
    if (avoid && avoid[0] === x && avoid[1] === y) continue
    return [x, y]
  }
}

/** Choices of a layout. */
export interface MinigridOptions {
  /** Cells along a side. Default 19 for FourRooms, 8 for DoorKey. */
  readonly size?: number
  /** Steps after which an episode is truncated, and the scale of the reward. Default 100; 10·size² for DoorKey. */
  readonly maxSteps?: number
}

/**
 * FourRooms: 19×19, a random gap in each of the four inner wall segments, random start, direction and goal, 100 steps.
 * Draws: gaps room by room (right wall, then bottom wall), agent cell, direction, goal cell.
 */
export function resetFourRooms(random: Random, options: MinigridOptions = {}): MinigridState {
  const { size = 19, maxSteps = 100 } = options
  assertInteger(size, 'size', 7)
  const cells = borderedGrid(size, size)
  const room = Math.floor(size / 2)
  for (let row = 0; row < 2; row++) {
    for (let column = 0; column < 2; column++) {
      const left = column * room
      const top = row * room
      if (column === 0) {
        for (let y = top; y < top + room; y++) cells.set(wall, 3 * (y * size + left + room))
        cells.set(empty, 3 * ((top + 1 + random.integer(room - 1)) * size + left + room))
      }
      if (row === 0) {
        for (let x = left; x < left + room; x++) cells.set(wall, 3 * ((top + room) * size + x))
        cells.set(empty, 3 * ((top + room) * size + left + 1 + random.integer(room - 1)))
      }
    }
  }
  const [x, y] = freeCell(cells, size, size, random)
  const direction = random.integer(4)
  const [goalX, goalY] = freeCell(cells, size, size, random, { avoid: [x, y] })
  cells.set(goal, 3 * (goalY * size + goalX))
  return { width: size, height: size, cells, x, y, direction, carrying: null, steps: 0, maxSteps }
}

/**
 * DoorKey of size N (5, 6, 8 or 16 in the suite): the goal in the bottom-right corner behind a random splitting wall
 * with a locked yellow door, the key and the agent left of it, 10·N² steps. Draws: column of the wall, agent cell,
 * direction, row of the door, key cell.
 */
export function resetDoorKey(random: Random, options: MinigridOptions = {}): MinigridState {
  const { size = 8, maxSteps = 10 * size * size } = options
  assertInteger(size, 'size', 5)
  const cells = borderedGrid(size, size)
  cells.set(goal, 3 * ((size - 2) * size + size - 2))
  const split = 2 + random.integer(size - 4)
  for (let y = 0; y < size; y++) cells.set(wall, 3 * (y * size + split))
  const [x, y] = freeCell(cells, size, size, random, { columns: split })
  const direction = random.integer(4)
  const doorRow = 1 + random.integer(size - 3)
  cells.set([MinigridObject.door, MinigridColour.yellow, DoorState.locked], 3 * (doorRow * size + split))
  const [keyX, keyY] = freeCell(cells, size, size, random, { columns: split, avoid: [x, y] })
  cells.set([MinigridObject.key, MinigridColour.yellow, 0], 3 * (keyY * size + keyX))
  return { width: size, height: size, cells, x, y, direction, carrying: null, steps: 0, maxSteps }
}
