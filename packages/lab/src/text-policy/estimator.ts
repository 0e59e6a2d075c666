import type { StepInput } from '@guerdon/core'
import type { ForkPlan } from '@guerdon/learn'

/** An estimator of credit: from the outcome of episodes to the advantage of every token. */
export interface CreditEstimator {
  /** Stages, the last of which writes `token.advantage`. */
  readonly steps: readonly StepInput[]
  /**
   * What it takes beside played episodes: `answer-belief` of the policy before each turn, contributions of a `progress`
   * estimator fitted to episodes that are taken from its budget, a `critic` that learns along.
   */
  readonly uses?: 'answer-belief' | 'progress' | 'critic'
  /** Plays trees in place of single episodes. */
  readonly fork?: ForkPlan
}

/** An estimator with its name: the settings of an arm that trains a text policy. */
export interface CreditArm extends CreditEstimator {
  readonly id: string
}

/** A plan that stops where a group has as many episodes as those of the other arms. */
export function boundedFork(fork: ForkPlan, groupSize: number): ForkPlan {
  return point => Math.max(1, Math.min(fork(point), groupSize - point.episodes + 1))
}
