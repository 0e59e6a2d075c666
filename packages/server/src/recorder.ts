import type { Recipe, RolloutBatch } from '@guerdon/core'
import type { RunStates } from './runs/run-states.ts'

/** A batch that has been through the recipe, and whose it is. */
export interface RecordedBatch {
  readonly run: string
  /** How many batches the run has seen, this one included; 0 for a recipe without state. */
  readonly update: number
  readonly recipe: Recipe
  /** With every column the recipe wrote. */
  readonly batch: RolloutBatch
}

/** Keeps what was scored. */
export interface Recorder {
  /** Resolves when the batch is durable; an answer is sent only then. Throws `io` when it cannot be kept. */
  record(batch: RecordedBatch): Promise<void>
  /** Resolves when nothing is left to keep and others may use the folder. */
  close(): Promise<void>
}

/** The same run states, with every batch they score recorded before its result is handed on. Previews are not. */
export function recordedRuns(runs: RunStates, recipe: Recipe, recorder: Recorder): RunStates {
  return {
    stateful: runs.stateful,
    preview: runs.preview,
    score: async (run, given, signal) => {
      const result = await runs.score(run, given, signal)
      await recorder.record({ run, update: result.update, recipe, batch: result.batch })
      return result
    },
  }
}
