import { assertInteger, assertOneOf } from '@guerdon/core'
import {
  backwardProgressiveSchedule,
  branchContrast,
  branchLoss,
  branchSelect,
  historyNormalizedScores,
  type ProgressiveOptions,
  type SelectOptions,
  type StageHistory,
  type WeightOptions,
  weightedAdvantages,
} from '@guerdon/methods/diffusion/b2-diffurl'
import type { Tensor } from '@guerdon/tensor'
import {
  type ChainLearnerOptions,
  chainLearner,
  chainSamplerOptions,
  type DiffusionLearner,
  labelsInTurn,
} from './chain-learner.ts'
import { callsPerStep, type DiffusionModel } from './model.ts'
import { rewardSamples, type SampleReward } from './rewards.ts'
import {
  columnOf,
  recordedLogProbs,
  type TransitionBatch,
  transitionArrays,
  transitionLogProbs,
  transitionRow,
} from './transitions.ts'

/** Choices of B²-DiffuRL. */
export interface B2DiffurlLearnerOptions<P>
  extends ChainLearnerOptions<P>,
    ProgressiveOptions,
    Omit<SelectOptions, 'compat'>,
    WeightOptions {
  /** Chains that are forked, an update. Default 32. */
  readonly trunks?: number
  /** Children of each. Default 5. */
  readonly children?: number
  /** The prompt-normalised score, or the reward less the siblings' mean. Default `official`. */
  readonly advantage?: 'official' | 'siblingCentred'
  /** Earlier updates in a label's pool of rewards. Default 8. */
  readonly historyCount?: number
  /** Ratios are clipped to 1 ± this. Default 0.1. */
  readonly ratioClip?: number
  /** Steps of a gradient step. Default 64. */
  readonly batchRows?: number
}

interface BranchBatch<T = Tensor> extends TransitionBatch<T> {
  oldLogProbs: T
  advantages: T
}

/**
 * B²-DiffuRL (Hu et al., arXiv 2503.11240): chains are forked where the trained steps begin, the best and the worst of
 * siblings are learnt from, and the trained interval — `from` steps at first, `to` in the last of `stages` updates — grows
 * backwards from the sample. Steps that siblings share are never trained.
 *
 * Points: `meanReward` of all children, `loss`, `gradientNorm`, `approxKl`, `clipFraction`, `kept` (share of children),
 * `trainedSteps`, and so far `denoiserCalls`, `gradientCalls`, `rewardCalls`. An update that keeps no child learns nothing.
 *
 * @throws invalid_option when more steps are to be trained than there are; not_finite naming sample and step for a reward
 * that is not a number
 */
export function createB2Diffurl<P>(
  model: DiffusionModel<P>,
  reward: SampleReward,
  options: B2DiffurlLearnerOptions<P>,
): DiffusionLearner<P> {
  const { trunks = 32, children = 5, advantage = 'official', historyCount = 8, ratioClip = 0.1 } = options
  const { positiveThreshold = 0.5, negativeThreshold = -0.5, batchRows = 64 } = options
  const { advantageClip = 5, positiveWeight = 1, negativeWeight = 1, from = 14, to = 20, stages = 100 } = options
  assertInteger(trunks, 'trunks', 1)
  assertInteger(children, 'children', 2)
  assertInteger(batchRows, 'batchRows', 1)
  assertOneOf(advantage, 'advantage', ['official', 'siblingCentred'])
  const sampling = chainSamplerOptions(options)
  assertInteger(sampling.steps ?? 0, 'sampler.steps', to)
  const { splitSteps } = backwardProgressiveSchedule({ from, to, stages })
  let history: StageHistory = []

  return chainLearner<P, BranchBatch>(model, options, {
    name: 'b2-diffurl',
    settings: {
      trunks,
      children,
      advantage,
      historyCount,
      ratioClip,
      positiveThreshold,
      negativeThreshold,
      batchRows,
      advantageClip,
      positiveWeight,
      negativeWeight,
      from,
      to,
      stages,
    },
    measured: ['approxKl', 'clipFraction', 'kept', 'trainedSteps'],
    callsPerRow: { differentiated: callsPerStep(model, sampling), plain: 0 },
    batchRows,
    loss(parameters, batch) {
      const logProbs = transitionLogProbs(model, parameters, batch, sampling)
      const { loss, ...measured } = branchLoss(logProbs, batch.oldLogProbs, batch.advantages, { ratioClip })
      return { loss, measured }
    },
    async gather(sampler, parameters, random, update) {
      const trained = splitSteps[Math.min(update, splitSteps.length - 1)]
      const start = { count: trunks, labels: labelsInTurn(options.labels, trunks) }
      const fork = { at: sampler.steps - trained, children }
      const { branches, denoiserCalls } = await sampler.branch(parameters, start, fork, random)
      const { samples, count, size, labels } = branches
      const rewards = await rewardSamples(reward, { samples, count, size, labels, step: null })
      const advantages = advantagesOf(rewards, Array.from(labels, String))
      const rows = Array.from(advantages.keys()).flatMap(chain =>
        Array.from({ length: trained }, (_, step) => transitionRow(branches, chain, step)),
      )
      return {
        rows: Int32Array.from(rows),
        rewards,
        denoiserCalls,
        measured: { kept: advantages.size / count, trainedSteps: trained },
        batch: some => ({
          ...transitionArrays(model, sampler, branches, some),
          oldLogProbs: recordedLogProbs(branches, some),
          advantages: columnOf(Float32Array.from(some, row => advantages.get(row % count) as number)),
        }),
      }
    },
    save: () => history,
    restore: kept => {
      history = kept as StageHistory
    },
  })

  /** Advantages of the children kept; child c of trunk i is row c·trunks + i. */
  function advantagesOf(rewards: Float64Array, labels: readonly string[]): Map<number, number> {
    const stage = historyNormalizedScores(history, labels, rewards, { historyCount })
    history = stage.history
    const groups = Array.from({ length: trunks }, (_, i) =>
      Array.from({ length: children }, (_, child) => child * trunks + i),
    )
    const scores = groups.map(rows => rows.map(row => stage.scores[row]))
    const kept = branchSelect(scores, { positiveThreshold, negativeThreshold })
    const contrast = branchContrast(groups.map(rows => rows.map(row => rewards[row])))
    const raw = kept.map(({ group, branch, score }) =>
      advantage === 'official' ? score : contrast.withinBranch[group][branch],
    )
    const weighted = weightedAdvantages(raw, { advantageClip, positiveWeight, negativeWeight })
    return new Map(kept.map(({ group, branch }, i) => [groups[group][branch], weighted[i]]))
  }
}
