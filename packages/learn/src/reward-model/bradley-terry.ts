import type { Random } from '@guerdon/core'
import { pairLoss } from '@guerdon/methods/shared/pair-loss'
import { type Dense, dense, denseParameters, jit, type NdArray, reshape, type Tensor } from '@guerdon/tensor'
import { type Sequences, selectRows, tokenArray, visibleArray } from '../language/sequences.ts'
import {
  initialTransformer,
  type TransformerConfig,
  type TransformerParameters,
  transformerHidden,
  transformerShape,
} from '../language/transformer.ts'
import { type TrainingOptions, train } from '../training/train.ts'
import { meanState } from './encoder.ts'

/** A reward model: a transformer that looks both ways, mean pooling over visible tokens, and a linear head. */
export interface RewardModelParameters<T = Tensor> {
  body: TransformerParameters<T>
  head: Dense<T>
}

/**
 * Reward-model parameters to start from; the head is zero, so every first score is 0. `body` starts it from another model of
 * the same shape, as is usual: from the policy whose responses it will judge.
 */
export function initialRewardModel(
  config: TransformerConfig,
  random: Random,
  options: { readonly body?: TransformerParameters<NdArray> } = {},
): RewardModelParameters<NdArray> {
  const { width } = transformerShape(config)
  return {
    body: options.body ?? initialTransformer(config, random),
    head: denseParameters(random, { inputs: width, outputs: 1, initialise: 'zero' }),
  }
}

/**
 * Scores of whole sequences, prompt and response together: w·mean_t h_t + b over visible positions.
 *
 * @param tokens [B][T] int32
 * @param visible [B][T] bool, false on padding
 * @returns [B]
 */
export function rewardModelScores(
  parameters: RewardModelParameters,
  tokens: Tensor,
  visible: Tensor,
  config: TransformerConfig,
): Tensor {
  const hidden = transformerHidden(parameters.body, tokens, config, { causal: false, visible })
  return reshape(dense(parameters.head, meanState(hidden, visible)), [tokens.shape[0]])
}

/** Labelled pairs: row i of `chosen` is preferred to row i of `rejected`, both answers to one prompt. */
export interface PreferencePairs {
  readonly chosen: Sequences
  readonly rejected: Sequences
}

/** Options of `trainRewardModel`. */
export interface RewardModelTraining extends TrainingOptions {
  readonly config: TransformerConfig
  /** Pairs a minibatch. Default 64. */
  readonly batchSize?: number
}

/**
 * Fits a Bradley–Terry reward model by −log σ(r_chosen − r_rejected) on minibatches drawn with replacement.
 *
 * @returns trained parameters and the loss of each update
 */
export async function trainRewardModel(
  initial: RewardModelParameters<NdArray>,
  pairs: PreferencePairs,
  options: RewardModelTraining,
  random: Random,
): Promise<{ parameters: RewardModelParameters<NdArray>; losses: Float64Array }> {
  const { config, batchSize = 64 } = options
  const loss = (parameters: RewardModelParameters, batch: PairBatch<Tensor>): Tensor =>
    pairLoss(
      rewardModelScores(parameters, batch.chosen, batch.chosenVisible, config),
      rewardModelScores(parameters, batch.rejected, batch.rejectedVisible, config),
    )
  return train(initial, loss, () => pairBatch(pairs, batchSize, random), options)
}

interface PairBatch<T> {
  readonly chosen: T
  readonly chosenVisible: T
  readonly rejected: T
  readonly rejectedVisible: T
}

function pairBatch(pairs: PreferencePairs, size: number, random: Random): PairBatch<NdArray> {
  const rows = Int32Array.from({ length: size }, () => random.integer(pairs.chosen.count))
  const chosen = selectRows(pairs.chosen, rows)
  const rejected = selectRows(pairs.rejected, rows)
  return {
    chosen: tokenArray(chosen),
    chosenVisible: visibleArray(chosen),
    rejected: tokenArray(rejected),
    rejectedVisible: visibleArray(rejected),
  }
}

/** Scores any number of sequences with fixed parameters, in batches of one size so that one graph serves all. */
export function createScorer(
  parameters: RewardModelParameters<NdArray>,
  config: TransformerConfig,
  options: { readonly batchSize?: number; readonly threads?: number } = {},
): (sequences: Sequences) => Promise<Float64Array> {
  const { batchSize = 64, threads = 1 } = options
  const run = jit(
    (model: RewardModelParameters, tokens: Tensor, visible: Tensor) =>
      rewardModelScores(model, tokens, visible, config),
    { threads },
  )
  return async sequences => {
    const scores = new Float64Array(sequences.count)
    for (let start = 0; start < sequences.count; start += batchSize) {
      const size = Math.min(batchSize, sequences.count - start)
      // The last batch repeats its final row instead of asking for another graph.
      const rows = Int32Array.from({ length: batchSize }, (_, i) => start + Math.min(i, size - 1))
      const batch = selectRows(sequences, rows)
      const result = await run(parameters, tokenArray(batch), visibleArray(batch))
      scores.set(Float64Array.from(result.data as Float32Array).subarray(0, size), start)
    }
    return scores
  }
}

/** Share of pairs whose chosen response scores higher; ties count one half. */
export function pairwiseAccuracy(chosen: ArrayLike<number>, rejected: ArrayLike<number>): number {
  const wins = Float64Array.from(chosen, (score, i) => (score > rejected[i] ? 1 : score === rejected[i] ? 0.5 : 0))
  return wins.reduce((a, b) => a + b, 0) / wins.length
}
