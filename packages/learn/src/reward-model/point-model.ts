import { assertNotEmpty, assertSameLength, canonicalJson, type Random, sigmoid } from '@guerdon/core'
import { pairLoss } from '@guerdon/methods/shared/pair-loss'
import {
  type Dense,
  dense,
  denseParameters,
  div,
  maximum,
  mul,
  type NdArray,
  square,
  sub,
  sum,
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
import { floatColumn, type InputRows, rowCount, selectInputs } from './inputs.ts'
import { type RewardModel, rewardModel } from './reward-model.ts'
import { type ExampleRows, type RowTaskOptions, rowTask } from './row-task.ts'
import { entryOf, type ScoringOptions, scoringGraph } from './scoring.ts'

/** A reward model trained on labels of single responses: one head an attribute. */
export interface PointSpec {
  readonly kind: 'points'
  readonly encoder: EncoderConfig
  /** Names of the heads, at least one. */
  readonly attributes: readonly string[]
  /** `squared`: (s − y)²; `binary`: cross-entropy of σ(s) with y in [0, 1]. Default `squared`. */
  readonly loss?: 'squared' | 'binary'
  /** What the score is: Σ wᵢ·sᵢ over attributes. Default 1/K each. */
  readonly weights?: readonly number[]
}

/** Parameters: an encoder and a head of K outputs. */
export interface PointParameters<T = Tensor> {
  encoder: EncoderParameters<T>
  head: Dense<T>
}

/** N labelled responses. */
export interface PointRows {
  readonly inputs: InputRows
  /** [N][K]; null where an attribute has no label. */
  readonly targets: readonly (readonly (number | null)[])[]
}

/** A minibatch of responses. */
export interface PointBatch<T = Tensor> {
  readonly inputs: EncoderInput<T>
  /** [N][K], 0 where there is no label. */
  readonly targets: T
  /** [N][K] 1 where there is one. */
  readonly present: T
}

/** Fresh parameters; all scores start at 0. */
export function initialPointModel(spec: PointSpec, random: Random): PointParameters<NdArray> {
  assertNotEmpty(spec.attributes, 'attributes')
  if (spec.weights) assertSameLength(spec.attributes, 'attributes', spec.weights, 'weights')
  const sizes = { inputs: encoderWidth(spec.encoder), outputs: spec.attributes.length }
  return {
    encoder: initialEncoder(spec.encoder, random),
    head: denseParameters(random, { ...sizes, initialise: 'zero' }),
  }
}

/** Outputs [B][K] of the heads with the states they were read from. */
export function pointModelScores(
  parameters: PointParameters,
  input: EncoderInput,
  spec: PointSpec,
): Encoded & { readonly scores: Tensor } {
  const encoded = encode(parameters.encoder, input, spec.encoder)
  return { ...encoded, scores: dense(parameters.head, encoded.pooled) }
}

/** Mean loss over the labels there are; 0 without any. */
export function pointModelLoss(parameters: PointParameters, batch: PointBatch, spec: PointSpec): Tensor {
  const { scores } = pointModelScores(parameters, batch.inputs, spec)
  const losses =
    spec.loss === 'binary'
      ? pairLoss(scores, mul(scores, 0), { label: batch.targets, reduction: 'none' })
      : square(sub(scores, batch.targets))
  return div(sum(mul(losses, batch.present)), maximum(sum(batch.present), 1))
}

/** Training on labelled responses, for `createGradientLearner`. Throws `empty`, `shape_mismatch`. */
export function pointTask(
  spec: PointSpec,
  rows: PointRows,
  options: RowTaskOptions<PointRows, PointParameters<NdArray>> = {},
): GradientTask<PointParameters, PointBatch> {
  const { batchSize, heldOut, initial } = options
  assertNotEmpty(rows.targets, 'targets')
  assertSameLength(rows.targets, 'targets', { length: rowCount(rows.inputs) }, 'inputs')
  return rowTask<PointParameters, PointBatch>(
    {
      name: 'point-reward-model',
      settings: { spec: canonicalJson(spec) },
      initial: random => initial ?? initialPointModel(spec, random),
      loss: (parameters, batch) => ({ loss: pointModelLoss(parameters, batch, spec), measured: {} }),
    },
    pointExamples(rows),
    { batchSize, heldOut: heldOut && pointExamples(heldOut) },
  )
}

function pointExamples({ inputs, targets }: PointRows): ExampleRows<PointBatch> {
  return {
    count: targets.length,
    batch(rows) {
      const picked = Array.from(rows, row => targets[row])
      const column = (value: (target: number | null) => number): NdArray =>
        floatColumn(
          picked.flatMap(row => row.map(value)),
          [rows.length, picked[0].length],
        )
      return {
        inputs: selectInputs(inputs, rows),
        targets: column(target => target ?? 0),
        present: column(target => Number(target !== null)),
      }
    },
  }
}

/** The trained model as a scorer; under `binary` an attribute is the probability σ(s), and so is the score. */
export function pointModel(
  spec: PointSpec,
  parameters: PointParameters<NdArray>,
  options: ScoringOptions = {},
): RewardModel {
  const { attributes, weights = attributes.map(() => 1 / attributes.length) } = spec
  const run = scoringGraph<PointParameters, { scores: Tensor; pooled: Tensor }>(
    parameters,
    (fixed, input) => {
      const { scores, pooled } = pointModelScores(fixed, input, spec)
      return { scores, pooled }
    },
    spec.encoder,
    options,
  )
  return rewardModel(
    'points',
    async requests => {
      const { scores, pooled } = await run(requests)
      return requests.map((_, i) => {
        const values = entryOf(scores, i).map(value => (spec.loss === 'binary' ? sigmoid(value) : value))
        return {
          score: values.reduce((total, value, k) => total + weights[k] * value, 0),
          attributes: Object.fromEntries(attributes.map((name, k) => [name, values[k]])),
          hidden: entryOf(pooled, i),
        }
      })
    },
    options,
  )
}
