import { GuerdonError, type Random } from '@guerdon/core'
import type { NdArray } from '@guerdon/tensor'
import { initialPolicy, type PolicyParameters } from '../language/policy.ts'
import {
  type DiscriminatorParameters,
  type DiscriminatorSpec,
  discriminatorModel,
  initialDiscriminator,
} from './discriminator.ts'
import { type GenerativeSpec, generativeModel } from './generative-model.ts'
import { type GoalParameters, type GoalSpec, goalModel, initialGoalModel } from './goal-model.ts'
import { initialPairModel, type PairParameters, type PairSpec, pairModel } from './pair-model.ts'
import { initialPointModel, type PointParameters, type PointSpec, pointModel } from './point-model.ts'
import type { RewardModel } from './reward-model.ts'
import type { ScoringOptions } from './scoring.ts'
import { initialSegmentModel, type SegmentParameters, type SegmentSpec, segmentModel } from './segment-model.ts'
import { initialStepModel, type StepParameters, type StepSpec, stepModel } from './step-model.ts'
import { initialUserModel, type UserParameters, type UserSpec, userModel } from './user-model.ts'

/** What there is to a reward model besides its numbers, as plain JSON: what is kept beside a checkpoint. */
export type RewardModelSpec =
  | PairSpec
  | PointSpec
  | StepSpec
  | SegmentSpec
  | UserSpec
  | GoalSpec
  | GenerativeSpec
  | DiscriminatorSpec

/** Parameters of any reward model. */
export type AnyRewardParameters =
  | PairParameters<NdArray>
  | PointParameters<NdArray>
  | StepParameters<NdArray>
  | SegmentParameters<NdArray>
  | UserParameters<NdArray>
  | GoalParameters<NdArray>
  | PolicyParameters<NdArray>
  | DiscriminatorParameters<NdArray>

/** Fresh parameters of the kind the spec names. Throws `unknown_name` for a kind there is not. */
export function initialParameters(spec: RewardModelSpec, random: Random): AnyRewardParameters {
  switch (spec.kind) {
    case 'pairs':
      return initialPairModel(spec, random)
    case 'points':
      return initialPointModel(spec, random)
    case 'steps':
      return initialStepModel(spec, random)
    case 'segments':
      return initialSegmentModel(spec, random)
    case 'users':
      return initialUserModel(spec, random)
    case 'goal':
      return initialGoalModel(spec, random)
    case 'generative':
      return initialPolicy(spec.transformer, random)
    case 'discriminator':
      return initialDiscriminator(spec, random)
    default:
      throw unknownKind(spec)
  }
}

/** The scorer of a spec and its parameters. Throws `unknown_name` for a kind there is not. */
export function modelOf(
  spec: RewardModelSpec,
  parameters: AnyRewardParameters,
  options: ScoringOptions = {},
): RewardModel {
  switch (spec.kind) {
    case 'pairs':
      return pairModel(spec, parameters as PairParameters<NdArray>, options)
    case 'points':
      return pointModel(spec, parameters as PointParameters<NdArray>, options)
    case 'steps':
      return stepModel(spec, parameters as StepParameters<NdArray>, options)
    case 'segments':
      return segmentModel(spec, parameters as SegmentParameters<NdArray>, options)
    case 'users':
      return userModel(spec, parameters as UserParameters<NdArray>, options)
    case 'goal':
      return goalModel(spec, parameters as GoalParameters<NdArray>, options)
    case 'generative':
      return generativeModel(spec, parameters as PolicyParameters<NdArray>, options)
    case 'discriminator':
      return discriminatorModel(spec, parameters as DiscriminatorParameters<NdArray>, options)
    default:
      throw unknownKind(spec)
  }
}

function unknownKind(spec: never): GuerdonError {
  const { kind } = spec as { kind: unknown }
  return new GuerdonError('unknown_name', `there is no reward model of kind ${JSON.stringify(kind)}`, {
    path: ['kind'],
    hint: 'pairs, points, steps, segments, users, goal, generative or discriminator',
  })
}
