import { GuerdonError } from '@guerdon/core'
import { type Concrete, constant, exportOnnx, isNdArray, type Tensor, treeMap } from '@guerdon/tensor'
import type { PolicyParameters } from '../language/policy.ts'
import type { EncoderConfig, EncoderInput } from './encoder.ts'
import { generativeEncoder, generativeLogits } from './generative-model.ts'
import { type GoalParameters, goalModelScores } from './goal-model.ts'
import { packInputs, rowRange, selectInputs } from './inputs.ts'
import { type PairParameters, pairModelScores } from './pair-model.ts'
import { type PointParameters, pointModelScores } from './point-model.ts'
import type { AnyRewardParameters, RewardModelSpec } from './specs.ts'

/**
 * A trained model as ONNX bytes: its numbers are inside, a batch of `batch` rows goes in, raw scores come out. Inputs are
 * `tokens` [B][T] int32 and `visible` [B][T] bool, or `vectors` [B][size]; the output `scores` is [B][K] with one column a
 * member or attribute, or [B] for goal and generative models (the latter's logits).
 *
 * @throws unsupported for kinds whose scores need more than one input a row
 */
export function exportRewardModel(
  spec: RewardModelSpec,
  parameters: AnyRewardParameters,
  options: { readonly batch?: number } = {},
): Uint8Array {
  const { batch = 1 } = options
  const { encoder, scores } = scoreGraph(spec, parameters)
  const candidate = encoder.kind === 'tokens' ? [1] : Array<number>(encoder.size).fill(0)
  const rows = packInputs(
    Array.from({ length: batch }, () => ({ prompt: [], candidate })),
    encoder,
  )
  const example = [selectInputs(rows, rowRange(0, batch))] as unknown as Concrete<[EncoderInput]>
  return exportOnnx(scores, example, {
    inputNames: encoder.kind === 'tokens' ? ['tokens', 'visible'] : ['vectors'],
    outputNames: ['scores'],
  })
}

function scoreGraph(
  spec: RewardModelSpec,
  parameters: AnyRewardParameters,
): { encoder: EncoderConfig; scores: (input: EncoderInput) => Tensor } {
  const fixed: unknown = treeMap(parameters, isNdArray, array => constant(array))
  switch (spec.kind) {
    case 'pairs':
      return { encoder: spec.encoder, scores: input => pairModelScores(fixed as PairParameters, input, spec).scores }
    case 'points':
      return { encoder: spec.encoder, scores: input => pointModelScores(fixed as PointParameters, input, spec).scores }
    case 'goal':
      return {
        encoder: { kind: 'tokens', transformer: spec.transformer, causal: true, pooling: 'last' },
        scores: input => goalModelScores(fixed as GoalParameters, input, spec).scores,
      }
    case 'generative':
      return {
        encoder: generativeEncoder(spec),
        scores: input => generativeLogits(fixed as PolicyParameters, input, spec),
      }
    default:
      throw new GuerdonError(
        'unsupported',
        `expected a model of kind pairs, points, goal or generative to export; got ${spec.kind}`,
        {
          hint: 'its scores need positions, latents or references besides the text: use the checkpoint',
        },
      )
  }
}
