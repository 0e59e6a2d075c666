import { assertInteger, assertProbability, GuerdonError, type Random } from '@guerdon/core'

/** Where a training of the encoder stands. Plain data. */
export interface EarlyStop {
  readonly epochs: number
  /** Lowest validation error; null before the first. */
  readonly best: number | null
  /** Consecutive epochs above it. */
  readonly worse: number
  readonly stop: 'stale' | 'epochs' | null
}

/** Choices of `afterEpoch`. */
export interface EarlyStopOptions {
  /** Training ends after maxEpochs + 1 epochs. Default 100. */
  readonly maxEpochs?: number
  /** Consecutive worse epochs that are borne; the next one stops. Default 3. */
  readonly patience?: number
}

/** Before the first epoch. */
export const initialEarlyStop: EarlyStop = { epochs: 0, best: null, worse: 0, stop: null }

/**
 * The state after an epoch. An error equal to the best counts as no worse. Weights are not rolled back to the best.
 *
 * @param error validation error; null where none was measured: in the first epoch, or for lack of data
 */
export function afterEpoch(state: EarlyStop, error: number | null, options: EarlyStopOptions = {}): EarlyStop {
  const { maxEpochs = 100, patience = 3 } = options
  assertInteger(maxEpochs, 'maxEpochs')
  assertInteger(patience, 'patience')
  if (error !== null && !Number.isFinite(error)) {
    throw new GuerdonError(
      'not_finite',
      `expected a finite validation error; got ${error} in epoch ${state.epochs + 1}`,
      {
        path: ['error'],
      },
    )
  }
  const epochs = state.epochs + 1
  const isWorse = error !== null && state.best !== null && error > state.best
  const best = error === null || isWorse ? state.best : error
  const worse = error === null ? state.worse : isWorse ? state.worse + 1 : 0
  const stop = worse > patience ? 'stale' : epochs > maxEpochs ? 'epochs' : null
  return { epochs, best, worse, stop }
}

/** How a training went. */
export interface EarlyStopReplay extends EarlyStop {
  /** The errors ended before the training did. */
  readonly exhausted: boolean
}

/** Replays a training from its validation errors, the first of which belongs to the second epoch. */
export function replayTraining(errors: ArrayLike<number>, options: EarlyStopOptions = {}): EarlyStopReplay {
  let state = afterEpoch(initialEarlyStop, null, options)
  for (let i = 0; i < errors.length && state.stop === null; i++) state = afterEpoch(state, errors[i], options)
  return { ...state, exhausted: state.stop === null }
}

/** Indices of views to train on and to validate with. */
export interface ViewSplit {
  readonly training: Int32Array
  readonly validation: Int32Array
}

/**
 * Splits views after a shuffle. Of fewer than 5 none is left for validation at the default share; the training then runs its
 * epochs without early stop. Draws one permutation.
 *
 * @param options.validation share, default 0.2, rounded down
 */
export function splitViews(count: number, random: Random, options: { readonly validation?: number } = {}): ViewSplit {
  const { validation = 0.2 } = options
  assertInteger(count, 'count')
  assertProbability(validation, 'validation')
  const order = random.permutation(count)
  const held = Math.floor(count * validation)
  return { training: order.slice(held), validation: order.slice(0, held) }
}

/** How a view encoder is trained and measured, whatever runs it. */
export interface EncoderTrainer {
  /** One optimiser step on a batch of views. */
  trainBatch(indices: Int32Array): Promise<void>
  /** Mean reconstruction error of views. */
  validate(indices: Int32Array): Promise<number>
}

/**
 * Trains an encoder on `count` views: shuffled batches, validation after each epoch from the second, early stop. Draws a
 * permutation for the split, then one an epoch.
 *
 * @param options.batchSize default 128
 */
export async function trainEncoder(
  count: number,
  trainer: EncoderTrainer,
  random: Random,
  options: EarlyStopOptions & {
    readonly batchSize?: number
    readonly validation?: number
    readonly signal?: AbortSignal
  } = {},
): Promise<EarlyStop> {
  const { batchSize = 128 } = options
  assertInteger(count, 'count', 1)
  assertInteger(batchSize, 'batchSize', 1)
  const { training, validation } = splitViews(count, random, options)
  let state = initialEarlyStop
  while (state.stop === null) {
    options.signal?.throwIfAborted()
    const order = random.shuffle(training.slice())
    for (let i = 0; i < order.length; i += batchSize) await trainer.trainBatch(order.subarray(i, i + batchSize))
    const measured = state.epochs > 0 && validation.length > 0
    state = afterEpoch(state, measured ? await trainer.validate(validation) : null, options)
  }
  return state
}
