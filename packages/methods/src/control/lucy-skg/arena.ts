import { assertInteger, GuerdonError } from '@guerdon/core'

/** A point or vector in unreal units: x across, y along (blue attacks +y), z up. */
export type Vector = ArrayLike<number>

/** Measures of the arena and its bodies, in unreal units and unreal units per second. */
export const arena = {
  sideWall: 4096,
  backWall: 5120,
  ceiling: 2044,
  backOfNet: 6000,
  goalHeight: 642.775,
  ballRadius: 92.75,
  ballMaxSpeed: 6000,
  carMaxSpeed: 2300,
  cornerCut: 1152,
} as const

/** Distance of the back of the net behind the goal line, plus the ball's radius: 972.75. */
export const goalDepth = arena.backOfNet - arena.backWall + arena.ballRadius

/** A side of the game. */
export type Team = 'blue' | 'orange'

/** Middle of the back of the net a team attacks (`opponent`) or defends (`own`). */
export function goalBack(team: Team, side: 'own' | 'opponent'): readonly [number, number, number] {
  const forward = (team === 'blue') === (side === 'opponent')
  return [0, forward ? arena.backOfNet : -arena.backOfNet, arena.goalHeight / 2]
}

/** Which points a reward map is drawn on. */
export interface ArenaGridOptions {
  /** Distance between neighbours in unreal units. Default 1600. */
  readonly spacing?: number
  /** q: 2q+1 points on each horizontal axis and q+1 on the vertical one, from wall to wall; overrides `spacing`. */
  readonly quarterSplit?: number
}

/**
 * Points of the arena on a regular grid, those beyond the corner walls (|x| + |y| ≥ 4096 + 5120 − 1152) left out.
 * Ordered by y, then x, then z, each from its largest value down.
 *
 * @returns flat [3·N]
 * Source: rlgym-reward-analysis `grid_positions`.
 */
export function gridPositions(options: ArenaGridOptions = {}): Float64Array {
  const { spacing = 1600, quarterSplit } = options
  let axes: [Float64Array, Float64Array, Float64Array]
  if (quarterSplit) {
    assertInteger(quarterSplit, 'quarterSplit', 1)
    axes = [
      spread(arena.sideWall, -arena.sideWall, 2 * quarterSplit + 1),
      spread(arena.backWall, -arena.backWall, 2 * quarterSplit + 1),
      spread(arena.ceiling, 0, quarterSplit + 1),
    ]
  } else {
    if (!(spacing > 0))
      throw new GuerdonError('invalid_option', `expected spacing > 0; got ${spacing}`, { path: ['spacing'] })
    const xRest = arena.sideWall % spacing
    const yRest = arena.backWall % spacing
    const zRest = Math.floor((arena.ceiling % spacing) / 2)
    axes = [
      spread(arena.sideWall - xRest, -arena.sideWall + xRest, Math.floor((2 * arena.sideWall) / spacing) + 1),
      spread(arena.backWall - yRest, -arena.backWall + yRest, Math.floor((2 * arena.backWall) / spacing) + 1),
      spread(arena.ceiling - zRest, zRest, Math.floor(arena.ceiling / spacing) + 1),
    ]
  }
  const points: number[] = []
  const limit = arena.sideWall + arena.backWall - arena.cornerCut
  for (const y of axes[1])
    for (const x of axes[0]) {
      if (Math.abs(x) + Math.abs(y) >= limit) continue
      for (const z of axes[2]) points.push(x, y, z)
    }
  return Float64Array.from(points)
}

function spread(from: number, to: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => (count === 1 ? from : from + ((to - from) * i) / (count - 1)))
}

/** A reward evaluated on every point of a grid, with what an inspection asks first. */
export interface RewardMap {
  /** flat [3·N] */
  readonly positions: Float64Array
  /** [N] */
  readonly values: Float64Array
  readonly minimum: number
  readonly maximum: number
  /** Index of the first maximum. */
  readonly best: number
  /** Share of points within 5 % of the range below the maximum; above 0.5 the reward is saturated. */
  readonly saturation: number
}

/** Evaluates `reward` with one entity swept over the grid and the others fixed by the caller. */
export function rewardMap(positions: Float64Array, reward: (position: Float64Array) => number): RewardMap {
  const count = positions.length / 3
  const values = new Float64Array(count)
  let best = 0
  let minimum = Number.POSITIVE_INFINITY
  for (let i = 0; i < count; i++) {
    values[i] = reward(positions.subarray(3 * i, 3 * i + 3))
    if (values[i] > values[best]) best = i
    minimum = Math.min(minimum, values[i])
  }
  const maximum = values[best]
  const near = maximum - 0.05 * (maximum - minimum)
  const saturated = values.reduce((total, value) => total + (value >= near ? 1 : 0), 0)
  return { positions, values, minimum, maximum, best, saturation: saturated / count }
}

/**
 * Share of the summed magnitude each component has on recorded frames; above 0.8 is a warning. `components` by name,
 * [T] each.
 */
export function componentShares(components: Readonly<Record<string, ArrayLike<number>>>): Record<string, number> {
  const magnitudes = Object.entries(components).map(([name, values]) => {
    let total = 0
    for (let t = 0; t < values.length; t++) total += Math.abs(values[t])
    return [name, total] as const
  })
  const all = magnitudes.reduce((total, [, magnitude]) => total + magnitude, 0)
  return Object.fromEntries(magnitudes.map(([name, magnitude]) => [name, all === 0 ? 0 : magnitude / all]))
}
