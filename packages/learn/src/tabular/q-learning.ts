import { assertInRange, assertOneOf, assertProbability, type Random } from '@guerdon/core'
import { firstBest } from '@guerdon/methods/shared/tabular'
import type { TabularWorld } from '@guerdon/worlds/grid/tabular-world'
import { type TabularLearner, type TabularOptions, tabularLearner } from './tabular-learner.ts'

/** Choices of tabular Q-learning. */
export interface QLearnerOptions extends TabularOptions {
  /** α. Default 0.1. */
  readonly step?: number
  /**
   * ω: the n-th update of an entry moves it by α/n^ω. 0 keeps the step constant, which tracks but never settles in a
   * world with noise; values in (½, 1] converge (Even-Dar and Mansour 2003). Default 0.
   */
  readonly stepDecay?: number
  /** Probability ε of an action drawn uniformly. Default 0.05. */
  readonly epsilon?: number
  /** Q before the first update; above every return it makes the greedy policy explore. Default 0. */
  readonly initialValue?: number
  /** Order of the updates of an episode. Default `backwards`. */
  readonly order?: 'backwards' | 'forwards'
}

/**
 * Q-learning on a finite world: after each episode, for its steps in the given order, Q(s,a) += α_n·(r + γ·max Q(s′,·) −
 * Q(s,a)). The terminal state counts 0; a step cut off by the horizon is learnt from like any other, as its next state's
 * value goes on. Greedy ties go to the lowest action.
 *
 * The same update as `qLearningUpdate` of the methods package, on tables that stay, with a decaying step.
 */
export function createQLearner(world: TabularWorld, options: QLearnerOptions): TabularLearner {
  const { step = 0.1, stepDecay = 0, epsilon = 0.05, initialValue = 0, order = 'backwards' } = options
  const { episodesPerUpdate = 100 } = options
  assertInRange(step, 'step', Number.MIN_VALUE, 1)
  assertProbability(stepDecay, 'stepDecay')
  assertProbability(epsilon, 'epsilon')
  assertInRange(initialValue, 'initialValue', -Number.MAX_VALUE, Number.MAX_VALUE)
  assertOneOf(order, 'order', ['backwards', 'forwards'])
  const { stateCount, actionCount, terminalState, discount } = world
  const q = new Float64Array(stateCount * actionCount).fill(initialValue)
  q.fill(0, terminalState * actionCount, (terminalState + 1) * actionCount)
  const visits = new Float64Array(stateCount * actionCount)
  const choose = (state: number, random: Random): number =>
    random.float() < epsilon ? random.integer(actionCount) : firstBest(q, state, actionCount)
  return tabularLearner(world, options, {
    name: 'q-learning',
    settings: { step, stepDecay, epsilon, initialValue, order },
    tables: { q, visits },
    policy: { table: 'q', kind: 'greedy' },
    learn(player, random, played) {
      const { episode } = player
      for (let n = 0; n < episodesPerUpdate; n++) {
        player.play(choose, random)
        for (let k = 0; k < episode.length; k++) {
          const t = order === 'backwards' ? episode.length - 1 - k : k
          const row = episode.states[t] * actionCount + episode.actions[t]
          const next = episode.states[t + 1]
          const best = q[next * actionCount + firstBest(q, next, actionCount)]
          const rate = stepDecay === 0 ? step : step / (++visits[row]) ** stepDecay
          q[row] += rate * (episode.rewards[t] + discount * best - q[row])
        }
        played()
      }
    },
  })
}
