import { assertSameLength, GuerdonError } from '@guerdon/core'
import { type FiniteMdp, shapeRewardTable, valueIteration, withRewards } from '../../shared/tabular.ts'
import { auxiliaryChannel, checkTransitions, type TransitionShaper } from '../../shared/transition-shaper.ts'

/** An episode with potential-based shaping. */
export interface ShapedEpisode {
  /** [T] F_t = γΦ(s_{t+1}) − Φ(s_t). */
  readonly shaping: Float64Array
  /** Discounted return of the rewards alone. */
  readonly originalReturn: number
  readonly shapedReturn: number
  /** shapedReturn − originalReturn = γ^T Φ(s_T) − Φ(s_0). */
  readonly difference: number
}

/**
 * Shapes one episode. Φ of a terminal last state is 0 whatever was given; under *truncation* it stays (and the learner
 * bootstraps).
 *
 * @param rewards [T] @param potential [T+1] Φ of every state, the last one included
 */
export function shapeEpisode(
  rewards: ArrayLike<number>,
  potential: ArrayLike<number>,
  options: {
    /** Default 0.99. */ readonly discount?: number /** Default true. */
    readonly lastStateIsTerminal?: boolean
  } = {},
): ShapedEpisode {
  const { discount = 0.99, lastStateIsTerminal = true } = options
  const steps = rewards.length
  if (potential.length !== steps + 1)
    throw new GuerdonError('shape_mismatch', `expected ${steps + 1} potentials; got ${potential.length}`, {
      path: ['potential'],
      hint: 'one for every state, the one after the last step included',
    })
  const at = (t: number) => (t === steps && lastStateIsTerminal ? 0 : potential[t])
  const shaping = Float64Array.from({ length: steps }, (_, t) => discount * at(t + 1) - at(t))
  let originalReturn = 0
  let shapedReturn = 0
  for (let t = steps - 1; t >= 0; t--) {
    originalReturn = rewards[t] + discount * originalReturn
    shapedReturn = rewards[t] + shaping[t] + discount * shapedReturn
  }
  return { shaping, originalReturn, shapedReturn, difference: shapedReturn - originalReturn }
}

/** Exact solutions with and without a potential. */
export interface ShapingInvariance {
  /** [S·A] */
  readonly shapedRewards: Float64Array
  /** [S·A] each; the shaped one equals the original minus Φ(s). */
  readonly qOriginal: Float64Array
  readonly qShaped: Float64Array
  /** [S] each; equal when Φ of absorbing states is 0. */
  readonly greedyOriginal: Int32Array
  readonly greedyShaped: Int32Array
}

/**
 * Solves an MDP with its own rewards and with R + γTΦ − Φ (Ng, Harada and Russell 1999): Q′ = Q − Φ and the greedy
 * policy stays.
 */
export function shapingInvariance(
  mdp: FiniteMdp,
  potential: ArrayLike<number>,
  options: { /** Default 1e-12. */ readonly tolerance?: number } = {},
): ShapingInvariance {
  const { tolerance = 1e-12 } = options
  const shapedRewards = shapeRewardTable(mdp, potential)
  const original = valueIteration(mdp, { tolerance })
  const shaped = valueIteration(withRewards(mdp, shapedRewards), { tolerance })
  return {
    shapedRewards,
    qOriginal: original.q,
    qShaped: shaped.q,
    greedyOriginal: original.policy,
    greedyShaped: shaped.policy,
  }
}

/**
 * Potential-based shaping of transitions: r + γΦ(s′)·(1 − terminated) − Φ(s), from the auxiliary channels `potential`
 * and `nextPotential`. Truncated steps keep Φ(s′).
 */
export function potentialShaper(
  options: { /** Default 0.99. */ readonly discount?: number } = {},
): TransitionShaper<null> {
  const { discount = 0.99 } = options
  return {
    name: 'envs-and-baselines-rl.potential',
    initial: () => null,
    shape: (transitions, state) => {
      const count = checkTransitions(transitions)
      const before = auxiliaryChannel(transitions, 'potential')
      const after = auxiliaryChannel(transitions, 'nextPotential')
      assertSameLength(before, 'potential', after, 'nextPotential')
      const shaping = Float64Array.from(
        { length: count },
        (_, i) => (transitions.terminated[i] ? 0 : discount * after[i]) - before[i],
      )
      return { reward: transitions.reward.map((r, i) => r + shaping[i]), components: { shaping }, state }
    },
  }
}
