import { assertNotEmpty, canonicalJson, type Random } from '@guerdon/core'
import { headDecisions, headLoss } from '@guerdon/methods/judges/fg-rlhf'
import { add, type Dense, dense, denseParameters, type NdArray, type Tensor } from '@guerdon/tensor'
import type { TransformerConfig } from '../language/transformer.ts'
import type { GradientTask } from '../training/gradient-learner.ts'
import { type EncoderInput, type EncoderParameters, encode, encoderWidth, initialEncoder, statesAt } from './encoder.ts'
import { packInputs, selectInputs, type TokensOrVector } from './inputs.ts'
import { assertMarks, markGraph, markPositions, positionArray, spreadPlaces } from './marks.ts'
import { type RewardModel, rewardModel } from './reward-model.ts'
import { type ExampleRows, type RowTaskOptions, rowTask } from './row-task.ts'
import { entryOf, type ScoringOptions } from './scoring.ts'

/** One thing that segments are judged for. */
export interface SegmentHead {
  readonly name: string
  /** Number of classes. */
  readonly classes: number
  /** Classes of a fault and of no fault; all others say nothing. */
  readonly errorId: number
  readonly okId: number
  /** Reward of a good segment; a faulty one gets its negative. Default 1. */
  readonly weight?: number
}

/**
 * A fine-grained reward model (arXiv 2306.01693): a transformer that sees the whole response and says of every segment,
 * for each head, whether it has a fault. Each segment ends with a separator token.
 */
export interface SegmentSpec {
  readonly kind: 'segments'
  readonly transformer: TransformerConfig
  readonly separator: number
  readonly heads: readonly SegmentHead[]
}

/** Parameters: a transformer and one classifier a head. */
export interface SegmentParameters<T = Tensor> {
  encoder: EncoderParameters<T>
  heads: Dense<T>[]
}

/** A response with labels. */
export interface SegmentExample extends TokensOrVector {
  /** [heads][segments] class; null where nobody said. */
  readonly labels: readonly (readonly (number | null)[])[]
}

/** A minibatch of responses with S places for segments. */
export interface SegmentBatch<T = Tensor> {
  readonly inputs: EncoderInput<T>
  /** [N][S] int32, positions of separators; 0 where there is no segment. */
  readonly positions: T
  /** [N][S] int32 a head; −100 where there is no label. */
  readonly labels: readonly T[]
}

const ignored = -100
const encoderOf = (spec: SegmentSpec) => ({ kind: 'tokens', transformer: spec.transformer }) as const

/** Fresh parameters; all classes start alike. */
export function initialSegmentModel(spec: SegmentSpec, random: Random): SegmentParameters<NdArray> {
  assertNotEmpty(spec.heads, 'heads')
  const inputs = encoderWidth(encoderOf(spec))
  return {
    encoder: initialEncoder(encoderOf(spec), random),
    heads: spec.heads.map(({ classes }) => denseParameters(random, { inputs, outputs: classes, initialise: 'zero' })),
  }
}

/** Logits of each head, [B][S][classes]. */
export function segmentLogits(
  parameters: SegmentParameters,
  input: EncoderInput,
  positions: Tensor,
  spec: SegmentSpec,
): Tensor[] {
  const states = statesAt(encode(parameters.encoder, input, encoderOf(spec)).states, positions)
  return parameters.heads.map(head => dense(head, states))
}

/** Sum over heads of the mean cross-entropy over labelled segments. */
export function segmentModelLoss(parameters: SegmentParameters, batch: SegmentBatch, spec: SegmentSpec): Tensor {
  const logits = segmentLogits(parameters, batch.inputs, batch.positions, spec)
  return logits.map((head, i) => headLoss(head, batch.labels[i])).reduce((a, b) => add(a, b))
}

/**
 * Training on labelled segments, for `createGradientLearner`.
 *
 * @throws shape_mismatch when a response has more or fewer separators than labels
 */
export function segmentTask(
  spec: SegmentSpec,
  examples: readonly SegmentExample[],
  options: RowTaskOptions<readonly SegmentExample[], SegmentParameters<NdArray>> = {},
): GradientTask<SegmentParameters, SegmentBatch> {
  const { batchSize, heldOut = [], initial } = options
  assertNotEmpty(examples, 'examples')
  for (const list of [examples, heldOut]) {
    list.forEach((example, i) => {
      for (const labels of example.labels) assertMarks(example, i, spec.separator, labels.length)
    })
  }
  const places = Math.max(...[...examples, ...heldOut].flatMap(({ labels }) => labels.map(head => head.length)), 1)
  return rowTask<SegmentParameters, SegmentBatch>(
    {
      name: 'segment-reward-model',
      settings: { spec: canonicalJson(spec) },
      initial: random => initial ?? initialSegmentModel(spec, random),
      loss: (parameters, batch) => ({ loss: segmentModelLoss(parameters, batch, spec), measured: {} }),
    },
    segmentRows(spec, examples, places),
    { batchSize, heldOut: heldOut.length > 0 ? segmentRows(spec, heldOut, places) : undefined },
  )
}

function segmentRows(
  spec: SegmentSpec,
  examples: readonly SegmentExample[],
  places: number,
): ExampleRows<SegmentBatch> {
  const inputs = packInputs(examples, encoderOf(spec))
  const positions = examples.map(example => markPositions(example, spec.separator))
  return {
    count: examples.length,
    batch: rows => ({
      inputs: selectInputs(inputs, rows),
      positions: positionArray(positions, rows, places),
      labels: spec.heads.map(
        (_, head): NdArray => ({
          dtype: 'int32',
          shape: [rows.length, places],
          data: Int32Array.from(
            spreadPlaces(rows, places, (row, place) => examples[row].labels[head][place] ?? ignored),
          ),
        }),
      ),
    }),
  }
}

/**
 * The trained model as a scorer. `perToken` has ±weight, summed over heads, at the separator of each decided segment and 0
 * elsewhere; the score is its sum, an attribute a head its share of good segments, and `decisions` has them one by one.
 */
export function segmentModel(
  spec: SegmentSpec,
  parameters: SegmentParameters<NdArray>,
  options: ScoringOptions = {},
): RewardModel {
  const run = markGraph<SegmentParameters, Tensor[]>(
    parameters,
    (fixed, input, positions) => segmentLogits(fixed, input, positions, spec),
    encoderOf(spec),
    { ...options, mark: spec.separator },
  )
  return rewardModel(
    'segments',
    async requests => {
      const { result, positions } = await run(requests)
      return requests.map(({ prompt, candidate }, i) => {
        const perToken = new Float64Array(candidate.length)
        const decisions: Record<string, readonly (boolean | undefined)[]> = {}
        const attributes: Record<string, number> = {}
        for (const [h, head] of spec.heads.entries()) {
          const flat = entryOf(result[h], i)
          const logits = positions[i].map((_, s) => flat.subarray(s * head.classes, (s + 1) * head.classes))
          const decided = headDecisions(logits, head)
          decided.forEach((good, s) => {
            if (good !== undefined) perToken[positions[i][s] - prompt.length] += (good ? 1 : -1) * (head.weight ?? 1)
          })
          decisions[head.name] = decided
          attributes[head.name] = decided.filter(Boolean).length / decided.length
        }
        return { score: perToken.reduce((a, b) => a + b, 0), perToken, decisions, attributes }
      })
    },
    options,
  )
}
