import { assertInRange } from '@guerdon/core'
import type { TabularWorld } from '@guerdon/worlds/grid/tabular-world'
import { softmaxTable } from './softmax-table.ts'
import { type TabularLearner, type TabularOptions, tabularLearner } from './tabular-learner.ts'

/** Choices of tabular REINFORCE. */
export interface ReinforceOptions extends TabularOptions {
  /** Step of the policy. Default 0.1. */
  readonly step?: number
  /** Step of the baseline in [0, 1]; 0 is REINFORCE without one. Default 0.1. */
  readonly baselineStep?: number
  /** Episodes of one gradient, which is also one update. Default 10. */
  readonly episodesPerUpdate?: number
}

/**
 * REINFORCE with a state-value baseline on a finite world (Williams 1992; Sutton and Barto 2018, §13.4). With Â_t = G_t −
 * b(s_t) over the N steps of an update's episodes:
 *
 *   θ(s_t,·) += step/N · Â_t · (1[· = a_t] − π(·|s_t)),  then b(s_t) += baselineStep·(G_t − b(s_t)), step by step
 *
 * G_t is the discounted sum of rewards to the end of the episode, to which an episode that the horizon cut off adds
 * γ^(T−t)·b(s_T): its value goes on. The policy is softmax of θ, all zero at first. With `baselineStep: 0` and episodes that
 * all terminate it is `tabularReinforceUpdate` of the methods package.
 */
export function createReinforce(world: TabularWorld, options: ReinforceOptions): TabularLearner {
  const { step = 0.1, baselineStep = 0.1, episodesPerUpdate = 10 } = options
  assertInRange(step, 'step', 0, Number.MAX_VALUE)
  assertInRange(baselineStep, 'baselineStep', 0, 1)
  const { discount } = world
  const { logits, values: baseline, choose, addGradient } = softmaxTable(world)
  const gradient = new Float64Array(logits.length)
  const seen: { state: Int32Array; value: Float64Array } = {
    state: new Int32Array(episodesPerUpdate * (options.horizon ?? world.horizon)),
    value: new Float64Array(episodesPerUpdate * (options.horizon ?? world.horizon)),
  }
  return tabularLearner(
    world,
    { ...options, episodesPerUpdate },
    {
      name: 'reinforce',
      settings: { step, baselineStep },
      tables: { logits, baseline },
      policy: { table: 'logits', kind: 'softmax' },
      learn(player, random, played) {
        const { episode } = player
        gradient.fill(0)
        let steps = 0
        for (let n = 0; n < episodesPerUpdate; n++) {
          player.play(choose, random)
          let value = episode.terminated ? 0 : baseline[episode.states[episode.length]]
          for (let t = episode.length - 1; t >= 0; t--) {
            const state = episode.states[t]
            value = episode.rewards[t] + discount * value
            addGradient(gradient, state, episode.actions[t], value - baseline[state])
            seen.state[steps] = state
            seen.value[steps++] = value
          }
          played()
        }
        for (let row = 0; row < logits.length; row++) logits[row] += (step * gradient[row]) / Math.max(1, steps)
        for (let k = 0; k < steps; k++)
          baseline[seen.state[k]] += baselineStep * (seen.value[k] - baseline[seen.state[k]])
      },
    },
  )
}
