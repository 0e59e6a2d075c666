import {
  type AnyRewardParameters,
  createGradientLearner,
  type GradientLearnerOptions,
  type GradientTask,
  type Learner,
  type PreferenceRecord,
  type RewardModelSpec,
} from '@guerdon/learn'
import type { AggregateOptions } from '@guerdon/methods/shaping/rm-ensembles'
import type { Encoder, Encoding, ModelSizes } from './encoding.ts'
import { type Kind, nothingToLearn } from './kinds.ts'

/** Choices of training that some kinds use. */
export interface KindOptions {
  readonly sizes: ModelSizes
  readonly labelSmoothing: number
  readonly centring: number
  /** θ of `ties`. */
  readonly theta: number
  /** Use the margins of the file. */
  readonly margin: boolean
  /** Members on one trunk. */
  readonly ensemble: number
  readonly aggregate: AggregateOptions
}

/** A learner of any kind. */
export interface RewardLearner extends Learner {
  best(): AnyRewardParameters
  bestLoss(): number | null
}

/** What is needed to train. */
export interface Preparation {
  readonly spec: RewardModelSpec
  readonly examples: number
  readonly heldOut: number
  /** `data` names the data the run belongs to. */
  learner(options: GradientLearnerOptions, of: { readonly batchSize: number; readonly data: string }): RewardLearner
}

/** Records divided, and how they are read. */
export interface Sources {
  readonly train: readonly PreferenceRecord[]
  readonly heldOut: readonly PreferenceRecord[]
  readonly encoding: Encoding
  readonly encoder: Encoder
}

/** Both parts of the examples a task is made of. */
interface Parts<T> {
  readonly train: T
  readonly heldOut: T | undefined
}

/** Examples of both parts; throws when there is nothing to train on. */
export function bothParts<T, U>(
  kind: Kind,
  what: string,
  { train, heldOut }: Sources,
  find: (records: readonly PreferenceRecord[]) => T[],
  make: (found: T[]) => U,
): Parts<U> & { readonly counts: { readonly examples: number; readonly heldOut: number } } {
  const [first, second] = [find(train), find(heldOut)]
  if (first.length === 0) throw nothingToLearn(kind, what)
  return {
    train: make(first),
    heldOut: second.length === 0 ? undefined : make(second),
    counts: { examples: first.length, heldOut: second.length },
  }
}

/** A spec with what trains it. */
export function prepared<P, B>(
  spec: RewardModelSpec,
  counts: { readonly examples: number; readonly heldOut: number },
  task: (batchSize: number) => GradientTask<P, B>,
): Preparation {
  return {
    spec,
    ...counts,
    learner(options, { batchSize, data }) {
      const plain = task(batchSize)
      const learner = createGradientLearner({ ...plain, settings: { ...plain.settings, data } }, options)
      return learner as unknown as RewardLearner
    },
  }
}
