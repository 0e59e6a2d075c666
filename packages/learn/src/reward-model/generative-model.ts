import { assertNotEmpty, canonicalJson, type Random, sigmoid } from '@guerdon/core'
import { pointwiseGenerativeLoss, type YesNoTokens, yesMinusNo } from '@guerdon/methods/judges/reward-dance'
import { cast, dense, greater, mean, type NdArray, type Tensor } from '@guerdon/tensor'
import { initialPolicy, type PolicyParameters } from '../language/policy.ts'
import type { TransformerConfig } from '../language/transformer.ts'
import type { GradientTask } from '../training/gradient-learner.ts'
import { type EncoderInput, encode } from './encoder.ts'
import { type InputRows, rowCount, selectInputs } from './inputs.ts'
import { type RewardModel, rewardModel } from './reward-model.ts'
import { type ExampleRows, type RowTaskOptions, rowTask } from './row-task.ts'
import { type ScoringOptions, scoringGraph } from './scoring.ts'

/**
 * A generative reward model: a language policy is asked whether the response is good, and the score is the probability of
 * its "yes" against its "no". The question's tokens stand at the end of each candidate.
 */
export interface GenerativeSpec {
  readonly kind: 'generative'
  readonly transformer: TransformerConfig
  /** Tokens that mean yes and no. */
  readonly tokens: YesNoTokens
  /** Tokens put behind every candidate, such as "is this good?". At least one, the same at training and scoring. */
  readonly question: readonly number[]
  /** Weight of the cross-entropy of yes for the preferred, no for the other. Default 0.1. */
  readonly ceWeight?: number
}

/** Pairs; row i of `chosen` is preferred. Their candidates end with the question: see `withQuestion`. */
export interface QuestionRows {
  readonly chosen: InputRows
  readonly rejected: InputRows
}

/** A minibatch of pairs. */
export interface QuestionBatch<T = Tensor> {
  readonly chosen: EncoderInput<T>
  readonly rejected: EncoderInput<T>
}

/** The encoder of a generative model, for `packInputs`. */
export function generativeEncoder(spec: GenerativeSpec) {
  return { kind: 'tokens', transformer: spec.transformer, causal: true, pooling: 'last' } as const
}

/** The same thing to be scored with the question behind its candidate. */
export function withQuestion<T extends { readonly candidate: ArrayLike<number> }>(item: T, spec: GenerativeSpec): T {
  return { ...item, candidate: [...Array.from(item.candidate), ...spec.question] }
}

/** z_yes − z_no of each row, [B]: its σ is the probability of yes among the two. */
export function generativeLogits(parameters: PolicyParameters, input: EncoderInput, spec: GenerativeSpec): Tensor {
  const { pooled } = encode(parameters.body, input, generativeEncoder(spec))
  return yesMinusNo(dense(parameters.head, pooled), spec.tokens)
}

/** Bradley–Terry on the logits plus the weighted cross-entropy of the answers. */
export function generativeModelLoss(parameters: PolicyParameters, batch: QuestionBatch, spec: GenerativeSpec) {
  const chosen = generativeLogits(parameters, batch.chosen, spec)
  const rejected = generativeLogits(parameters, batch.rejected, spec)
  const { ceWeight = 0.1 } = spec
  const { total } = pointwiseGenerativeLoss(chosen, rejected, { ceWeight, scoreSpace: 'logit' })
  return { loss: total, measured: { accuracy: mean(cast(greater(chosen, rejected), 'float32')) } }
}

/** Training on pairs, for `createGradientLearner`; `initial` is usually a policy that can write already. */
export function generativeTask(
  spec: GenerativeSpec,
  pairs: QuestionRows,
  options: RowTaskOptions<QuestionRows, PolicyParameters<NdArray>> = {},
): GradientTask<PolicyParameters, QuestionBatch> {
  const { batchSize, heldOut, initial } = options
  assertNotEmpty(spec.question, 'question')
  return rowTask<PolicyParameters, QuestionBatch>(
    {
      name: 'generative-reward-model',
      settings: { spec: canonicalJson(spec) },
      initial: (random: Random) => initial ?? initialPolicy(spec.transformer, random),
      loss: (parameters, batch) => generativeModelLoss(parameters, batch, spec),
    },
    questionExamples(pairs),
    { batchSize, heldOut: heldOut && questionExamples(heldOut) },
  )
}

function questionExamples({ chosen, rejected }: QuestionRows): ExampleRows<QuestionBatch> {
  return {
    count: rowCount(chosen),
    batch: rows => ({ chosen: selectInputs(chosen, rows), rejected: selectInputs(rejected, rows) }),
  }
}

/** The trained model as a scorer: the score is P(yes | yes or no), the attribute `logit` its logit. */
export function generativeModel(
  spec: GenerativeSpec,
  parameters: PolicyParameters<NdArray>,
  options: ScoringOptions = {},
): RewardModel {
  const run = scoringGraph<PolicyParameters, Tensor>(
    parameters,
    (fixed, input) => generativeLogits(fixed, input, spec),
    generativeEncoder(spec),
    options,
  )
  return rewardModel(
    'generative',
    async requests => {
      const logits = await run(requests.map(request => withQuestion(request, spec)))
      return requests.map((_, i) => ({ score: sigmoid(logits.data[i]), attributes: { logit: logits.data[i] } }))
    },
    options,
  )
}
