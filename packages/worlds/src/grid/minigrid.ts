import { assertInteger, GuerdonError, type Random } from '@guerdon/core'

/** Object indices of the observation. */
export const MinigridObject = { unseen: 0, empty: 1, wall: 2, door: 4, key: 5, goal: 8 } as const
/** Colour indices. */
export const MinigridColour = { red: 0, green: 1, blue: 2, purple: 3, yellow: 4, grey: 5 } as const
/** State indices of a door. */
export const DoorState = { open: 0, closed: 1, locked: 2 } as const
/** Actions in order. */
export const minigridActions = ['left', 'right', 'forward', 'pickup', 'drop', 'toggle', 'done'] as const

/** Steps of the directions 0 right, 1 down, 2 left, 3 up. */
const directions = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const

const VIEW = 7

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

/** Reward of reaching the goal: 1 − 0.9·steps/maxSteps. */
export function minigridSuccessReward(steps: number, maxSteps: number): number {
  return 1 - 0.9 * (steps / maxSteps)
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
  const steps = state.steps + 1
  const truncated = steps >= state.maxSteps
  const [dx, dy] = directions[state.direction]
  const ahead = 3 * ((state.y + dy) * state.width + state.x + dx)
  const object = state.cells[ahead]
  const next = { ...state, steps }
  const on = (changed: Partial<MinigridState>): MinigridStep => ({
    state: { ...next, ...changed },
    reward: 0,
    terminated: false,
    truncated,
  })
  switch (minigridActions[action]) {
    case 'left':
      return on({ direction: (state.direction + 3) % 4 })
    case 'right':
      return on({ direction: (state.direction + 1) % 4 })
    case 'forward': {
      const passable =
        object === MinigridObject.empty ||
        object === MinigridObject.goal ||
        (object === MinigridObject.door && state.cells[ahead + 2] === DoorState.open)
      if (!passable) return on({})
      const moved = on({ x: state.x + dx, y: state.y + dy })
      if (object !== MinigridObject.goal) return moved
      return { ...moved, reward: minigridSuccessReward(steps, state.maxSteps), terminated: true }
    }
    case 'pickup': {
      if (object !== MinigridObject.key || state.carrying) return on({})
      const carrying: [number, number, number] = [object, state.cells[ahead + 1], state.cells[ahead + 2]]
      return on({ cells: withCell(state.cells, ahead, [MinigridObject.empty, 0, 0]), carrying })
    }
    case 'drop':
      if (object !== MinigridObject.empty || !state.carrying) return on({})
      return on({ cells: withCell(state.cells, ahead, state.carrying), carrying: null })
    case 'toggle':
      if (object !== MinigridObject.door) return on({})
      return on({ cells: toggled(state, ahead) })
    default:
      return on({})
  }
}

function withCell(cells: Uint8Array, at: number, cell: readonly [number, number, number]): Uint8Array {
  const copy = cells.slice()
  copy.set(cell, at)
  return copy
}

function toggled(state: MinigridState, at: number): Uint8Array {
  const colour = state.cells[at + 1]
  const door = state.cells[at + 2]
  if (door === DoorState.locked) {
    const fits = state.carrying?.[0] === MinigridObject.key && state.carrying[1] === colour
    return fits ? withCell(state.cells, at, [MinigridObject.door, colour, DoorState.open]) : state.cells
  }
  const other = door === DoorState.open ? DoorState.closed : DoorState.open
  return withCell(state.cells, at, [MinigridObject.door, colour, other])
}

/**
 * What the agent sees: a 7×7 view ahead of it, itself at the middle of the nearest row, walls and closed doors hiding
 * what is behind.
 *
 * @returns [7·7·3] object, colour, state at `3·(i·7 + j)`, i across from the agent's left, j from far (0) to near (6);
 * zeros where unseen. The agent's own cell shows what it carries.
 */
export function observeMinigrid(state: MinigridState): Uint8Array {
  const view = new Uint8Array(VIEW * VIEW * 3)
  const half = Math.floor(VIEW / 2)
  const [fx, fy] = directions[state.direction]
  const [rx, ry] = directions[(state.direction + 1) % 4]
  for (let i = 0; i < VIEW; i++) {
    for (let j = 0; j < VIEW; j++) {
      const forward = VIEW - 1 - j
      const across = i - half
      const x = state.x + forward * fx + across * rx
      const y = state.y + forward * fy + across * ry
      const outside = x < 0 || y < 0 || x >= state.width || y >= state.height
      const cell = 3 * (y * state.width + x)
      view.set(
        outside ? [MinigridObject.wall, MinigridColour.grey, 0] : state.cells.subarray(cell, cell + 3),
        3 * (i * VIEW + j),
      )
    }
  }
  view.set(state.carrying ?? [MinigridObject.empty, 0, 0], 3 * (half * VIEW + VIEW - 1))
  const seen = visible(view)
  for (let k = 0; k < seen.length; k++) if (!seen[k]) view.fill(0, 3 * k, 3 * k + 3)
  return view
}

/** Light spreads from the agent's cell sideways and forwards, stopped by cells one cannot see through. */
function visible(view: Uint8Array): Uint8Array {
  const seen = new Uint8Array(VIEW * VIEW)
  const at = (i: number, j: number) => i * VIEW + j
  const opaque = (i: number, j: number) => {
    const object = view[3 * at(i, j)]
    return (
      object === MinigridObject.wall || (object === MinigridObject.door && view[3 * at(i, j) + 2] !== DoorState.open)
    )
  }
  seen[at(Math.floor(VIEW / 2), VIEW - 1)] = 1
  const spread = (i: number, j: number, side: number) => {
    if (!seen[at(i, j)] || opaque(i, j)) return
    seen[at(i + side, j)] = 1
    if (j === 0) return
    seen[at(i + side, j - 1)] = 1
    seen[at(i, j - 1)] = 1
  }
  for (let j = VIEW - 1; j >= 0; j--) {
    for (let i = 0; i < VIEW - 1; i++) spread(i, j, 1)
    for (let i = VIEW - 1; i > 0; i--) spread(i, j, -1)
  }
  return seen
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

/**
 * FourRooms: 19×19, a random gap in each of the four inner wall segments, random start, direction and goal, 100 steps.
 * Draws: gaps room by room (right wall, then bottom wall), agent cell, direction, goal cell.
 */
export function resetFourRooms(random: Random, options: { readonly size?: number } = {}): MinigridState {
  const { size = 19 } = options
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
  return { width: size, height: size, cells, x, y, direction, carrying: null, steps: 0, maxSteps: 100 }
}

/**
 * DoorKey of size N (5, 6, 8 or 16 in the suite): the goal in the bottom-right corner behind a random splitting wall
 * with a locked yellow door, the key and the agent left of it, 10·N² steps. Draws: column of the wall, agent cell,
 * direction, row of the door, key cell.
 */
export function resetDoorKey(random: Random, options: { readonly size?: number } = {}): MinigridState {
  const { size = 8 } = options
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
  return { width: size, height: size, cells, x, y, direction, carrying: null, steps: 0, maxSteps: 10 * size * size }
}
