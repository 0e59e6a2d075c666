import { assertInteger, optionalNumbers, Random, type RandomState, type RolloutBatch, Status } from '@guerdon/core'
import type { NdArray, Tree } from '@guerdon/tensor'
import type { TextWorld } from '@guerdon/worlds/text/text-world'
import type { CurvePoint, Learner, Settings } from '../run/learner.ts'
import { readLearnerState, writeLearnerState } from '../run/learner-state.ts'
import { arraysLike } from '../training/checkpoint.ts'
import type { TrainerState } from '../training/trainer.ts'
import type { Episode, EpisodeStart, ForkPlan } from './episode.ts'
import { type EpisodeBatchOptions, episodeBatch } from './episode-batch.ts'
import { createEpisodeSampler } from './episode-sampler.ts'
import type { PolicyParameters } from './policy.ts'
import { policySettings } from './policy-settings.ts'
import type { TransformerConfig } from './transformer.ts'

/** What the learners that play in a text world have in common. */
export interface WorldLearnerOptions<Task = unknown, State = unknown> {
  /** A safe integer; decides tasks, sampling and shuffling. */
  readonly seed: number
  readonly config: TransformerConfig
  /** Parameters to start from: of a supervised policy, or of `initialPolicy`. */
  readonly initial: PolicyParameters<NdArray>
  /** Difficulty of the tasks. Default 0. */
  readonly level?: number
  /** Tasks an update. Default 8. */
  readonly groups?: number
  /** Episodes a task, before any forks. Default 8. */
  readonly groupSize?: number
  /** Default 1. */
  readonly temperature?: number
  /** Forks episodes into trees. Default: none. */
  readonly fork?: ForkPlan<Task, State>
  /** Writes observations and actions as words, for recipes that read them. Default false. */
  readonly words?: boolean
  /** Adds columns to played episodes before a recipe runs: own rewards, scores of a model, contributions of an estimator. */
  readonly annotate?: (
    batch: RolloutBatch,
    episodes: readonly Episode<Task, State>[],
  ) => RolloutBatch | Promise<RolloutBatch>
  /** Threads of the runtime. Default 1. */
  readonly threads?: number
}

/** A learner of a language policy. */
export interface LanguageLearner extends Learner {
  parameters(): PolicyParameters<NdArray>
}

/** What makes one of these learners differ from another. */
export interface WorldLearnerRule {
  readonly name: string
  readonly settings: Settings
  /** What is trained. */
  readonly trainer: {
    parameters(): PolicyParameters<NdArray>
    state(): TrainerState<PolicyParameters>
    restore(state: TrainerState<PolicyParameters>): void
  }
  /** Learns from played episodes; what it measured. */
  learn(batch: RolloutBatch, random: Random): Promise<CurvePoint>
  /** Further state, as plain JSON. */
  save(): unknown
  restore(kept: unknown): void
}

interface Rest {
  readonly tasks: RandomState
  readonly sampling: RandomState
  readonly shuffling: RandomState
  readonly updates: number
  readonly episodes: number
  readonly rule: unknown
}

/**
 * A learner of its rule in a text world. An update draws `groups` tasks, plays each `groupSize` times, and learns.
 *
 * Its points: `episodes` so far; of this update's episodes `success` (share correct among those told; null when none was),
 * `score` (mean sum of the world's rewards), `turns`, `tokens` (means a episode), `entropy` (nats a drawn token); and what
 * the rule measured.
 */
export function worldLearner<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  options: WorldLearnerOptions<Task, State>,
  rule: WorldLearnerRule,
): LanguageLearner {
  const { seed, config, initial, level = 0, groups = 8, groupSize = 8, temperature = 1, threads = 1 } = options
  const { fork, words = false, annotate = batch => batch } = options
  assertInteger(groups, 'groups', 1)
  assertInteger(groupSize, 'groupSize', 1)
  const sampler = createEpisodeSampler(world, { config, threads })
  const batchOptions: EpisodeBatchOptions = words ? { vocabulary: world.vocabulary } : {}
  const owner = {
    name: rule.name,
    settings: {
      world: world.name,
      level,
      seed,
      groups,
      groupSize,
      temperature,
      ...policySettings(initial, config),
      forked: fork !== undefined,
      annotated: options.annotate !== undefined,
      ...rule.settings,
    },
  }
  const root = new Random(seed)
  let tasks = root.split('tasks')
  let sampling = root.split('sampling')
  let shuffling = root.split('shuffling')
  let updates = 0
  let played = 0

  return {
    ...owner,
    parameters: rule.trainer.parameters,
    updates: () => updates,
    async update() {
      const starts = Array.from({ length: groups }, (_, g) => {
        const task = world.task(level, tasks)
        return Array<EpisodeStart<Task>>(groupSize).fill({ task, groupId: `${updates}:${g}:${task.id}` })
      }).flat()
      const episodes = await sampler(rule.trainer.parameters(), starts, sampling, {
        temperature,
        ...(fork && { fork }),
      })
      const batch = await annotate(episodeBatch(episodes, batchOptions), episodes)
      const measured = await rule.learn(batch, shuffling)
      updates++
      played += episodes.length
      return { episodes: played, ...summary(batch, episodes), ...measured }
    },
    save() {
      const rest: Rest = {
        tasks: tasks.state(),
        sampling: sampling.state(),
        shuffling: shuffling.state(),
        updates,
        episodes: played,
        rule: rule.save(),
      }
      return writeLearnerState(owner, { ...rule.trainer.state() } as unknown as Tree<NdArray>, rest)
    },
    restore(bytes) {
      const { tensors, rest } = readLearnerState<Rest>(bytes, owner)
      rule.trainer.restore(arraysLike(tensors, rule.trainer.state()))
      rule.restore(rest.rule)
      tasks = new Random(rest.tasks)
      sampling = new Random(rest.sampling)
      shuffling = new Random(rest.shuffling)
      updates = rest.updates
      played = rest.episodes
    },
  }
}

function summary(batch: RolloutBatch, episodes: readonly Episode[]): CurvePoint {
  const drawn = episodes.reduce((sum, episode) => sum + episode.drawn.reduce((a, b) => a + b, 0), 0)
  const entropy = episodes.reduce((sum, { entropies }) => sum + entropies.reduce((a, b) => a + b, 0), 0)
  return {
    success: meanOf(batch, 'rollout.correct'),
    score: meanOf(batch, 'rollout.score'),
    turns: episodes.reduce((sum, { turns }) => sum + turns.length, 0) / episodes.length,
    tokens: drawn / episodes.length,
    entropy: drawn === 0 ? null : entropy / drawn,
  }
}

/** Mean of the scored entries of a column; null when there are none. */
export function meanOf(batch: RolloutBatch, name: `rollout.${string}`): number | null {
  const column = optionalNumbers(batch, name)
  let total = 0
  let count = 0
  for (const [r, value] of column?.values.entries() ?? []) {
    if (column?.status[r] !== Status.scored) continue
    total += value
    count++
  }
  return count === 0 ? null : total / count
}
