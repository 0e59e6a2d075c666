import { assertNotEmpty, canonicalJson, GuerdonError, type Random } from '@guerdon/core'
import { polarLoss } from '@guerdon/methods/models/polar'
import { simcseLoss } from '@guerdon/methods/models/rlhf-secrets-2'
import {
  type Concrete,
  cast,
  type Dense,
  dense,
  denseParameters,
  div,
  greater,
  jit,
  maximum,
  mean,
  mul,
  type NdArray,
  norm,
  reshape,
  sum,
  type Tensor,
} from '@guerdon/tensor'
import type { GradientTask } from '../training/gradient-learner.ts'
import type { MeasuredLoss } from '../training/trainer.ts'
import {
  type EncoderConfig,
  type EncoderInput,
  type EncoderParameters,
  encode,
  encoderWidth,
  initialEncoder,
} from './encoder.ts'
import { type InputRows, packInputs, rowCount, selectInputs, type TokensOrVector } from './inputs.ts'
import { type RewardModel, rewardModel, type ScoreRequest } from './reward-model.ts'
import { type ExampleRows, type RowTaskOptions, rowTask } from './row-task.ts'
import { paddedRows, type ScoringOptions } from './scoring.ts'

/**
 * A model that scores a candidate by how much it is like a reference: `joint` reads both at once and is trained to put
 * candidates of the reference's own policy above others (POLAR, arXiv 2507.05197); `towers` reads them apart, scores by
 * cosine, and is trained to find its partner among the batch (InfoNCE, arXiv 1807.03748).
 */
export interface DiscriminatorSpec {
  readonly kind: 'discriminator'
  readonly encoder: EncoderConfig
  readonly form: 'joint' | 'towers'
  /** Put between reference and candidate by `joint`; [] for vectors. */
  readonly separator: readonly number[]
  /** Of `joint`: what POLAR's trainer offers. Default `ranking`. */
  readonly loss?: 'ranking' | 'focal'
  /** τ of `towers`. Default 0.1. */
  readonly temperature?: number
}

/** Parameters: an encoder and a head, one output for `joint`, a projection for `towers`. */
export interface DiscriminatorParameters<T = Tensor> {
  encoder: EncoderParameters<T>
  head: Dense<T>
}

/** A reference with a candidate that is like it and, for `joint`, one that is not. */
export interface Trajectories {
  readonly prompt: ArrayLike<number>
  readonly reference: ArrayLike<number>
  readonly same: ArrayLike<number>
  readonly other?: ArrayLike<number>
}

/** Two inputs a row: `joint` reads like and unlike candidates, `towers` references and candidates. */
export interface DiscriminatorBatch<T = Tensor> {
  readonly first: EncoderInput<T>
  readonly second: EncoderInput<T>
}

/** Fresh parameters. */
export function initialDiscriminator(spec: DiscriminatorSpec, random: Random): DiscriminatorParameters<NdArray> {
  const inputs = encoderWidth(spec.encoder)
  return {
    encoder: initialEncoder(spec.encoder, random),
    head:
      spec.form === 'joint'
        ? denseParameters(random, { inputs, outputs: 1, initialise: 'zero' })
        : denseParameters(random, { inputs, outputs: inputs }),
  }
}

/** Outputs of the head, [B][1] or [B][d]. */
export function discriminatorOutputs(
  parameters: DiscriminatorParameters,
  input: EncoderInput,
  spec: DiscriminatorSpec,
): Tensor {
  return dense(parameters.head, encode(parameters.encoder, input, spec.encoder).pooled)
}

/** POLAR's ranking loss, or −log of the softmax of cosines over the batch at the own partner. */
export function discriminatorLoss(
  parameters: DiscriminatorParameters,
  batch: DiscriminatorBatch,
  spec: DiscriminatorSpec,
): MeasuredLoss {
  const first = discriminatorOutputs(parameters, batch.first, spec)
  const second = discriminatorOutputs(parameters, batch.second, spec)
  if (spec.form === 'towers') {
    const { loss } = simcseLoss(first, second, { temperature: spec.temperature ?? 0.1 })
    return { loss, measured: { cosine: mean(cosines(first, second)) } }
  }
  const [same, other] = [first, second].map(scores => reshape(scores, [scores.shape[0]]))
  const { total } = polarLoss(same, other, { loss: spec.loss ?? 'ranking' })
  return { loss: total, measured: { accuracy: mean(cast(greater(same, other), 'float32')) } }
}

function cosines(first: Tensor, second: Tensor): Tensor {
  const lengths = mul(norm(first, { axis: 1 }), norm(second, { axis: 1 }))
  return div(sum(mul(first, second), { axis: 1 }), maximum(lengths, 1e-12))
}

/**
 * Training on trajectories, for `createGradientLearner`.
 *
 * @throws invalid_input when `joint` lacks an unlike candidate
 */
export function discriminatorTask(
  spec: DiscriminatorSpec,
  data: readonly Trajectories[],
  options: RowTaskOptions<readonly Trajectories[], DiscriminatorParameters<NdArray>> = {},
): GradientTask<DiscriminatorParameters, DiscriminatorBatch> {
  const { batchSize, heldOut, initial } = options
  assertNotEmpty(data, 'trajectories')
  return rowTask<DiscriminatorParameters, DiscriminatorBatch>(
    {
      name: 'discriminator-reward-model',
      settings: { spec: canonicalJson(spec) },
      initial: random => initial ?? initialDiscriminator(spec, random),
      loss: (parameters, batch) => discriminatorLoss(parameters, batch, spec),
    },
    trajectoryExamples(spec, data),
    { batchSize, heldOut: heldOut && trajectoryExamples(spec, heldOut) },
  )
}

function trajectoryExamples(spec: DiscriminatorSpec, data: readonly Trajectories[]): ExampleRows<DiscriminatorBatch> {
  const pack = (items: readonly TokensOrVector[]): InputRows => packInputs(items, spec.encoder)
  const [first, second] =
    spec.form === 'towers'
      ? [
          pack(data.map(({ prompt, reference }) => ({ prompt, candidate: reference }))),
          pack(data.map(({ prompt, same }) => ({ prompt, candidate: same }))),
        ]
      : [
          pack(data.map(item => joined(spec, item, item.same))),
          pack(
            data.map((item, i) => {
              if (item.other !== undefined) return joined(spec, item, item.other)
              throw new GuerdonError('invalid_input', `expected a candidate unlike the reference in trajectory ${i}`, {
                path: ['trajectories', i, 'other'],
              })
            }),
          ),
        ]
  return {
    count: rowCount(first),
    batch: rows => ({ first: selectInputs(first, rows), second: selectInputs(second, rows) }),
  }
}

function joined(
  { separator }: DiscriminatorSpec,
  { prompt, reference }: { readonly prompt: ArrayLike<number>; readonly reference: ArrayLike<number> },
  candidate: ArrayLike<number>,
): TokensOrVector {
  return { prompt: [...Array.from(prompt), ...Array.from(reference), ...separator], candidate }
}

/** The trained model as a scorer. Throws `invalid_input` for a request without a reference. */
export function discriminatorModel(
  spec: DiscriminatorSpec,
  parameters: DiscriminatorParameters<NdArray>,
  options: ScoringOptions = {},
): RewardModel {
  const compileOptions = { threads: options.threads ?? 1 }
  const joint = jit(
    (fixed: DiscriminatorParameters, input: EncoderInput) => discriminatorOutputs(fixed, input, spec),
    compileOptions,
  )
  const towers = jit(
    (fixed: DiscriminatorParameters, reference: EncoderInput, candidate: EncoderInput) =>
      cosines(discriminatorOutputs(fixed, reference, spec), discriminatorOutputs(fixed, candidate, spec)),
    compileOptions,
  )
  return rewardModel(
    'discriminator',
    async requests => {
      const compared = requests.map(referenceOf)
      const rows = paddedRows(requests.length)
      const input = (items: readonly TokensOrVector[]): EncoderInput<NdArray> =>
        selectInputs(packInputs(items, spec.encoder), rows)
      if (spec.form === 'joint') {
        const items = compared.map(request => joined(spec, request, request.candidate))
        const args = [parameters, input(items)] as unknown as Concrete<[DiscriminatorParameters, EncoderInput]>
        const scores = await joint(...args)
        return requests.map((_, i) => ({ score: scores.data[i] }))
      }
      const references = compared.map(({ prompt, reference }) => ({ prompt, candidate: reference }))
      const args = [parameters, input(references), input(compared)]
      const scores = await towers(
        ...(args as unknown as Concrete<[DiscriminatorParameters, EncoderInput, EncoderInput]>),
      )
      return requests.map((_, i) => ({ score: scores.data[i] }))
    },
    options,
  )
}

function referenceOf(request: ScoreRequest, i: number): ScoreRequest & { readonly reference: ArrayLike<number> } {
  const { reference } = request
  if (reference !== undefined) return { ...request, reference }
  throw new GuerdonError('invalid_input', `expected a reference to compare candidate ${i} with; got none`, {
    path: ['requests', i, 'reference'],
  })
}
