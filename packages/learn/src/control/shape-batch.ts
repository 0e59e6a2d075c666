import { GuerdonError } from '@guerdon/core'
import type { TransitionShaper, Transitions } from '@guerdon/methods/shared/transition-shaper'
import type { ReplayColumns } from './replay-buffer.ts'

/** A sampled batch as shapers of the methods package take it, with what continuous control has beside. */
export interface SampledTransitions extends Transitions {
  /** [N·D] observation before the step. */
  readonly features: Float64Array
  /** [N·D] true observation after it. */
  readonly nextFeatures: Float64Array
  /** [N] log π(a|s) of the policy that acted. */
  readonly logProbs: Float32Array
  /** [N·A] actions that are not discrete. */
  readonly actionVectors?: Float32Array
}

/** Turns the channels of a sampled batch into what is learnt from. Its state is plain JSON and part of checkpoints. */
export type ReplayShaper = Pick<TransitionShaper<unknown>, 'name' | 'initial'> & {
  shape(
    transitions: SampledTransitions,
    state: unknown,
  ): { readonly reward: ArrayLike<number>; readonly state: unknown }
}

/**
 * Writes the shaped rewards [B] of a batch; without a shaper the world's own.
 *
 * @returns the shaper's next state
 * @throws shape_mismatch for another number of rewards, not_finite naming shaper and transition
 */
export function shapeBatch(
  batch: ReplayColumns,
  shaping: { readonly shaper: ReplayShaper; readonly state: unknown } | null,
  rewards: Float32Array,
): unknown {
  if (shaping === null) {
    rewards.set(batch.rewards)
    return null
  }
  const { shaper } = shaping
  const shaped = shaper.shape(transitionsOf(batch), shaping.state)
  if (shaped.reward.length !== rewards.length) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected ${rewards.length} rewards of ${shaper.name}, one a transition; got ${shaped.reward.length}`,
      { path: ['shaper', shaper.name] },
    )
  }
  for (let i = 0; i < rewards.length; i++) {
    if (Number.isFinite(shaped.reward[i])) continue
    throw new GuerdonError(
      'not_finite',
      `expected a finite reward of ${shaper.name}; got ${shaped.reward[i]} — transition ${i} of the batch, whose own reward is ${batch.rewards[i]}`,
      { path: ['shaper', shaper.name, i], hint: 'look at the channels it computes the reward from' },
    )
  }
  rewards.set(shaped.reward)
  return shaped.state
}

function transitionsOf(batch: ReplayColumns): SampledTransitions {
  const { rewards, auxiliary, costs, terminated, truncated, actions, logProbs } = batch
  return {
    reward: rewards,
    auxiliary,
    costs,
    terminated,
    truncated,
    features: Float64Array.from(batch.observations),
    nextFeatures: Float64Array.from(batch.nextObservations),
    logProbs,
    ...(actions instanceof Int32Array ? { actions } : { actionVectors: actions }),
  }
}
