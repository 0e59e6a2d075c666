import type { Random } from '@guerdon/core'
import type { TrajectoryBatch } from '@guerdon/methods/control/barfi'
import type { Evaluated, NdArray } from '@guerdon/tensor'

/** What a designer's heuristic is worth. */
export type Heuristic = 'harmful' | 'helpful'

/** A task with a primary reward that is trusted and a heuristic one that may not be. */
export interface TwoRewardTask<State> {
  /** D, numbers that describe a state. */
  readonly features: number
  /** A */
  readonly actions: number
  /** H, the longest an episode is. */
  readonly horizon: number
  readonly start: State
  /** [D] */
  describe(state: State): ArrayLike<number>
  step(
    state: State,
    action: number,
    random: Random,
  ): { readonly state: State; readonly primary: number; readonly auxiliary: number; readonly terminated: boolean }
  /** [n][D] places in the middle, where the harmful heuristic pays. */
  readonly middle: readonly ArrayLike<number>[]
}

/** Padded trajectories as arrays. */
export type Trajectories = Evaluated<TrajectoryBatch>

/** [A] probabilities of each of n described states, [n·D] → [n·A]. */
export type ActionProbabilities = (described: Float32Array, count: number) => Promise<ArrayLike<number>>

/** Plays episodes side by side; their undiscounted primary returns besides. */
export async function playEpisodes<State>(
  task: TwoRewardTask<State>,
  probabilities: ActionProbabilities,
  episodes: number,
  random: Random,
): Promise<{ readonly batch: Trajectories; readonly returns: Float64Array; readonly steps: number }> {
  const { features: width, actions: choices, horizon } = task
  const array = (shape: readonly number[], dtype: 'float32' | 'int32' = 'float32'): NdArray => {
    const size = shape.reduce((product, extent) => product * extent, 1)
    return { dtype, shape, data: dtype === 'int32' ? new Int32Array(size) : new Float32Array(size) }
  }
  const features = array([episodes, horizon, width])
  const actions = array([episodes, horizon], 'int32')
  const [primary, auxiliary, mask] = [0, 1, 2].map(() => array([episodes, horizon]))
  const states = new Array<State>(episodes).fill(task.start)
  const running = new Array<boolean>(episodes).fill(true)
  const returns = new Float64Array(episodes)
  let steps = 0
  for (let t = 0; t < horizon && running.includes(true); t++) {
    const described = Float32Array.from(states.flatMap(state => Array.from(task.describe(state))))
    const policy = await probabilities(described, episodes)
    for (let episode = 0; episode < episodes; episode++) {
      if (!running[episode]) continue
      const action = random.categorical(Array.from({ length: choices }, (_, a) => policy[episode * choices + a]))
      const next = task.step(states[episode], action, random)
      const place = episode * horizon + t
      features.data.set(described.subarray(episode * width, (episode + 1) * width), place * width)
      actions.data[place] = action
      primary.data[place] = next.primary
      auxiliary.data[place] = next.auxiliary
      mask.data[place] = 1
      returns[episode] += next.primary
      states[episode] = next.state
      running[episode] = !next.terminated
      steps++
    }
  }
  return { batch: { features, actions, primary, auxiliary, mask }, returns, steps }
}

/** Trajectories of two batches, one after another. */
export function joinTrajectories(first: Trajectories, second: Trajectories): Trajectories {
  const join = (a: NdArray, b: NdArray): NdArray => {
    const data =
      a.dtype === 'int32'
        ? new Int32Array(a.data.length + b.data.length)
        : new Float32Array(a.data.length + b.data.length)
    data.set(a.data)
    data.set(b.data, a.data.length)
    return { dtype: a.dtype, shape: [a.shape[0] + b.shape[0], ...a.shape.slice(1)], data }
  }
  return {
    features: join(first.features, second.features),
    actions: join(first.actions, second.actions),
    primary: join(first.primary, second.primary),
    auxiliary: join(first.auxiliary, second.auxiliary),
    mask: join(first.mask, second.mask),
  }
}
