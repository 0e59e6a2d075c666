import { mean, type Recipe, type RolloutBatch } from '@guerdon/core'
import { createPolicyLearner, type Episode, type LanguageLearner, type PolicyLearnerOptions } from '@guerdon/learn'
import type { Trial, TrialResult } from '../claims/claim.ts'
import type { TextSetting } from './setting.ts'
import { loadStartPolicy, type Policy } from './start-policy.ts'

/** What a policy-gradient run of a study is made of, beside what the trial says. */
export interface RewardedRun<Task extends { readonly id: string }, State>
  extends Omit<
    PolicyLearnerOptions<Task, State>,
    'seed' | 'initial' | 'learningRate' | 'recipe' | 'config' | 'level' | 'annotate'
  > {
  readonly recipe: Recipe
  readonly updates: number
  /** Adds what the study rewards to the episodes of an update, which this policy played. */
  annotate(
    batch: RolloutBatch,
    episodes: readonly Episode<Task, State>[],
    policy: Policy,
  ): RolloutBatch | Promise<RolloutBatch>
  /** Makes the start policy ready: gives it a value head, say. Default: as it is. */
  prepareStart?(policy: Policy): Policy
  /** Further metrics, of the trained policy. */
  examine?(policy: Policy): Promise<Readonly<Record<string, number>>>
  /** What is charged beside rollouts and tokens; read after the run, so that it may be counted along. */
  readonly spent?: Readonly<Record<string, number>>
}

/** Measurements of a learner's points that become curves; what a point did not tell repeats what was told last. */
const followed = ['success', 'score', 'turns', 'tokens', 'entropy', 'kl'] as const

/**
 * Trains the start policy of the trial's folder by policy gradients on rewards of a study's own; every arm of a seed meets
 * the same tasks. Metrics are means over the last tenth of the updates; `firstSuccess` that of the first update, `area` the
 * mean over all of them; and what the study examines itself.
 */
export async function runWithRewards<Task extends { readonly id: string }, State>(
  setting: TextSetting,
  run: RewardedRun<Task, State>,
  trial: Pick<Trial, 'seed' | 'random' | 'learningRate' | 'folder' | 'signal' | 'progress'>,
): Promise<TrialResult> {
  const { random, learningRate, folder, signal, progress } = trial
  const start = loadStartPolicy(folder, setting)
  const learner: LanguageLearner = createPolicyLearner<Task, State>(setting.world, {
    maximumGradientNorm: 1,
    ...run,
    config: setting.config,
    level: setting.level,
    learningRate,
    seed: random.split('learner').integer(2 ** 31),
    initial: run.prepareStart?.(start) ?? start,
    annotate: (batch, played) => run.annotate(batch, played, learner.parameters()),
  })
  const traces = new Map<string, number[]>(followed.map(name => [name, []]))
  let tokens = 0
  let episodes = 0
  for (let update = 0; update < run.updates; update++) {
    signal.throwIfAborted()
    const point = await learner.update()
    for (const [name, values] of traces) {
      const value = point[name]
      if (typeof value === 'number') values.push(value)
      else if (values.length > 0) values.push(values[values.length - 1])
    }
    tokens += Number(point['tokens']) * (Number(point['episodes']) - episodes)
    episodes = Number(point['episodes'])
    progress((update + 1) / run.updates)
  }
  const told = [...traces].filter(([, values]) => values.length === run.updates)
  const last = Math.max(1, Math.round(run.updates / 10))
  const success = traces.get('success') ?? []
  const x = Array.from({ length: run.updates }, (_, update) => update + 1)
  return {
    metrics: {
      ...Object.fromEntries(told.map(([name, values]) => [name, mean(values.slice(-last))])),
      ...(success.length > 0 && { firstSuccess: success[0], area: mean(success) }),
      ...(await run.examine?.(learner.parameters())),
    },
    curves: Object.fromEntries(told.map(([name, y]) => [name, { x, y }])),
    spent: { updates: run.updates, rollouts: episodes, tokens, ...run.spent },
  }
}
