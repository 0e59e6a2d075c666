import { GuerdonError } from '@guerdon/core'
import type { WorldDefinition } from '../world/definition.ts'
import { blankRaster, paintDisc, paintSegment } from '../world/raster.ts'
import { box } from '../world/space.ts'
import { circle, line, palette, picture, values } from '../world/svg.ts'

/** A wall from (x1, y1) to (x2, y2). */
export type Wall = readonly [x1: number, y1: number, x2: number, y2: number]

/**
 * The walls of the hard maze on a field of 200 × 200: a border, and inner walls that leave a dead end close to the goal
 * in a straight line from the start, so that "be nearer to the goal" leads into it. These are this project's own walls;
 * results are comparable only with the same list.
 */
export const hardMazeWalls: readonly Wall[] = [
  [0, 0, 200, 0],
  [200, 0, 200, 200],
  [200, 200, 0, 200],
  [0, 200, 0, 0],
  [0, 50, 120, 50],
  [120, 50, 120, 110],
  [40, 110, 120, 110],
  [40, 110, 40, 150],
  [80, 150, 200, 150],
  [160, 0, 160, 110],
]

/** Where episodes start. */
export const hardMazeStart: readonly [number, number] = [20, 80]
/** Where the robot should go: behind the wall, near the start in a straight line. */
export const hardMazeGoal: readonly [number, number] = [20, 20]

/**
 * Moves a point robot by (dx, dy), at most `reach` (default 5) long. A move that would cross or touch a wall does not
 * happen.
 *
 * @returns the new position and fitness −‖position − goal‖, which is deceptive here
 */
export function hardMazeStep(
  position: readonly [number, number],
  move: readonly [number, number],
  options: {
    readonly reach?: number
    readonly walls?: readonly Wall[]
    readonly goal?: readonly [number, number]
  } = {},
): { readonly position: readonly [number, number]; readonly fitness: number; readonly blocked: boolean } {
  const { reach = 5, walls = hardMazeWalls, goal = hardMazeGoal } = options
  if (!Number.isFinite(move[0]) || !Number.isFinite(move[1]))
    throw new GuerdonError('not_finite', `expected a finite move; got ${move}`, { path: ['move'] })
  const reached = Float64Array.from(position)
  const blocked = !glide(reached, 0, move[0], move[1], { reach, walls })
  return { position: [reached[0], reached[1]], fitness: -distance(reached, 0, goal), blocked }
}

/** Moves the point at `states[at …]` unless a wall is in the way; whether it moved. */
function glide(
  states: Float64Array,
  at: number,
  dx: number,
  dy: number,
  maze: { readonly reach: number; readonly walls: readonly Wall[] },
): boolean {
  const wanted = length(dx, dy)
  const scale = wanted > maze.reach ? maze.reach / wanted : 1
  const x = states[at] + scale * dx
  const y = states[at + 1] + scale * dy
  for (const wall of maze.walls) if (crosses(states[at], states[at + 1], x, y, wall)) return false
  states[at] = x
  states[at + 1] = y
  return true
}

/** √(x² + y²); Math.hypot allocates in today's engines. */
function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y)
}

function distance(states: Float64Array, at: number, goal: readonly [number, number]): number {
  return length(states[at] - goal[0], states[at + 1] - goal[1])
}

/** On which side of the line through p and q the point r lies: −1, 0 (on it), 1. */
function side(px: number, py: number, qx: number, qy: number, rx: number, ry: number): number {
  return Math.sign((qx - px) * (ry - py) - (qy - py) * (rx - px))
}

/** Whether the segment (fx, fy) → (tx, ty) and the wall share a point. */
function crosses(fx: number, fy: number, tx: number, ty: number, wall: Wall): boolean {
  const x1 = wall[0]
  const y1 = wall[1]
  const x2 = wall[2]
  const y2 = wall[3]
  const a = side(x1, y1, x2, y2, fx, fy)
  const b = side(x1, y1, x2, y2, tx, ty)
  if (a !== b && side(fx, fy, tx, ty, x1, y1) !== side(fx, fy, tx, ty, x2, y2)) return true
  return (a === 0 && within(fx, fy, wall)) || (b === 0 && within(tx, ty, wall))
}

/** Whether a point lies in the rectangle the wall spans. */
function within(x: number, y: number, [x1, y1, x2, y2]: Wall): boolean {
  return Math.min(x1, x2) <= x && x <= Math.max(x1, x2) && Math.min(y1, y2) <= y && y <= Math.max(y1, y2)
}

/** Choices of the hard maze as a world. */
export interface HardMazeOptions {
  /** Longest move. Default 5. */
  readonly reach?: number
  /** Nearer than this to the goal ends the episode. Default 5. */
  readonly goalRadius?: number
  /** `distance` pays −‖position − goal‖ every step, `sparse` 1 on arrival. Default `distance`. */
  readonly reward?: 'distance' | 'sparse'
  /** Default `hardMazeWalls`. */
  readonly walls?: readonly Wall[]
}

/**
 * The hard maze as a world. State and observation (x, y); action a move, at most `reach` long (a longer one inside the
 * box is shortened); a move that would touch a wall does not happen. Ends at the goal; 400 steps.
 */
export function hardMazeWorld(options: HardMazeOptions = {}): WorldDefinition {
  const { reach = 5, goalRadius = 5, reward = 'distance', walls = hardMazeWalls } = options
  assertPositive(reach, 'reach')
  assertPositive(goalRadius, 'goalRadius')
  const maze = { reach, walls }
  return {
    name: 'hard-maze',
    actionSpace: box([
      [-reach, reach],
      [-reach, reach],
    ]),
    observationSpace: box([
      [0, 200],
      [0, 200],
    ]),
    stateSize: 2,
    horizon: 400,
    stochastic: false,
    start: (states, at) => {
      states[at] = hardMazeStart[0]
      states[at + 1] = hardMazeStart[1]
    },
    advance: (states, at, actions, actionAt, outcome) => {
      glide(states, at, actions[actionAt], actions[actionAt + 1], maze)
      const remaining = distance(states, at, hardMazeGoal)
      outcome.terminated = remaining < goalRadius
      outcome.reward = reward === 'distance' ? -remaining : outcome.terminated ? 1 : 0
    },
    observe: (states, at, observations, to) => {
      observations[to] = states[at]
      observations[to + 1] = states[at + 1]
    },
    svg: ([x, y]) =>
      picture('hard-maze', 220, 220, [
        ...walls.map(([x1, y1, x2, y2]) =>
          line(10 + x1, 210 - y1, 10 + x2, 210 - y2, { stroke: palette.ink, width: 3 }),
        ),
        circle(10 + hardMazeGoal[0], 210 - hardMazeGoal[1], goalRadius, { fill: palette.goal }),
        circle(10 + x, 210 - y, 4, { fill: palette.agent }),
      ]),
    text: state => values('hard-maze', ['x', 'y'], state),
    facts: state => ({ x: state[0], y: state[1], fitness: -distance(state, 0, hardMazeGoal) }),
    raster: (state, size) => {
      const raster = blankRaster({ left: -5, bottom: -5, extent: 210, size })
      for (const [x1, y1, x2, y2] of walls) paintSegment(raster, [x1, y1], [x2, y2], { radius: 1.5, grey: 0.4 })
      paintDisc(raster, [state[0], state[1]], { radius: 6, grey: 1 })
      return raster.pixels
    },
  }
}

function assertPositive(value: number, name: string): void {
  if (value > 0 && Number.isFinite(value)) return
  throw new GuerdonError('invalid_option', `expected ${name} > 0; got ${value}`, { path: [name] })
}
