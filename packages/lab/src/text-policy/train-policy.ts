import type { Random, Recipe, RolloutBatch } from '@guerdon/core'
import {
  createEpisodeSampler,
  createPolicyLearner,
  type Episode,
  episodeBatch,
  type LanguageLearner,
  withValueHead,
} from '@guerdon/learn'
import { type BeliefReader, createBeliefReader } from './answer-belief.ts'
import { withCreditColumns } from './credit-columns.ts'
import { creditRecipe } from './credit-recipe.ts'
import { boundedFork, type CreditArm } from './estimator.ts'
import { fitProgressEstimator, type ProgressEstimator } from './progress-estimator.ts'
import type { TextSetting, TrainingSize } from './setting.ts'
import { type Policy, solvedShare } from './start-policy.ts'

/** How a policy is trained. */
export interface TrainPolicyOptions {
  readonly setting: TextSetting
  readonly size: TrainingSize
  readonly start: Policy
  /** Changes the arm's recipe: its scale, or what stands in its place in a control. Default: as it is. */
  readonly recipe?: (own: Recipe) => Recipe
  readonly learningRate: number
  /** The same for all arms of a seed. */
  readonly random: Random
  readonly signal: AbortSignal
  progress(fraction: number): void
}

/** A trained policy and what its training was like. */
export interface TrainedPolicy {
  readonly policy: Policy
  readonly recipe: Recipe
  /** Adds what the estimator needs to episodes of a policy, as it did in training. */
  prepareBatch(episodes: readonly Episode[], policy: Policy): Promise<RolloutBatch>
  /** Share of solved episodes of each update. */
  readonly success: readonly number[]
  /** Rollouts played when each update was made, those of an estimator's fitting included. */
  readonly rollouts: readonly number[]
  /** Processor time of each update, milliseconds: of its credit, and of all of it. */
  readonly milliseconds: { readonly credit: readonly number[]; readonly update: readonly number[] }
  readonly spent: Readonly<Record<string, number>>
}

/** Share of an arm's episodes that a progress estimator is fitted to before the policy learns. */
const fittingShare = 0.15

/**
 * Trains a policy from the start policy with one estimator of credit by PPO's loss. Every arm plays as many episodes; those
 * that an estimator is fitted to are taken from them.
 */
export async function trainPolicy(arm: CreditArm, options: TrainPolicyOptions): Promise<TrainedPolicy> {
  const { setting, size, start, learningRate, random, signal, progress } = options
  const { world, level, config } = setting
  const perUpdate = size.groups * size.groupSize
  const initial = arm.uses === 'critic' ? withValueHead(start, config, random.split('critic')) : start
  const spent = { rollouts: 0, tokens: 0, updates: 0, scoredTokens: 0 }
  const beliefs = arm.uses === 'answer-belief' ? createBeliefReader(setting) : undefined
  const fitted = arm.uses === 'progress' ? Math.max(1, Math.round(fittingShare * size.updates)) : 0
  const estimator = fitted > 0 ? await fitOnStart(fitted * perUpdate) : undefined
  const prepareBatch = async (episodes: readonly Episode[], policy: Policy): Promise<RolloutBatch> =>
    withEstimates(episodeBatch(episodes, { vocabulary: world.vocabulary }), episodes, { policy, beliefs, estimator })

  const success: number[] = []
  const rollouts: number[] = []
  const milliseconds = { credit: [] as number[], update: [] as number[] }
  const creditTime = { from: 0, total: 0 }
  const own = creditRecipe(arm.id, arm.steps)
  const recipe = options.recipe?.(own) ?? own
  const learner: LanguageLearner = createPolicyLearner(world, {
    seed: random.split('learner').integer(2 ** 31),
    config,
    initial,
    level,
    recipe: timed(recipe, milliseconds => {
      creditTime.total += milliseconds
    }),
    reference: false,
    learningRate,
    maximumGradientNorm: 1,
    groups: size.groups,
    groupSize: arm.fork ? 2 : size.groupSize,
    miniBatches: size.miniBatches,
    words: true,
    ...(arm.fork && { fork: boundedFork(arm.fork, size.groupSize) }),
    annotate: async (batch, episodes) => {
      count(episodes)
      success.push(solvedShare(episodes))
      const from = processorMilliseconds()
      const estimated = await withEstimates(batch, episodes, { policy: learner.parameters(), beliefs, estimator })
      creditTime.total += processorMilliseconds() - from
      return estimated
    },
  })
  const updates = size.updates - fitted
  for (let update = 0; update < updates; update++) {
    signal.throwIfAborted()
    creditTime.total = 0
    const from = processorMilliseconds()
    await learner.update()
    milliseconds.update.push(processorMilliseconds() - from)
    milliseconds.credit.push(creditTime.total)
    rollouts.push(spent.rollouts)
    progress((update + 1) / updates)
  }
  const scoredTokens = beliefs?.scoredTokens() ?? 0
  return {
    policy: learner.parameters(),
    recipe,
    prepareBatch,
    success,
    rollouts,
    milliseconds,
    spent: { ...spent, updates, scoredTokens },
  }

  function count(episodes: readonly Episode[]): void {
    spent.rollouts += episodes.length
    for (const { drawn, forkStep } of episodes) {
      for (let t = forkStep; t < drawn.length; t++) spent.tokens += drawn[t]
    }
  }

  async function fitOnStart(episodes: number): Promise<ProgressEstimator> {
    const tasks = random.split('fitting tasks')
    const sampler = createEpisodeSampler(world, { config })
    const starts = Array.from({ length: episodes }, () => ({ task: world.task(level, tasks) }))
    const played = await sampler(start, starts, random.split('fitting episodes'), { signal })
    count(played)
    const fitting = { updates: 4 * size.updates, random: random.split('fitting'), signal }
    return fitProgressEstimator(episodeBatch(played), start, setting, fitting)
  }
}

interface Helpers {
  readonly policy: Policy
  readonly beliefs: BeliefReader | undefined
  readonly estimator: ProgressEstimator | undefined
}

async function withEstimates(
  batch: RolloutBatch,
  episodes: readonly Episode[],
  { policy, beliefs, estimator }: Helpers,
): Promise<RolloutBatch> {
  const known = withCreditColumns(batch, episodes)
  if (beliefs) return beliefs.read(known, episodes, policy)
  return estimator ? estimator(known) : known
}

function timed(recipe: Recipe, took: (milliseconds: number) => void): Recipe {
  return {
    ...recipe,
    async run(batch, state, options) {
      const from = processorMilliseconds()
      const result = await recipe.run(batch, state, options)
      took(processorMilliseconds() - from)
      return result
    },
  }
}

/** Processor time of this process so far: what else runs on the machine does not count. */
function processorMilliseconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
