import type { Recipe } from '@guerdon/core'
import type { ItemMetrics } from './metrics.ts'
import type { ServerLimits, UnscoredPolicy } from './options.ts'
import type { RunScorer } from './runs/run-states.ts'

/** What a route works with while it answers one request. */
export interface Services {
  /** The recipe at the time the request came; a reload does not change it. */
  readonly recipe: Recipe
  /** The state of the request's run, saved together with the answer. */
  readonly runs: RunScorer
  readonly metrics: ItemMetrics
  readonly limits: ServerLimits
  readonly unscored: UnscoredPolicy
}
