import { blockAdvantages } from '@guerdon/methods/control/envs-and-baselines-rl'

/** T steps of N copies side by side, flat by step: entry `t·N + n`. The arrays are the same ones in every block. */
export interface Experience {
  /** T. */
  readonly steps: number
  /** N. */
  readonly copies: number
  /** [(T+1)·N][D] observations as the networks see them; the last N are those after the last step. */
  readonly observations: Float32Array
  /** [T·N] int32 for discrete actions, [T·N][A] for Gaussian ones, as drawn (not clipped to the world's bounds). */
  readonly actions: Int32Array | Float32Array
  /** [T·N] log π of the action when it was drawn. */
  readonly logProbs: Float32Array
  /** [T·N] rewards to learn from. */
  readonly rewards: Float64Array
  /** [(T+1)·N] 1 where the observation begins a new episode. */
  readonly begins: Uint8Array
  /** [(T+1)·N] V of the observations. */
  readonly values: Float32Array
  /** [T·N] V of the true last observation where a time limit alone ended the episode, 0 elsewhere. */
  readonly truncationValues: Float32Array
}

/**
 * Generalised advantages and returns of a block, [T·N] each: 0 is the value after termination, V(true last observation)
 * after truncation, V(observation) where the block cuts an episode.
 */
export function experienceAdvantages(
  experience: Experience,
  options: { readonly gamma: number; readonly lambda: number },
): { readonly advantages: Float64Array; readonly returns: Float64Array } {
  const { rewards, values, begins, truncationValues } = experience
  const { length } = rewards
  return blockAdvantages(
    {
      rewards,
      values: values.subarray(0, length),
      dones: begins.subarray(0, length),
      nextValue: values.subarray(length),
      nextDone: begins.subarray(length),
    },
    { ...options, truncationValues },
  )
}

/** What a reward function of the user sees of a step. */
export interface StepView {
  /** [N][D] what each copy showed before the step, as the world gave it. */
  readonly observations: ArrayLike<number>
  /** [N] or [N][A] actions as the world got them. */
  readonly actions: ArrayLike<number>
  /** [N][D] what each copy shows now; of copies whose episode ended, the start of the next one. */
  readonly nextObservations: ArrayLike<number>
  /** [N][D] the true last observations of copies whose episode ended in this step. */
  readonly finalObservations: ArrayLike<number>
  /** [N] */
  readonly terminated: ArrayLike<number>
  /** [N] */
  readonly truncated: ArrayLike<number>
}

/** Changes the rewards [N] of a step, which hold the world's own, in place. The curve goes on reporting the latter. */
export type RewardFunction = (rewards: Float64Array, step: StepView) => void
