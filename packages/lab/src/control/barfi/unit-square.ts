import { type MazeState, mazeStart, mazeStep } from '@guerdon/worlds/control/unit-maze'
import type { Heuristic, TwoRewardTask } from './two-reward-task.ts'

const order = 3
/** Rewards are divided by this, which leaves all returns in proportion. */
const scale = 50
const middlePlaces = [0.45, 0.55].flatMap(x => [0.45, 0.55].map(y => ({ ...mazeStart, x, y })))

/**
 * The unit-square maze that BARFI was tested in, rewards divided by 50: −0.1 a step, +100 in the corner of the goal, 50 steps;
 * the harmful heuristic pays 50 a stride in the middle, the helpful one −(squared distance to the goal). Places are described
 * by the Fourier basis cos(π(i·x + j·y)), i, j = 0 … 3.
 */
export function unitSquare(heuristic: Heuristic): TwoRewardTask<MazeState> {
  return {
    features: (order + 1) ** 2,
    actions: 4,
    horizon: 50,
    start: mazeStart,
    middle: middlePlaces.map(fourier),
    describe: fourier,
    step(state, action, random) {
      const moved = mazeStep(state, action, random, { heuristic: heuristic === 'harmful' ? 'bad' : 'good' })
      return {
        state: moved.state,
        primary: moved.primaryReward / scale,
        auxiliary: moved.auxiliaryReward / scale,
        terminated: moved.terminated,
      }
    },
  }
}

/** [16] cos(π(i·x + j·y)) */
export function fourier({ x, y }: { readonly x: number; readonly y: number }): Float32Array {
  return Float32Array.from({ length: (order + 1) ** 2 }, (_, k) =>
    Math.cos(Math.PI * (Math.floor(k / (order + 1)) * x + (k % (order + 1)) * y)),
  )
}
