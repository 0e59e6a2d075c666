import { assertInteger, assertNotEmpty, assertSameLength, canonicalJson, Random } from '@guerdon/core'
import type { AggregateOptions } from '@guerdon/methods/shaping/rm-ensembles'
import {
  cast,
  type Dense,
  dense,
  denseParameters,
  filledArray,
  greater,
  mean,
  mul,
  type NdArray,
  sub,
  type Tensor,
} from '@guerdon/tensor'
import type { GradientTask } from '../training/gradient-learner.ts'
import {
  type Encoded,
  type EncoderConfig,
  type EncoderInput,
  type EncoderParameters,
  encode,
  encoderWidth,
  initialEncoder,
} from './encoder.ts'
import { aggregatedJudgement } from './ensemble.ts'
import { floatColumn, type InputRows, rowCount, selectInputs } from './inputs.ts'
import { gapCount, type PairLabels, type PairObjective, pairObjectiveLoss } from './pair-objective.ts'
import { bootstrapBags, type RewardModel, rewardModel } from './reward-model.ts'
import { type ExampleRows, pickColumn, type RowTaskOptions, rowTask } from './row-task.ts'
import { entryOf, type ScoringOptions, scoringGraph } from './scoring.ts'

/** A reward model trained on pairs. */
export interface PairSpec {
  readonly kind: 'pairs'
  readonly encoder: EncoderConfig
  /** Default Bradley–Terry without further ado. */
  readonly objective?: PairObjective
  /** K heads on one trunk, each trained on its own bootstrap sample of the pairs. Default 1. */
  readonly members?: number
  /** How the members' scores become one. Default their mean. */
  readonly aggregate?: AggregateOptions
}

/** Parameters: an encoder, a head of K outputs, and for ordinal labels the gaps between thresholds. */
export interface PairParameters<T = Tensor> {
  encoder: EncoderParameters<T>
  head: Dense<T>
  gaps?: T
}

/** N labelled pairs; labels are numbers a pair, see `PairLabels`. */
export interface PairRows {
  readonly first: InputRows
  readonly second: InputRows
  readonly label: ArrayLike<number>
  readonly margin: ArrayLike<number>
  readonly strength: ArrayLike<number>
}

/** A minibatch of pairs. */
export interface PairBatch<T = Tensor> extends PairLabels<T> {
  readonly first: EncoderInput<T>
  readonly second: EncoderInput<T>
  /** [N][K] how often each pair counts for each member. */
  readonly weight: T
}

/** Fresh parameters. One head starts at zero, several start apart, or they would never differ. */
export function initialPairModel(spec: PairSpec, random: Random): PairParameters<NdArray> {
  const { encoder, objective = { kind: 'bradley-terry' }, members = 1 } = spec
  assertInteger(members, 'members', 1)
  const gaps = gapCount(objective)
  const parameters = {
    encoder: initialEncoder(encoder, random),
    head: denseParameters(random, {
      inputs: encoderWidth(encoder),
      outputs: members,
      initialise: members === 1 ? 'zero' : 'uniform',
    }),
  }
  return gaps === 0 ? parameters : { ...parameters, gaps: filledArray([gaps], 0) }
}

/** Scores [B][K] with the states they were read from. */
export function pairModelScores(
  parameters: PairParameters,
  input: EncoderInput,
  spec: PairSpec,
): Encoded & { readonly scores: Tensor } {
  const encoded = encode(parameters.encoder, input, spec.encoder)
  return { ...encoded, scores: dense(parameters.head, encoded.pooled) }
}

/** Loss of a minibatch: the mean over pairs and members of weight·loss, and the share of pairs in the right order. */
export function pairModelLoss(parameters: PairParameters, batch: PairBatch, spec: PairSpec) {
  const { objective = { kind: 'bradley-terry' } } = spec
  const first = pairModelScores(parameters, batch.first, spec).scores
  const second = pairModelScores(parameters, batch.second, spec).scores
  const losses = pairObjectiveLoss(objective, first, second, batch, parameters.gaps)
  const difference = mean(sub(first, second), { axis: 1, keepDims: true })
  const right = greater(mul(difference, sub(batch.label, 0.5)), 0)
  return { loss: mean(mul(losses, batch.weight)), measured: { accuracy: mean(cast(right, 'float32')) } }
}

/** Choices of a task on pairs. */
export interface PairTaskOptions extends RowTaskOptions<PairRows, PairParameters<NdArray>> {
  /** Seed of the members' bootstrap samples. Default 0. */
  readonly bagSeed?: number
}

/** Training of a reward model on pairs, for `createGradientLearner`. Throws `empty`, `shape_mismatch`. */
export function pairTask(
  spec: PairSpec,
  pairs: PairRows,
  options: PairTaskOptions = {},
): GradientTask<PairParameters, PairBatch> {
  const { batchSize, heldOut, bagSeed = 0, initial } = options
  const { members = 1 } = spec
  assertPairs(pairs)
  const bags = members === 1 ? undefined : bootstrapBags(new Random(bagSeed), pairs.label.length, members)
  return rowTask<PairParameters, PairBatch>(
    {
      name: 'pair-reward-model',
      settings: { spec: canonicalJson(spec), bagSeed },
      initial: random => initial ?? initialPairModel(spec, random),
      loss: (parameters, batch) => pairModelLoss(parameters, batch, spec),
    },
    pairExamples(pairs, members, bags),
    { batchSize, heldOut: heldOut && pairExamples(heldOut, members) },
  )
}

function assertPairs(pairs: PairRows): void {
  const { label, margin, strength, first, second } = pairs
  assertNotEmpty(label, 'pairs')
  assertSameLength(label, 'label', margin, 'margin')
  assertSameLength(label, 'label', strength, 'strength')
  for (const rows of [first, second]) assertSameLength(label, 'label', { length: rowCount(rows) }, 'rows')
}

function pairExamples(pairs: PairRows, members: number, bags?: Float32Array): ExampleRows<PairBatch> {
  return {
    count: pairs.label.length,
    batch(rows) {
      const weight = new Float32Array(rows.length * members).fill(1)
      if (bags) {
        for (const [i, row] of rows.entries()) {
          weight.set(bags.subarray(row * members, (row + 1) * members), i * members)
        }
      }
      return {
        first: selectInputs(pairs.first, rows),
        second: selectInputs(pairs.second, rows),
        label: pickColumn(pairs.label, rows),
        margin: pickColumn(pairs.margin, rows),
        strength: {
          dtype: 'int32',
          shape: [rows.length, 1],
          data: Int32Array.from(rows, row => pairs.strength[row]),
        },
        weight: floatColumn(weight, [rows.length, members]),
      }
    },
  }
}

/** The trained model as a scorer. `members` and `disagreement` are given when there are several. */
export function pairModel(
  spec: PairSpec,
  parameters: PairParameters<NdArray>,
  options: ScoringOptions = {},
): RewardModel {
  const { members = 1, aggregate = {} } = spec
  const run = scoringGraph<PairParameters, { scores: Tensor; pooled: Tensor }>(
    parameters,
    (fixed, input) => {
      const { scores, pooled } = pairModelScores(fixed, input, spec)
      return { scores, pooled }
    },
    spec.encoder,
    options,
  )
  return rewardModel(
    'pairs',
    async requests => {
      const { scores, pooled } = await run(requests)
      return requests.map((_, i) => {
        const row = entryOf(scores, i)
        const judgement = members === 1 ? { score: row[0] } : aggregatedJudgement(row, aggregate)
        return { ...judgement, hidden: entryOf(pooled, i) }
      })
    },
    options,
  )
}
