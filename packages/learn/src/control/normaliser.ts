import {
  initialRewardNormaliser,
  normaliseObservation,
  normaliseRewards,
  type RewardNormaliserState,
} from '@guerdon/methods/control/envs-and-baselines-rl'
import { initialMeanStd, type RunningMeanStd, updateMeanStd } from '@guerdon/methods/shared/running-mean-std'

/** Running statistics of observations and rewards; plain JSON. */
export interface NormaliserState {
  observations: RunningMeanStd
  rewards: RewardNormaliserState
}

/** Scales what a learner sees; statistics are of all steps so far. */
export interface Normaliser {
  state: NormaliserState
  /** Takes the observations [N·D] into the statistics. */
  learn(observations: ArrayLike<number>): void
  /** Writes the scaled observation at `from[at …]` to `to[toAt …]`. */
  write(from: ArrayLike<number>, at: number, to: Float32Array, toAt: number): void
  /** Scales rewards [N] in place. */
  scale(rewards: Float64Array, terminated: ArrayLike<number>): void
}

/** Leaves everything as it is. */
export function noNormaliser(observationSize: number): Normaliser {
  return {
    state: { observations: initialMeanStd(0), rewards: initialRewardNormaliser(0) },
    learn: () => {},
    write: (from, at, to, toAt) => {
      for (let k = 0; k < observationSize; k++) to[toAt + k] = from[at + k]
    },
    scale: () => {},
  }
}

/**
 * Continuous PPO's scaling: observations to (x − mean)/√(var + 1e-8) within ±10; rewards divided by the running deviation
 * of the discounted return, within ±10.
 */
export function runningNormaliser(copies: number, observationSize: number, discount: number): Normaliser {
  const normaliser: Normaliser = {
    state: { observations: initialMeanStd(observationSize), rewards: initialRewardNormaliser(copies) },
    learn: observations => {
      const rows = Array.from({ length: copies }, (_, n) =>
        Array.from({ length: observationSize }, (_, k) => observations[n * observationSize + k]),
      )
      normaliser.state.observations = updateMeanStd(normaliser.state.observations, rows)
    },
    write: (from, at, to, toAt) => {
      const row = Array.from({ length: observationSize }, (_, k) => from[at + k])
      to.set(normaliseObservation(normaliser.state.observations, row), toAt)
    },
    scale: (rewards, terminated) => {
      const scaled = normaliseRewards(normaliser.state.rewards, rewards, terminated, { discount })
      rewards.set(scaled.rewards)
      normaliser.state.rewards = scaled.state
    },
  }
  return normaliser
}
