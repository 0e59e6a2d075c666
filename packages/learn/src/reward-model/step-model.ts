import { assertNotEmpty, assertOneOf, canonicalJson, type Random, sigmoid } from '@guerdon/core'
import { pairLoss } from '@guerdon/methods/shared/pair-loss'
import {
  type Dense,
  dense,
  denseParameters,
  div,
  maximum,
  mul,
  type NdArray,
  reshape,
  sum,
  type Tensor,
} from '@guerdon/tensor'
import type { TransformerConfig } from '../language/transformer.ts'
import type { GradientTask } from '../training/gradient-learner.ts'
import { type EncoderInput, type EncoderParameters, encode, encoderWidth, initialEncoder, statesAt } from './encoder.ts'
import { floatColumn, packInputs, selectInputs } from './inputs.ts'
import { assertMarks, markGraph, markPositions, positionArray, spreadPlaces } from './marks.ts'
import { type RewardModel, rewardModel } from './reward-model.ts'
import { type ExampleRows, type RowTaskOptions, rowTask } from './row-task.ts'
import { entryOf, type ScoringOptions } from './scoring.ts'

/** How the probabilities of the steps become one score. */
export const stepAggregations = ['min', 'last', 'product', 'mean'] as const
/** Name of a way to combine steps. */
export type StepAggregation = (typeof stepAggregations)[number]

/** A process reward model: a causal transformer that says after each step how likely it is right. */
export interface StepSpec {
  readonly kind: 'steps'
  readonly transformer: TransformerConfig
  /** The token a step ends with; its state is where the step is judged. */
  readonly stepToken: number
  /** Default `min`. */
  readonly aggregation?: StepAggregation
}

/** Parameters: a transformer and one output a step. */
export interface StepParameters<T = Tensor> {
  encoder: EncoderParameters<T>
  head: Dense<T>
}

/** One solution: its prompt, its steps' tokens joined (each ends with the step token), and a label a step. */
export interface StepExample {
  readonly prompt: ArrayLike<number>
  readonly candidate: ArrayLike<number>
  /** 1 right, 0 wrong, anything between for soft labels; null where nobody said. */
  readonly labels: readonly (number | null)[]
}

/** A minibatch of solutions with S places for steps. */
export interface StepBatch<T = Tensor> {
  readonly inputs: EncoderInput<T>
  /** [N][S] int32, positions of step tokens; 0 where there is no step. */
  readonly positions: T
  /** [N][S] */
  readonly labels: T
  /** [N][S] 1 where a step is labelled. */
  readonly present: T
}

const encoderOf = (spec: StepSpec) => ({ kind: 'tokens', transformer: spec.transformer, causal: true }) as const

/** Fresh parameters; every step starts at probability ½. */
export function initialStepModel(spec: StepSpec, random: Random): StepParameters<NdArray> {
  const encoder = encoderOf(spec)
  return {
    encoder: initialEncoder(encoder, random),
    head: denseParameters(random, { inputs: encoderWidth(encoder), outputs: 1, initialise: 'zero' }),
  }
}

/** Logit of each step, [B][S]. */
export function stepLogits(parameters: StepParameters, input: EncoderInput, positions: Tensor, spec: StepSpec): Tensor {
  const { states } = encode(parameters.encoder, input, encoderOf(spec))
  return reshape(dense(parameters.head, statesAt(states, positions)), positions.shape)
}

/** Mean cross-entropy over labelled steps: −y·log σ(s) − (1 − y)·log σ(−s). 0 without any. */
export function stepModelLoss(parameters: StepParameters, batch: StepBatch, spec: StepSpec): Tensor {
  const logits = stepLogits(parameters, batch.inputs, batch.positions, spec)
  const losses = pairLoss(logits, mul(logits, 0), { label: batch.labels, reduction: 'none' })
  return div(sum(mul(losses, batch.present)), maximum(sum(batch.present), 1))
}

/**
 * Training on labelled steps, for `createGradientLearner`.
 *
 * @throws shape_mismatch when a solution has more or fewer step tokens than labels
 */
export function stepTask(
  spec: StepSpec,
  examples: readonly StepExample[],
  options: RowTaskOptions<readonly StepExample[], StepParameters<NdArray>> = {},
): GradientTask<StepParameters, StepBatch> {
  const { batchSize, heldOut = [], initial } = options
  assertNotEmpty(examples, 'examples')
  for (const list of [examples, heldOut]) {
    for (const [i, example] of list.entries()) assertMarks(example, i, spec.stepToken, example.labels.length)
  }
  const places = Math.max(...[...examples, ...heldOut].map(({ labels }) => labels.length), 1)
  return rowTask<StepParameters, StepBatch>(
    {
      name: 'step-reward-model',
      settings: { spec: canonicalJson(spec) },
      initial: random => initial ?? initialStepModel(spec, random),
      loss: (parameters, batch) => ({ loss: stepModelLoss(parameters, batch, spec), measured: {} }),
    },
    stepRows(spec, examples, places),
    { batchSize, heldOut: heldOut.length > 0 ? stepRows(spec, heldOut, places) : undefined },
  )
}

function stepRows(spec: StepSpec, examples: readonly StepExample[], places: number): ExampleRows<StepBatch> {
  const inputs = packInputs(examples, encoderOf(spec))
  const positions = examples.map(example => markPositions(example, spec.stepToken))
  const labelOf = (row: number, step: number): number | null => examples[row].labels[step] ?? null
  return {
    count: examples.length,
    batch: rows => ({
      inputs: selectInputs(inputs, rows),
      positions: positionArray(positions, rows, places),
      labels: floatColumn(
        spreadPlaces(rows, places, (row, step) => labelOf(row, step) ?? 0),
        [rows.length, places],
      ),
      present: floatColumn(
        spreadPlaces(rows, places, (row, step) => Number(labelOf(row, step) !== null)),
        [rows.length, places],
      ),
    }),
  }
}

/**
 * One score of the steps' probabilities of being right: the least, the last, their product (1 for none of them wrong), or
 * the mean. Throws `empty` without steps.
 */
export function aggregateSteps(probabilities: ArrayLike<number>, aggregation: StepAggregation = 'min'): number {
  assertOneOf(aggregation, 'aggregation', stepAggregations)
  assertNotEmpty(probabilities, 'steps')
  const steps = Array.from(probabilities)
  switch (aggregation) {
    case 'min':
      return Math.min(...steps)
    case 'last':
      return steps[steps.length - 1]
    case 'product':
      return steps.reduce((a, b) => a * b, 1)
    case 'mean':
      return steps.reduce((a, b) => a + b, 0) / steps.length
  }
}

/** The trained model as a scorer. Throws `invalid_input` for a candidate without a step. */
export function stepModel(
  spec: StepSpec,
  parameters: StepParameters<NdArray>,
  options: ScoringOptions = {},
): RewardModel {
  const run = markGraph<StepParameters, Tensor>(
    parameters,
    (fixed, input, positions) => stepLogits(fixed, input, positions, spec),
    encoderOf(spec),
    { ...options, mark: spec.stepToken },
  )
  return rewardModel(
    'steps',
    async requests => {
      const { result, positions } = await run(requests)
      return requests.map((_, i) => {
        const perStep = entryOf(result, i).slice(0, positions[i].length).map(sigmoid)
        return { score: aggregateSteps(perStep, spec.aggregation), perStep }
      })
    },
    options,
  )
}
