import {
  assertFiniteNumber,
  assertInRange,
  assertInteger,
  assertOneOf,
  assertProbability,
  GuerdonError,
  Random,
} from '@guerdon/core'
import { type TabularWorld, tabularWorld } from './tabular-world.ts'

/** A cell by column and row; rows grow upwards. */
export type RoomCell = readonly [x: number, y: number]

/** Choices of the object rooms. */
export interface ObjectRoomsOptions {
  /** Rooms across and up. Default 2 and 2. */
  readonly columns?: number
  readonly rows?: number
  /** Cells along a side of a room. Default 3. */
  readonly roomSize?: number
  /** Where the objects lie, or how many to place by `seed`. Default 2. */
  readonly objects?: number | readonly RoomCell[]
  /** Places objects that are given by number. Default 1. */
  readonly seed?: number
  /**
   * `carry`: each object is picked up and dropped at the goal, one at a time. `reach`: each is visited, then the goal.
   * Default `carry`.
   */
  readonly task?: 'carry' | 'reach'
  /** Probability that a step goes in a random direction of the four. Default 0.1. */
  readonly slip?: number
  /** Paid at the end. Default 2. */
  readonly goalReward?: number
  /** Paid for every other action. Default −0.02. */
  readonly stepReward?: number
  /** Default 0.99. */
  readonly discount?: number
  /** Default 40 for each object and the goal. */
  readonly horizon?: number
}

/** What a state of the table stands for. */
export interface ObjectRoomsState {
  readonly x: number
  readonly y: number
  /** Room, counted from the lower left one. */
  readonly room: number
  /** Of each object: `waiting` where it lies, `carried`, or `done` (at the goal, or visited). */
  readonly objects: readonly ('waiting' | 'carried' | 'done')[]
}

/** The object rooms as a table, and what its states mean. */
export interface ObjectRooms extends TabularWorld {
  readonly width: number
  readonly height: number
  readonly roomSize: number
  readonly goalCell: RoomCell
  readonly objectCells: readonly RoomCell[]
  /** Whether a wall stands between two neighbouring cells, each y·width + x. */
  hasWall(cell: number, neighbour: number): boolean
  /** The parts of a state; undefined for the terminal one. */
  describe(state: number): ObjectRoomsState | undefined
}

const waiting = 0
const carried = 1
const done = 2
const steps = [
  [0, 1],
  [-1, 0],
  [0, -1],
  [1, 0],
] as const
const pick = 4
const drop = 5

/**
 * Rooms side by side, joined by a gate in the middle of each wall between two; objects to fetch for the goal in the upper
 * right corner, from a start in the lower left one. A state is a cell together with what became of each object, so the
 * world is a table and everything about it can be solved exactly. As in the other tables, reward is for the state that is
 * left: dropping the last object at the goal pays `goalReward` and ends the episode, and so does any action at the goal
 * once all objects were visited (`reach`); everything else pays `stepReward`.
 *
 * With one room of 6×6 cells, no objects and task `reach` this is the small gridworld that learnt combinations of primary
 * and auxiliary rewards are tested in; `auxiliaryRewards` are its two auxiliary rewards.
 *
 * @throws invalid_option, also for objects outside, on the start or goal, or twice in a cell
 */
export function objectRooms(options: ObjectRoomsOptions = {}): ObjectRooms {
  const { columns = 2, rows = 2, roomSize = 3, task = 'carry', slip = 0.1, discount = 0.99 } = options
  const { goalReward = 2, stepReward = -0.02 } = options
  assertInteger(columns, 'columns', 1)
  assertInteger(rows, 'rows', 1)
  assertInteger(roomSize, 'roomSize', 2)
  assertOneOf(task, 'task', ['carry', 'reach'])
  assertProbability(slip, 'slip')
  assertInRange(discount, 'discount', 0, 1)
  assertFiniteNumber(goalReward, 'goalReward')
  assertFiniteNumber(stepReward, 'stepReward')
  const width = columns * roomSize
  const height = rows * roomSize
  const cells = width * height
  const goal = cells - 1
  const objectCells = placeObjects(options, width, height)
  const { horizon = 40 * (objectCells.length + 1) } = options
  assertInteger(horizon, 'horizon', 1)
  const carry = task === 'carry'
  if (carry && objectCells.length === 0) {
    throw new GuerdonError('invalid_option', 'expected objects to carry; got none', {
      path: ['objects'],
      hint: "with task: 'reach' the goal alone is enough",
    })
  }
  const places = objectCells.map(([x, y]) => y * width + x)
  const statuses = listStatuses(objectCells.length, carry)
  const indexOf = new Map(statuses.map((status, k) => [status.join(), k]))
  const terminal = cells * statuses.length
  const stateOf = (cell: number, status: readonly number[]) => {
    const known = indexOf.get(status.join())
    return known === undefined ? terminal : known * cells + cell
  }
  const walls = wallsOf(width, height, roomSize)
  const hasWall = (cell: number, next: number) => walls.has(`${Math.min(cell, next)}-${Math.max(cell, next)}`)
  const over = (cell: number, status: readonly number[]) => !carry && cell === goal && status.every(s => s === done)

  function moved(cell: number, status: readonly number[], action: number): number {
    const [dx, dy] = steps[action]
    const [x, y] = [(cell % width) + dx, Math.floor(cell / width) + dy]
    const next = y * width + x
    if (x < 0 || y < 0 || x >= width || y >= height || hasWall(cell, next)) return stateOf(cell, status)
    return stateOf(next, carry ? status : status.map((s, k) => (places[k] === next ? done : s)))
  }

  function handled(cell: number, status: readonly number[], action: number): number {
    const held = status.indexOf(carried)
    if (action === drop && held >= 0 && cell === goal) return stateOf(cell, status.with(held, done))
    const here = places.findIndex((place, k) => place === cell && status[k] === waiting)
    if (action === pick && held < 0 && here >= 0) return stateOf(cell, status.with(here, carried))
    return stateOf(cell, status)
  }

  const table = tabularWorld({
    name: 'object-rooms',
    stateCount: terminal + 1,
    actionNames: ['up', 'left', 'down', 'right', ...(carry ? ['pick', 'drop'] : [])],
    start: 0,
    terminalState: terminal,
    horizon,
    discount,
    transitions: (state, action) => {
      const cell = state % cells
      const status = statuses[Math.floor(state / cells)]
      if (!status || over(cell, status)) return [[terminal, 1]]
      if (action >= pick) return [[handled(cell, status, action), 1]]
      return [
        [moved(cell, status, action), 1 - slip],
        ...steps.map((_, other) => [moved(cell, status, other), slip / steps.length] as const),
      ]
    },
    reward: (state, action) => {
      const cell = state % cells
      const status = statuses[Math.floor(state / cells)]
      if (!status) return 0
      const delivered = action === drop && handled(cell, status, action) === terminal
      return over(cell, status) || delivered ? goalReward : stepReward
    },
  })
  return {
    ...table,
    width,
    height,
    roomSize,
    goalCell: [width - 1, height - 1],
    objectCells,
    hasWall,
    describe: state => {
      assertInteger(state, 'state')
      const status = statuses[Math.floor(state / cells)]
      if (!status) return undefined
      const [x, y] = [state % width, Math.floor((state % cells) / width)]
      return {
        x,
        y,
        room: Math.floor(y / roomSize) * columns + Math.floor(x / roomSize),
        objects: status.map(s => (['waiting', 'carried', 'done'] as const)[s]),
      }
    },
  }
}

/** What can have become of n objects; for `carry` at most one is carried, and all done is the end. */
function listStatuses(count: number, carry: boolean): (readonly number[])[] {
  let lists: (readonly number[])[] = [[]]
  for (let k = 0; k < count; k++)
    lists = lists.flatMap(list => (carry ? [waiting, carried, done] : [waiting, done]).map(status => [...list, status]))
  if (!carry) return lists
  return lists.filter(list => list.filter(s => s === carried).length <= 1 && list.some(s => s !== done))
}

function placeObjects({ objects = 2, seed = 1 }: ObjectRoomsOptions, width: number, height: number): RoomCell[] {
  const ends = [0, width * height - 1]
  if (typeof objects === 'number') {
    assertInteger(objects, 'objects')
    assertInRange(objects, 'objects', 0, Math.min(4, width * height - 2))
    const free = new Random(seed).permutation(width * height).filter(cell => !ends.includes(cell))
    return Array.from(free.slice(0, objects), cell => [cell % width, Math.floor(cell / width)])
  }
  assertInRange(objects.length, 'the number of objects', 0, 4)
  const taken = new Set(ends)
  objects.forEach(([x, y], k) => {
    const inside = Number.isInteger(x) && Number.isInteger(y) && x >= 0 && y >= 0 && x < width && y < height
    if (!inside || taken.has(y * width + x)) {
      throw new GuerdonError(
        'invalid_option',
        `expected objects in different cells of ${width}×${height} that are not start or goal; got (${x}, ${y}) — object ${k}`,
        { path: ['objects', k] },
      )
    }
    taken.add(y * width + x)
  })
  return [...objects]
}

/** Pairs of cells with a wall between: room borders, but for the middle cell of each. */
function wallsOf(width: number, height: number, roomSize: number): ReadonlySet<string> {
  const between = new Set<string>()
  const gate = Math.floor(roomSize / 2)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const cell = y * width + x
      if (x > 0 && x % roomSize === 0 && y % roomSize !== gate) between.add(`${cell - 1}-${cell}`)
      if (y > 0 && y % roomSize === 0 && x % roomSize !== gate) between.add(`${cell - width}-${cell}`)
    }
  return between
}
