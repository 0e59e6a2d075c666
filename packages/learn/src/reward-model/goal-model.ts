import { assertNotEmpty, canonicalJson, Random } from '@guerdon/core'
import { contrastiveGoalLoss, drawGoalStates, gcrmLoss, goalIndices, qValues } from '@guerdon/methods/models/gcrm'
import {
  cast,
  type Dense,
  dense,
  denseParameters,
  greater,
  mean,
  type NdArray,
  reshape,
  type Tensor,
} from '@guerdon/tensor'
import { type Sequences, selectRows, tokenArray, visibleArray } from '../language/sequences.ts'
import type { TransformerConfig } from '../language/transformer.ts'
import type { GradientTask } from '../training/gradient-learner.ts'
import {
  type Encoded,
  type EncoderInput,
  type EncoderParameters,
  encode,
  encoderWidth,
  initialEncoder,
} from './encoder.ts'
import { type RewardModel, rewardModel } from './reward-model.ts'
import { type ExampleRows, type RowTaskOptions, rowTask } from './row-task.ts'
import { entryOf, type ScoringOptions, scoringGraph } from './scoring.ts'

/**
 * A goal-conditioned reward model (arXiv 2407.13887): a causal transformer whose states along a good response are drawn
 * together and away from those of the rejected one, so that the cosine with a goal state scores every prefix.
 */
export interface GoalSpec {
  readonly kind: 'goal'
  readonly transformer: TransformerConfig
  /** Weight of the contrastive loss. Default 0.5. */
  readonly beta?: number
  /** States drawn a pair for each of its terms. Default 8. */
  readonly samples?: number
}

/** Parameters: a transformer and a head without bias. */
export interface GoalParameters<T = Tensor> {
  encoder: EncoderParameters<T>
  head: Dense<T>
}

/** Pairs of token rows; row i of `chosen` is preferred. */
export interface ChosenRejected {
  readonly chosen: Sequences
  readonly rejected: Sequences
}

/** A minibatch with the positions of the states that are compared, [B][S] int32. */
export interface GoalBatch<T = Tensor> {
  readonly chosen: EncoderInput<T>
  readonly rejected: EncoderInput<T>
  readonly positions: { readonly source: T; readonly goal: T; readonly chosen: T; readonly rejected: T }
}

const encoderOf = (spec: GoalSpec) =>
  ({ kind: 'tokens', transformer: spec.transformer, causal: true, pooling: 'last' }) as const

/** Fresh parameters; all rewards start at 0. */
export function initialGoalModel(spec: GoalSpec, random: Random): GoalParameters<NdArray> {
  const encoder = encoderOf(spec)
  return {
    encoder: initialEncoder(encoder, random),
    head: denseParameters(random, { inputs: encoderWidth(encoder), outputs: 1, bias: false, initialise: 'zero' }),
  }
}

/** Rewards [B] at the last token, with all states. */
export function goalModelScores(
  parameters: GoalParameters,
  input: EncoderInput,
  spec: GoalSpec,
): Encoded & { readonly scores: Tensor } {
  const encoded = encode(parameters.encoder, input, encoderOf(spec))
  return { ...encoded, scores: reshape(dense(parameters.head, encoded.pooled), [encoded.pooled.shape[0]]) }
}

/** mean −log σ(r_c − r_r) + β·contrastive loss of the states. */
export function goalModelLoss(parameters: GoalParameters, batch: GoalBatch, spec: GoalSpec) {
  const chosen = goalModelScores(parameters, batch.chosen, spec)
  const rejected = goalModelScores(parameters, batch.rejected, spec)
  const states = { chosen: chosen.states, rejected: rejected.states }
  const contrastive = contrastiveGoalLoss(states, batch.positions, { beta: spec.beta ?? 0.5 })
  const { total } = gcrmLoss(chosen.scores, rejected.scores, contrastive)
  const accuracy = mean(cast(greater(chosen.scores, rejected.scores), 'float32'))
  return { loss: total, measured: { accuracy, contrastive } }
}

/**
 * Training on pairs, for `createGradientLearner`. After the rows of a minibatch its states are drawn, as `drawGoalStates`
 * says; those of held-out pairs always come from the same generator.
 */
export function goalTask(
  spec: GoalSpec,
  pairs: ChosenRejected,
  options: RowTaskOptions<ChosenRejected, GoalParameters<NdArray>> = {},
): GradientTask<GoalParameters, GoalBatch> {
  const { batchSize, heldOut, initial } = options
  assertNotEmpty({ length: pairs.chosen.count }, 'pairs')
  return rowTask<GoalParameters, GoalBatch>(
    {
      name: 'goal-reward-model',
      settings: { spec: canonicalJson(spec) },
      initial: random => initial ?? initialGoalModel(spec, random),
      loss: (parameters, batch) => goalModelLoss(parameters, batch, spec),
    },
    goalExamples(spec, pairs),
    { batchSize, heldOut: heldOut && goalExamples(spec, heldOut) },
  )
}

function goalExamples(spec: GoalSpec, pairs: ChosenRejected): ExampleRows<GoalBatch> {
  const { samples = 8 } = spec
  return {
    count: pairs.chosen.count,
    batch(rows, random = new Random(0)) {
      const [chosen, rejected] = [selectRows(pairs.chosen, rows), selectRows(pairs.rejected, rows)]
      const draws = drawGoalStates(random, {
        batch: rows.length,
        similarSamples: samples,
        dissimilarSamples: samples,
      })
      const indices = goalIndices(draws, {
        chosenActions: chosen.responseLengths,
        rejectedActions: rejected.responseLengths,
        sequenceLength: chosen.width,
      })
      return {
        chosen: { tokens: tokenArray(chosen), visible: visibleArray(chosen) },
        rejected: { tokens: tokenArray(rejected), visible: visibleArray(rejected) },
        positions: {
          source: fromStart(indices.source, chosen),
          goal: fromStart(indices.goal, chosen),
          chosen: fromStart(indices.chosen, chosen),
          rejected: fromStart(indices.rejected, rejected),
        },
      }
    },
  }
}

/** Positions counted from the end of each row's text, as positions from its start: padding stands on the right here. */
function fromStart(indices: readonly (readonly number[])[], sequences: Sequences): NdArray {
  const { promptLengths, responseLengths } = sequences
  const data = indices.flatMap((row, b) => {
    const length = promptLengths[b] + responseLengths[b]
    return row.map(index => Math.max(0, length + Math.min(index, -1)))
  })
  return { dtype: 'int32', shape: [indices.length, indices[0].length], data: Int32Array.from(data) }
}

/**
 * The trained model as a scorer. With a `goal`, `perToken` is the cosine of the state at each token of the candidate with
 * it, and the attribute `goal` that of the last. A goal is the mean of `hidden` over good responses (`goalState`).
 */
export function goalModel(
  spec: GoalSpec,
  parameters: GoalParameters<NdArray>,
  options: ScoringOptions = {},
): RewardModel {
  const run = scoringGraph<GoalParameters, Encoded & { readonly scores: Tensor }>(
    parameters,
    (fixed, input) => goalModelScores(fixed, input, spec),
    encoderOf(spec),
    options,
  )
  return rewardModel(
    'goal',
    async requests => {
      const { scores, pooled, states } = await run(requests)
      return requests.map(({ prompt, candidate, goal }, i) => {
        const judgement = { score: scores.data[i], hidden: entryOf(pooled, i) }
        if (goal === undefined) return judgement
        const row = entryOf(states, i)
        const tokens = Array.from({ length: candidate.length }, (_, t) => {
          const start = (prompt.length + t) * goal.length
          return row.subarray(start, start + goal.length)
        })
        const perToken = qValues(tokens, goal)
        return { ...judgement, perToken, attributes: { goal: perToken[perToken.length - 1] } }
      })
    },
    options,
  )
}
