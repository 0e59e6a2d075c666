import { assertInRange, assertInteger, type Random } from '@guerdon/core'
import { mean, mul, type NdArray, neg, sub, type Tensor } from '@guerdon/tensor'
import { sizeOf } from '@guerdon/worlds/world/space'
import { type Policy, policyTerms } from '../control/actor-critic.ts'
import { createGradientLearner, type GradientLearner } from '../training/gradient-learner.ts'
import type { MeasuredLoss } from '../training/trainer.ts'
import { assertDemonstrations, type Demonstrations, demonstrationsHash, type Spaces } from './demonstrations.ts'
import { initialPolicyFor } from './policy.ts'

/** Observations with the actions to be imitated there. */
export interface CloningBatch<T = Tensor> {
  /** [B][D] */
  observations: T
  /** [B] int32, or [B][A]. */
  actions: T
}

/** Choices of behaviour cloning. Defaults are those of the `imitation` library. */
export interface BehaviourCloningOptions extends Spaces {
  /** A safe integer; decides parameters and batches. */
  readonly seed: number
  /** Default 32. */
  readonly batchSize?: number
  /** Default 1e-3. */
  readonly learningRate?: number
  /** Widths of the hidden layers. Default [32, 32]. */
  readonly hidden?: readonly number[]
  /** Weight of the entropy. Default 1e-3. */
  readonly entropyCoefficient?: number
  /** Threads of the runtime. Default 1. */
  readonly threads?: number
}

/** −mean log π(a|s) − c·mean H[π(·|s)], with both parts measured. */
export function cloningLoss(
  policy: Policy,
  { observations, actions }: CloningBatch,
  options: { readonly entropyCoefficient: number },
): MeasuredLoss {
  const terms = policyTerms(policy, observations, actions)
  const [logProb, entropy] = [mean(terms.logProb), mean(terms.entropy)]
  return { loss: sub(neg(logProb), mul(entropy, options.entropyCoefficient)), measured: { logProb, entropy } }
}

/**
 * Behaviour cloning (Pomerleau 1991): the likelihood of an expert's actions, maximised as any other classification or
 * regression. An update is one Adam step on a batch drawn with replacement; one compiled graph and one call.
 *
 * Learns nothing of where its own mistakes lead; `createDagger` asks the expert there.
 *
 * Points: `loss`, `gradientNorm`, `logProb`, `entropy`.
 *
 * @throws empty, shape_mismatch, not_finite, invalid_input for demonstrations that do not fit, naming the pair
 */
export function createBehaviourCloning(
  demonstrations: Demonstrations,
  options: BehaviourCloningOptions,
): GradientLearner<Policy> {
  const { observationSpace, actionSpace, batchSize = 32, hidden = [32, 32], entropyCoefficient = 1e-3 } = options
  const { seed, learningRate = 1e-3, threads = 1 } = options
  const spaces = { observationSpace, actionSpace }
  assertDemonstrations(demonstrations, spaces)
  assertInteger(batchSize, 'batchSize', 1)
  assertInRange(entropyCoefficient, 'entropyCoefficient', 0, Number.MAX_VALUE)
  return createGradientLearner<Policy, CloningBatch>(
    {
      name: 'behaviour-cloning',
      settings: {
        demonstrations: demonstrationsHash(demonstrations),
        pairs: demonstrations.count,
        batchSize,
        hidden,
        entropyCoefficient,
      },
      initial: random => initialPolicyFor(random, spaces, hidden),
      loss: (policy, batch) => cloningLoss(policy, batch, { entropyCoefficient }),
      nextBatch: random => drawPairs(demonstrations, batchSize, random, sizeOf(observationSpace)),
    },
    { seed, learningRate, threads },
  )
}

/** Pairs drawn uniformly with replacement; one integer a pair. */
export function drawPairs(
  { count, observations, actions }: Demonstrations,
  rows: number,
  random: Random,
  observationSize: number,
): CloningBatch<NdArray> {
  const width = actions.length / count
  const discrete = actions instanceof Int32Array
  const seen = new Float32Array(rows * observationSize)
  const done = discrete ? new Int32Array(rows) : new Float32Array(rows * width)
  for (let i = 0; i < rows; i++) {
    const pair = random.integer(count)
    seen.set(observations.subarray(pair * observationSize, (pair + 1) * observationSize), i * observationSize)
    done.set(actions.subarray(pair * width, (pair + 1) * width), i * width)
  }
  return {
    observations: { dtype: 'float32', shape: [rows, observationSize], data: seen },
    actions: { dtype: discrete ? 'int32' : 'float32', shape: discrete ? [rows] : [rows, width], data: done },
  }
}
