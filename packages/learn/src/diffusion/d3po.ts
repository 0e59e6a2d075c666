import { assertInteger, assertOneOf, GuerdonError } from '@guerdon/core'
import { d3poStepLoss, preferenceLabel } from '@guerdon/methods/diffusion/d3po'
import { type Evaluated, jit, type NdArray, type Tensor } from '@guerdon/tensor'
import {
  type ChainLearnerOptions,
  chainLearner,
  chainSamplerOptions,
  type DiffusionLearner,
  labelsInTurn,
} from './chain-learner.ts'
import { type Chains, takeSamples } from './chains.ts'
import { callsPerStep, type DiffusionModel } from './model.ts'
import { type RewardedSamples, rewardSamples, type SampleReward } from './rewards.ts'
import { columnOf, type TransitionBatch, transitionArrays, transitionLogProbs } from './transitions.ts'

/**
 * Which of two samples is better: +1 the first, −1 the second, 0 neither. Samples 2p and 2p + 1 of the batch are pair p.
 */
export type PairJudge = (batch: RewardedSamples) => ArrayLike<number> | Promise<ArrayLike<number>>

/** Choices of D3PO. */
export interface D3poLearnerOptions<P> extends ChainLearnerOptions<P> {
  /** Pairs an update. Default 64. */
  readonly pairs?: number
  /** β > 0. Default 0.1. */
  readonly beta?: number
  /** Ratios are held within 1 ± this; null: no clamp, as in the paper's Eq. 14. Default 0.1. */
  readonly ratioClip?: number | null
  /** Leave pairs out where neither is better; as published they count in the mean. Default false. */
  readonly dropTies?: boolean
  /** The reference stays the initial policy, or becomes the policy that sampled. Default `never`. */
  readonly referenceUpdate?: 'never' | 'everyUpdate'
  /** Compares the pairs in place of comparing rewards, which are then only reported. */
  readonly judge?: PairJudge
}

interface PairBatch<T = Tensor> {
  first: TransitionBatch<T>
  second: TransitionBatch<T>
  reference: { first: T; second: T }
  labels: { first: T; second: T }
}

/**
 * D3PO (Yang et al., arXiv 2311.13231): direct preference optimisation of every denoising step. Two chains from the same
 * noise are compared, and each step of the better is made likelier than under the reference, each step of the other less
 * likely. Of rewards only the order of the two counts: any rising function of them gives the same run.
 *
 * Points: `meanReward`, `loss`, `gradientNorm`, `ties` (share of pairs), and so far `denoiserCalls` (with those of the
 * reference), `gradientCalls`, `rewardCalls`.
 *
 * @throws not_finite naming sample and step for a reward that is not a number
 */
export function createD3po<P>(
  model: DiffusionModel<P>,
  reward: SampleReward,
  options: D3poLearnerOptions<P>,
): DiffusionLearner<P> {
  const { pairs = 64, beta = 0.1, ratioClip = 0.1, dropTies = false, referenceUpdate = 'never', judge } = options
  assertInteger(pairs, 'pairs', 1)
  assertOneOf(referenceUpdate, 'referenceUpdate', ['never', 'everyUpdate'])
  const sampling = chainSamplerOptions(options)
  const logProbs = jit(
    (parameters: P, batch: TransitionBatch) => transitionLogProbs(model, parameters, batch, sampling),
    { threads: options.threads ?? 1 },
  ) as unknown as (parameters: Evaluated<P>, batch: TransitionBatch<NdArray>) => Promise<NdArray>

  const calls = callsPerStep(model, sampling)
  return chainLearner<P, PairBatch>(model, options, {
    name: 'd3po',
    settings: { pairs, beta, ratioClip, dropTies, referenceUpdate, judged: judge !== undefined },
    measured: ['ties'],
    callsPerRow: { differentiated: 2 * calls, plain: 2 * calls },
    // of one size even where ties are dropped
    batchRows: Math.ceil((pairs * (sampling.steps ?? 20)) / (options.miniBatches ?? 8)),
    loss(parameters, { first, second, reference, labels }) {
      const policy = {
        first: transitionLogProbs(model, parameters, first, sampling),
        second: transitionLogProbs(model, parameters, second, sampling),
      }
      return { loss: d3poStepLoss(policy, reference, labels, { beta, ratioClip }), measured: {} }
    },
    async gather(sampler, parameters, random) {
      const { size } = sampler
      // rows 0 … pairs − 1 are the first of each pair, the others the second
      const noise = Float32Array.from(random.normals(pairs * size))
      const twice = Int32Array.from({ length: 2 * pairs }, (_, i) => i % pairs)
      const ofPair = labelsInTurn(options.labels, pairs)
      const labels = ofPair && twice.map(pair => ofPair[pair])
      const start = { count: 2 * pairs, labels, initial: takeSamples(noise, twice, size) }
      const chains = await sampler.sample(parameters, start, random)
      const judged = inPairs(chains, pairs)
      const rewards = await rewardSamples(reward, judged)
      const verdicts = judge ? await judgePairs(judge, judged) : null
      const wins = Array.from(
        { length: pairs },
        (_, p) => verdicts?.[p] ?? preferenceLabel(rewards[2 * p], rewards[2 * p + 1])[0],
      )
      const decided = wins.filter(win => win !== 0).length
      const anchor = referenceUpdate === 'never' ? options.initial : parameters
      const steps = sampler.steps
      const rowsOf = Int32Array.from({ length: pairs * steps }, (_, row) => row)
      return {
        // a batch of ties alone has no gradient, and weight decay must not act on it
        rows: decided === 0 ? new Int32Array(0) : dropTies ? rowsOf.filter(row => wins[row % pairs] !== 0) : rowsOf,
        rewards,
        denoiserCalls: chains.denoiserCalls,
        measured: { ties: 1 - decided / pairs },
        async batch(rows) {
          const place = (offset: number) =>
            rows.map(row => Math.floor(row / pairs) * 2 * pairs + (row % pairs) + offset * pairs)
          const first = transitionArrays(model, sampler, chains, place(0))
          const second = transitionArrays(model, sampler, chains, place(1))
          const signed = (sign: number) => columnOf(Float32Array.from(rows, row => sign * wins[row % pairs]))
          return {
            first,
            second,
            reference: { first: await logProbs(anchor, first), second: await logProbs(anchor, second) },
            labels: { first: signed(1), second: signed(-1) },
          }
        },
      }
    },
  })
}

/** Finished samples with the two of each pair side by side. */
function inPairs({ samples, size, labels }: Chains, pairs: number): RewardedSamples {
  const order = Int32Array.from({ length: 2 * pairs }, (_, i) => Math.floor(i / 2) + (i % 2) * pairs)
  return {
    samples: takeSamples(samples, order, size),
    count: 2 * pairs,
    size,
    labels: order.map(row => labels[row]),
    step: null,
  }
}

async function judgePairs(judge: PairJudge, batch: RewardedSamples): Promise<ArrayLike<number>> {
  const pairs = batch.count / 2
  const verdicts = await judge(batch)
  if (verdicts.length !== pairs) {
    throw new GuerdonError('shape_mismatch', `expected ${pairs} verdicts; got ${verdicts.length}`, { path: ['judge'] })
  }
  for (let pair = 0; pair < pairs; pair++) {
    if ([-1, 0, 1].includes(verdicts[pair])) continue
    throw new GuerdonError('invalid_input', `expected verdicts −1, 0 or 1; got ${verdicts[pair]} — pair ${pair}`, {
      path: ['judge', pair],
    })
  }
  return verdicts
}
