import { assertInRange } from '@guerdon/core'
import type { TabularWorld } from '@guerdon/worlds/grid/tabular-world'
import { softmaxTable } from './softmax-table.ts'
import { type TabularLearner, type TabularOptions, tabularLearner } from './tabular-learner.ts'

/** Choices of the tabular actor–critic. */
export interface TabularActorCriticOptions extends TabularOptions {
  /** Step of the actor. Default 0.1. */
  readonly actorStep?: number
  /** Step of the critic in [0, 1]. Default 0.1. */
  readonly criticStep?: number
}

/**
 * One-step actor–critic on a finite world (Sutton and Barto 2018, §13.5, without the γ^t factor). For each step of an
 * episode after it was played, in order:
 *
 *   δ = r + γ·V(s′) − V(s),  V(s) += criticStep·δ,  θ(s,·) += actorStep·δ·(1[· = a] − π(·|s))
 *
 * V of the terminal state is 0 and is never updated; a state where the horizon cut the episode off keeps its value. The
 * policy is softmax of θ, all zero at first. Differs from REINFORCE in bootstrapping after one step.
 */
export function createTabularActorCritic(world: TabularWorld, options: TabularActorCriticOptions): TabularLearner {
  const { actorStep = 0.1, criticStep = 0.1, episodesPerUpdate = 100 } = options
  assertInRange(actorStep, 'actorStep', 0, Number.MAX_VALUE)
  assertInRange(criticStep, 'criticStep', 0, 1)
  const { discount } = world
  const { logits, values, choose, addGradient } = softmaxTable(world)
  return tabularLearner(world, options, {
    name: 'actor-critic',
    settings: { actorStep, criticStep },
    tables: { logits, values },
    policy: { table: 'logits', kind: 'softmax' },
    learn(player, random, played) {
      const { episode } = player
      for (let n = 0; n < episodesPerUpdate; n++) {
        player.play(choose, random)
        for (let t = 0; t < episode.length; t++) {
          const state = episode.states[t]
          const error = episode.rewards[t] + discount * values[episode.states[t + 1]] - values[state]
          values[state] += criticStep * error
          addGradient(logits, state, episode.actions[t], actorStep * error)
        }
        played()
      }
    },
  })
}
