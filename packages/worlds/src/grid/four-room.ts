import { assertInteger, assertProbability } from '@guerdon/core'
import { type TabularWorld, tabularWorld } from './tabular-world.ts'

/** Choices of the four-room world. */
export interface FourRoomOptions {
  /** Cells along a side. Default 7. */
  readonly size?: number
  /** Probability mass that is spread. Default 0.05 (0.1 for the 2021 rules). */
  readonly noise?: number
  /** Reward of leaving through the goal. Default 10. */
  readonly goalReward?: number
  /** Reward of "up" in cell (1, 0). Default 0. */
  readonly distractorReward?: number
  /** Default 0.95. */
  readonly discount?: number
  /**
   * `2024`: noise mixes all four actions equally; the start corner and the goal are free of it; "up" in the goal stays.
   * `2021`: noise goes to the *other reachable* neighbours, everywhere; up and right both leave from the goal. Default
   * `2024`.
   */
  readonly rules?: '2024' | '2021'
}

const up = 0
const left = 1
const down = 2
const right = 3
const actions = [up, left, down, right] as const

/** Features of the AAMAS four-room: nine 3×3 squares of cells; the goal is a tenth feature. */
export const fourRoomSquares: readonly (readonly number[])[] = [0, 3, 4, 21, 28, 24, 31, 25, 32].map(corner =>
  [0, 7, 14].flatMap(row => [corner + row, corner + row + 1, corner + row + 2]),
)

/**
 * The four-room grid of the reward-design papers: cell s = size·y + x, y grows with "up", a terminal state after the
 * cells. Walls between x = 2 and 3 and between y = 2 and 3 (size 7) with gates at 1 and 5. From the corner 0, left and
 * down leave the world unpaid; "right" from the goal (last cell) leaves it with `goalReward`; "down" from the goal
 * leads to cell size² − size, as in the official table (geometrically it would be one row below).
 *
 * Start (1, 1), horizon 30.
 */
export function fourRoom(options: FourRoomOptions = {}): TabularWorld {
  const { size = 7, goalReward = 10, distractorReward = 0, discount = 0.95, rules = '2024' } = options
  const { noise = rules === '2021' ? 0.1 : 0.05 } = options
  assertInteger(size, 'size', 4)
  assertProbability(noise, 'noise')
  const cells = size * size
  const goal = cells - 1
  const walls = wallsOf(size)
  const corner = (action: number) => (action === up ? size : action === right ? 1 : cells)
  const leaving = (action: number) => {
    if (action === right || (action === up && rules === '2021')) return cells
    if (action === up) return goal
    return action === left ? goal - 1 : cells - size
  }
  const neighbour = (state: number, action: number) => {
    const x = state % size
    const y = Math.floor(state / size)
    if (action === up) return y < size - 1 && !walls.horizontal.has(state + size) ? state + size : undefined
    if (action === down) return y > 0 && !walls.horizontal.has(state) ? state - size : undefined
    if (action === left) return x > 0 && !walls.vertical.has(state) ? state - 1 : undefined
    return x < size - 1 && !walls.vertical.has(state + 1) ? state + 1 : undefined
  }
  const intended = (state: number, action: number) => {
    if (state === 0) return corner(action)
    if (state === goal) return leaving(action)
    return neighbour(state, action) ?? state
  }
  return tabularWorld({
    name: 'four-room',
    stateCount: cells + 1,
    actionNames: ['up', 'left', 'down', 'right'],
    start: size + 1,
    terminalState: cells,
    horizon: 30,
    discount,
    layout: { columns: size, rows: size, goal, wallsBelow: walls.horizontal, wallsLeft: walls.vertical },
    transitions: (state, action) => {
      if (state === cells) return [[cells, 1]]
      const target = intended(state, action)
      if (rules === '2024') {
        if (state === 0 || state === goal) return [[target, 1]]
        return [[target, 1 - noise], ...actions.map(other => [intended(state, other), noise / 4] as const)]
      }
      const special = state === 0 || state === goal
      const reachable = special
        ? [...new Set(actions.map(other => intended(state, other)))]
        : actions.flatMap(other => neighbour(state, other) ?? [])
      const others = reachable.filter(next => next !== target)
      const spread = others.length > 0 ? others : [state]
      return [[target, 1 - noise], ...spread.map(next => [next, noise / spread.length] as const)]
    },
    reward: (state, action) => {
      if (state === goal && action === right) return goalReward
      return state === 1 && action === up ? distractorReward : 0
    },
  })
}

/** Cells whose lower (horizontal) or left (vertical) side is a wall. */
function wallsOf(size: number): { readonly horizontal: ReadonlySet<number>; readonly vertical: ReadonlySet<number> } {
  const middle = Math.floor(size / 2)
  const horizontal = new Set<number>()
  const vertical = new Set<number>()
  for (let i = 1; i <= size; i++) {
    if (i + 1 === Math.ceil(size / 3) || i === Math.ceil((2 * (size + 2)) / 3)) continue
    horizontal.add(middle * size + i - 1)
    vertical.add((i - 1) * size + middle)
  }
  return { horizontal, vertical }
}
