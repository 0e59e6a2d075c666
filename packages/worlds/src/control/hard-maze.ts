import { GuerdonError } from '@guerdon/core'

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
  const length = Math.hypot(...move)
  const scale = length > reach ? reach / length : 1
  const target: [number, number] = [position[0] + scale * move[0], position[1] + scale * move[1]]
  const blocked = walls.some(wall => crosses(position, target, wall))
  const reached = blocked ? position : target
  return { position: reached, fitness: -Math.hypot(reached[0] - goal[0], reached[1] - goal[1]), blocked }
}

/** Whether the segments from → to and the wall share a point. */
function crosses(from: readonly [number, number], to: readonly [number, number], [x1, y1, x2, y2]: Wall): boolean {
  const side = (px: number, py: number, qx: number, qy: number, rx: number, ry: number) =>
    Math.sign((qx - px) * (ry - py) - (qy - py) * (rx - px))
  const a = side(x1, y1, x2, y2, from[0], from[1])
  const b = side(x1, y1, x2, y2, to[0], to[1])
  const c = side(from[0], from[1], to[0], to[1], x1, y1)
  const d = side(from[0], from[1], to[0], to[1], x2, y2)
  if (a !== b && c !== d) return true
  const between = (px: number, py: number) =>
    Math.min(x1, x2) <= px && px <= Math.max(x1, x2) && Math.min(y1, y2) <= py && py <= Math.max(y1, y2)
  return (a === 0 && between(from[0], from[1])) || (b === 0 && between(to[0], to[1]))
}
