import { assertInteger, Random, type RandomState } from '@guerdon/core'
import { softmaxPolicy } from '@guerdon/methods/control/envs-and-baselines-rl'
import type { NdArray } from '@guerdon/tensor'
import type { TabularWorld } from '@guerdon/worlds/grid/tabular-world'
import type { Learner, Settings } from '../run/learner.ts'
import { readLearnerState, writeLearnerState } from '../run/learner-state.ts'
import { type EpisodeOptions, type EpisodePlayer, episodePlayer } from './episode.ts'
import { greedyPolicy, startValue, tableArray } from './tables.ts'

/** What all tabular learners may be told. */
export interface TabularOptions extends EpisodeOptions {
  /** A safe integer. */
  readonly seed: number
  /** Episodes of an update, which is a point of the curve. Default 100. */
  readonly episodesPerUpdate?: number
}

/** A learner whose knowledge is tables. */
export interface TabularLearner extends Learner {
  /** Tables by name, the learner's own arrays: [S·A] of action values or logits, [S] of state values. */
  readonly tables: Readonly<Record<string, Float64Array>>
  /** [S·A] the policy learnt: greedy for action values, softmax for logits. */
  policy(): Float64Array
}

/** What makes one tabular learner differ from another. */
export interface TabularRule {
  readonly name: string
  readonly settings: Settings
  readonly tables: Readonly<Record<string, Float64Array>>
  /** The table, by its name, that the policy is read from, and how. */
  readonly policy: { readonly table: string; readonly kind: 'greedy' | 'softmax' }
  /** Plays the episodes of one update and learns from them. */
  learn(player: EpisodePlayer, random: Random, played: () => void): void
}

/**
 * A tabular learner of its rule. Its points: `episodes` and `steps` so far, `meanReturn` of the update's episodes
 * (undiscounted, the world's own rewards) and `value`, the exact discounted value of the policy learnt.
 */
export function tabularLearner(world: TabularWorld, options: TabularOptions, rule: TabularRule): TabularLearner {
  const { seed, episodesPerUpdate = 100, horizon = world.horizon, starts = 'world', rewards } = options
  assertInteger(episodesPerUpdate, 'episodesPerUpdate', 1)
  const player = episodePlayer(world, { horizon, starts, ...(rewards && { rewards }) })
  const owner = {
    name: rule.name,
    settings: {
      world: world.name,
      states: world.stateCount,
      actions: world.actionCount,
      discount: world.discount,
      seed,
      episodesPerUpdate,
      horizon,
      starts,
      ownRewards: rewards === undefined,
      ...rule.settings,
    },
  }
  let random = new Random(seed)
  let counts = { updates: 0, episodes: 0, steps: 0 }
  const policy = (): Float64Array => {
    const table = rule.tables[rule.policy.table]
    return rule.policy.kind === 'greedy' ? greedyPolicy(table, world) : softmaxPolicy(table, world.actionCount)
  }
  return {
    ...owner,
    tables: rule.tables,
    policy,
    updates: () => counts.updates,
    async update() {
      const before = counts.episodes
      let total = 0
      rule.learn(player, random, () => {
        total += player.episode.originalReturn
        counts.episodes++
        counts.steps += player.episode.length
      })
      counts.updates++
      const { episodes, steps } = counts
      return { episodes, steps, meanReturn: total / (episodes - before), value: startValue(world, policy()) }
    },
    save: () => writeLearnerState(owner, mapTables(rule.tables), { random: random.state(), counts }),
    restore(bytes) {
      const { tensors, rest } = readLearnerState<{ random: RandomState; counts: typeof counts }>(bytes, owner)
      for (const [name, table] of Object.entries(rule.tables)) table.set(tensors[name].data)
      random = new Random(rest.random)
      counts = rest.counts
    },
  }
}

function mapTables(tables: TabularRule['tables']): Record<string, NdArray> {
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, tableArray(table)]))
}
