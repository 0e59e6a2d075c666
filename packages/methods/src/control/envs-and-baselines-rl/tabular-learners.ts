import { assertProbability, softmax } from '@guerdon/core'
import { firstBest } from '../../shared/tabular.ts'
import { discountedReturns } from '../reward-design-thesis/explo-rs.ts'

/** One step of a tabular episode as a learner stores it. */
export interface TabularTransition {
  readonly state: number
  readonly action: number
  readonly reward: number
  readonly nextState: number
}

/** Choices of tabular Q-learning. */
export interface QLearningOptions {
  readonly actionCount: number
  readonly discount: number
  /** α. Default 0.1 (2022 code; 0.5 in the 2021 code). */
  readonly step?: number
  /**
   * Order of the updates within an episode: backwards (2022 code) or as they happened (2021 code). Default `backwards`.
   */
  readonly order?: 'backwards' | 'forwards'
}

/**
 * Q(s,a) += α(r + γ max Q(s′,·) − Q(s,a)) over the steps of each episode in turn. The terminal state bootstraps too,
 * which is right only because its own row is never updated.
 *
 * @param q [S·A]; not changed
 */
export function qLearningUpdate(
  q: ArrayLike<number>,
  episodes: readonly (readonly TabularTransition[])[],
  options: QLearningOptions,
): Float64Array {
  const { actionCount, discount, step = 0.1, order = 'backwards' } = options
  const table = Float64Array.from(q)
  for (const episode of episodes) {
    for (let k = 0; k < episode.length; k++) {
      const { state, action, reward, nextState } = episode[order === 'backwards' ? episode.length - 1 - k : k]
      const row = state * actionCount + action
      const best = table[nextState * actionCount + firstBest(table, nextState, actionCount)]
      table[row] += step * (reward + discount * best - table[row])
    }
  }
  return table
}

/**
 * ε-greedy probabilities `[S·A]`: ε/A everywhere, 1 − ε on the best action; shared by actions within 1e-6 of it
 * (`shared`, default) or all on the first (`first`).
 */
export function epsilonGreedyPolicy(
  q: ArrayLike<number>,
  actionCount: number,
  options: { /** Default 0.05. */ readonly epsilon?: number; readonly ties?: 'shared' | 'first' } = {},
): Float64Array {
  const { epsilon = 0.05, ties = 'shared' } = options
  assertProbability(epsilon, 'epsilon')
  const policy = new Float64Array(q.length).fill(epsilon / actionCount)
  for (let s = 0; s * actionCount < q.length; s++) {
    const start = s * actionCount
    const first = firstBest(q, s, actionCount)
    const best = [first]
    if (ties === 'shared')
      for (let a = 0; a < actionCount; a++) if (a !== first && q[start + first] - q[start + a] <= 1e-6) best.push(a)
    for (const a of best) policy[start + a] += (1 - epsilon) / best.length
  }
  return policy
}

/** Softmax of each row of logits, `[S·A]`. */
export function softmaxPolicy(theta: ArrayLike<number>, actionCount: number): Float64Array {
  const policy = new Float64Array(theta.length)
  const values = Float64Array.from(theta)
  for (let start = 0; start < theta.length; start += actionCount)
    policy.set(softmax(values.subarray(start, start + actionCount)), start)
  return policy
}

/**
 * Tabular REINFORCE: θ(s_t,a_t) += G_t, θ(s_t,·) −= G_t·π(·|s_t) summed over all steps of all episodes, times step/N.
 * No baseline.
 *
 * @param theta [S·A] logits; not changed
 */
export function tabularReinforceUpdate(
  theta: ArrayLike<number>,
  episodes: readonly (readonly Omit<TabularTransition, 'nextState'>[])[],
  options: { readonly actionCount: number; readonly discount: number /** Default 0.1. */; readonly step?: number },
): Float64Array {
  const { actionCount, discount, step = 0.1 } = options
  const policy = softmaxPolicy(theta, actionCount)
  const gradient = new Float64Array(theta.length)
  let steps = 0
  for (const episode of episodes) {
    const returns = discountedReturns(
      episode.map(visit => visit.reward),
      discount,
    )
    episode.forEach(({ state, action }, t) => {
      const start = state * actionCount
      gradient[start + action] += returns[t]
      for (let a = 0; a < actionCount; a++) gradient[start + a] -= returns[t] * policy[start + a]
      steps++
    })
  }
  return Float64Array.from(theta, (value, row) => (steps === 0 ? value : value + (step * gradient[row]) / steps))
}
