import type { Heuristic, TwoRewardTask } from './two-reward-task.ts'

const side = 6
const goal = side * side - 1
const actionNoise = 0.1
/** Right, down, left, up. */
const moves = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const
const middleCells = [2, 3].flatMap(row => [2, 3].map(column => row * side + column))

/**
 * A grid of 6×6 from one corner to the opposite one: −0.02 a step, +2 on arrival, a step in ten goes anywhere, 40 steps. The
 * harmful heuristic pays 0.5 a step in the 2×2 cells of the middle, the helpful one −(squared distance to the goal)/50.
 */
export function centreGrid(heuristic: Heuristic): TwoRewardTask<number> {
  return {
    features: side * side,
    actions: moves.length,
    horizon: 40,
    start: 0,
    middle: middleCells.map(oneHot),
    describe: oneHot,
    step(state, chosen, random) {
      const action = random.bernoulli(actionNoise) ? random.integer(moves.length) : chosen
      const x = clamp((state % side) + moves[action][0])
      const y = clamp(Math.floor(state / side) + moves[action][1])
      const next = y * side + x
      const terminated = next === goal
      const auxiliary =
        heuristic === 'harmful'
          ? middleCells.includes(next)
            ? 0.5
            : 0
          : -((side - 1 - x) ** 2 + (side - 1 - y) ** 2) / 50
      return { state: next, primary: terminated ? 1.98 : -0.02, auxiliary, terminated }
    },
  }
}

function oneHot(state: number): Float32Array {
  const row = new Float32Array(side * side)
  row[state] = 1
  return row
}

function clamp(place: number): number {
  return Math.min(side - 1, Math.max(0, place))
}
