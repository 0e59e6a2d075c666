import type { Recipe, RolloutBatch } from '@guerdon/core'

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

/** What scores the batches of one request. */
interface Scorer {
  score(
    run: string,
    batch: RolloutBatch,
    signal: AbortSignal,
  ): Promise<{ readonly batch: RolloutBatch; readonly update: number }>
}

/** The same scorer, with every batch it scores recorded before its result is handed on. Previews are not recorded. */
export function recordedScorer<S extends Scorer>(scorer: S, recipe: Recipe, recorder: Recorder): S {
  return {
    ...scorer,
    score: async (run: string, given: RolloutBatch, signal: AbortSignal) => {
      const result = await scorer.score(run, given, signal)
      await recorder.record({ run, update: result.update, recipe, batch: result.batch })
      return result
    },
  }
}
