import type { Evaluated, Tensor } from '@guerdon/tensor'
import { createTrainer, type TrainerOptions } from './trainer.ts'

/** How long and how to train. */
export interface TrainingOptions extends TrainerOptions {
  readonly updates: number
  readonly signal?: AbortSignal
  /** Called after each update. */
  onUpdate?(update: number, loss: number): void
}

/**
 * The plain training loop: a batch, a step, `updates` times.
 *
 * @returns trained parameters and the loss of each update
 * @throws not_finite when training diverges, the signal's reason when it is aborted
 */
export async function train<P, B>(
  initial: Evaluated<P>,
  loss: (parameters: P, batch: B) => Tensor,
  nextBatch: () => Evaluated<B>,
  options: TrainingOptions,
): Promise<{ parameters: Evaluated<P>; losses: Float64Array }> {
  const trainer = createTrainer<P, B>(
    initial,
    (parameters, batch) => ({ loss: loss(parameters, batch), measured: {} }),
    options,
  )
  const losses = new Float64Array(options.updates)
  for (let update = 0; update < options.updates; update++) {
    options.signal?.throwIfAborted()
    losses[update] = (await trainer.step(nextBatch())).loss
    options.onUpdate?.(update, losses[update])
  }
  return { parameters: trainer.parameters(), losses }
}
