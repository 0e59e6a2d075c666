import { assertInRange, assertInteger, GuerdonError, type Random, sigmoid } from '@guerdon/core'

/** One step of a tabular episode. */
export interface TabularStep {
  readonly state: number
  readonly action: number
  /** [A] π(·|s) at sampling time, never the current policy. */
  readonly probabilities: ArrayLike<number>
  /** Reward of the original task. */
  readonly reward: number
}

/** G_t = r_t + γ·G_{t+1}, `[T]`. */
export function discountedReturns(rewards: ArrayLike<number>, discount: number): Float64Array {
  const returns = new Float64Array(rewards.length)
  let next = 0
  for (let t = rewards.length - 1; t >= 0; t--) returns[t] = next = rewards[t] + discount * next
  return returns
}

/** Choices of the exploration bonus. */
export interface ExplorationBonusOptions {
  /** λ. Default 1. */
  readonly lambda?: number
  /** B_max, the bonus of a state never visited. Default 1. */
  readonly maximum?: number
  /** State without a bonus; null for none. Default null. */
  readonly terminalState?: number | null
}

/**
 * Count-based bonus B(s′) = λ / sqrt((λ/B_max)² + w(s′)); 0 at the terminal state. Per step the bonus of s′ is computed
 * with the counts so far, and only then is the state left counted.
 *
 * @param visits w(s′) ≥ 0
 * Source: Devidze et al. 2022, eq. (5); `R_explore`.
 */
export function explorationBonus(state: number, visits: number, options: ExplorationBonusOptions = {}): number {
  const { lambda = 1, maximum = 1, terminalState = null } = options
  assertInRange(visits, 'visits', 0, Number.MAX_VALUE)
  if (!(lambda > 0 && maximum > 0))
    throw new GuerdonError('invalid_option', `expected lambda and maximum above 0; got ${lambda} and ${maximum}`)
  if (terminalState !== null && state === terminalState) return 0
  return lambda / Math.sqrt((lambda / maximum) ** 2 + visits)
}

/** Choices of the self-supervised update. */
export interface SelfRsOptions {
  readonly discount: number
  /** Step on φ. Default 0.01. */
  readonly step?: number
  /** Step on V. Default 0.01. */
  readonly criticStep?: number
  /** ±bound on φ; null for none. Default null. */
  readonly clip?: number | null
}

/**
 * SelfRS: one meta-gradient step of the intrinsic reward φ on the buffer, from returns Ḡ of the **original** reward and
 * V frozen during the sweep: q_t = π(a_t|s_t)·(Ḡ_t − V(s_t)); ∇φ(s_t,a_t) += q_t, ∇φ(s_t,·) −= π(·|s_t)·q_t; φ +=
 * step·∇φ (a sum, not a mean). Afterwards V(s) += criticStep·Σ(Ḡ − V)/N over all N steps. Episodes of length 0 are
 * skipped; no step, no change.
 *
 * @param phi [S·A]; not changed
 * @param value [S]; not changed
 * Source: Devidze et al. 2022, eq. (4); `update_SelfRS`.
 */
export function selfRsUpdate(
  phi: ArrayLike<number>,
  value: ArrayLike<number>,
  episodes: readonly (readonly TabularStep[])[],
  options: SelfRsOptions,
): { readonly phi: Float64Array; readonly value: Float64Array } {
  const { discount, step = 0.01, criticStep = 0.01, clip = null } = options
  const gradient = new Float64Array(phi.length)
  const critic = new Float64Array(value.length)
  let steps = 0
  for (const episode of episodes) {
    const returns = discountedReturns(
      episode.map(visit => visit.reward),
      discount,
    )
    episode.forEach(({ state, action, probabilities }, t) => {
      const error = returns[t] - value[state]
      const q = probabilities[action] * error
      const start = state * probabilities.length
      gradient[start + action] += q
      for (let a = 0; a < probabilities.length; a++) gradient[start + a] -= probabilities[a] * q
      critic[state] += error
      steps++
    })
  }
  const newPhi = Float64Array.from(phi, (old, row) => {
    const moved = old + step * gradient[row]
    return clip === null ? moved : Math.min(clip, Math.max(-clip, moved))
  })
  const newValue = Float64Array.from(value, (old, s) => (steps === 0 ? old : old + (criticStep * critic[s]) / steps))
  return { phi: newPhi, value: newValue }
}

/**
 * SORS: fits the intrinsic reward to the order of original returns. For every ordered pair (i, j) of episodes with Ḡᵢ >
 * Ḡⱼ, at most `maxPairs` of them (drawn with replacement from `random` when there are more), a Bradley–Terry step on
 * discounted intrinsic returns F: φ −= step·mean_pairs[−(1 − σ(Fᵢ − Fⱼ))·(∇Fᵢ − ∇Fⱼ)]. No pair, no change.
 *
 * The logistic of the difference is used, where the code's exp(a)/(exp(a)+exp(b)) overflows.
 * Source: Memarian et al. 2021 as in `update_sors`.
 */
export function sorsUpdate(
  phi: ArrayLike<number>,
  episodes: readonly (readonly Omit<TabularStep, 'probabilities'>[])[],
  options: {
    readonly discount: number
    readonly actionCount: number
    /** Default 0.01. */ readonly step?: number
    /** Default 10. */ readonly maxPairs?: number
    readonly random?: Random
  },
): Float64Array {
  const { discount, actionCount, step = 0.01, maxPairs = 10, random } = options
  assertInteger(maxPairs, 'maxPairs', 1)
  const outcomes = episodes.map(episode => {
    let original = 0
    let intrinsic = 0
    const features = new Float64Array(phi.length)
    episode.forEach(({ state, action, reward }, t) => {
      const factor = discount ** t
      const row = state * actionCount + action
      features[row] += factor
      intrinsic += factor * phi[row]
      original += factor * reward
    })
    return { original, intrinsic, features }
  })
  let pairs: [number, number][] = []
  for (let i = 0; i < outcomes.length; i++)
    for (let j = 0; j < outcomes.length; j++) if (outcomes[i].original > outcomes[j].original) pairs.push([i, j])
  if (pairs.length > maxPairs) {
    if (!random) {
      throw new GuerdonError(
        'invalid_option',
        `expected \`random\` to draw ${maxPairs} of ${pairs.length} pairs; it is missing`,
        {
          path: ['random'],
          hint: 'give a seeded Random, or raise maxPairs',
        },
      )
    }
    const all = pairs
    pairs = Array.from({ length: maxPairs }, () => random.choice(all))
  }
  const result = Float64Array.from(phi)
  for (const [i, j] of pairs) {
    const pull = (step * (1 - sigmoid(outcomes[i].intrinsic - outcomes[j].intrinsic))) / pairs.length
    for (let row = 0; row < result.length; row++)
      result[row] += pull * (outcomes[i].features[row] - outcomes[j].features[row])
  }
  return result
}

/** What is due after an episode of ExploRS. */
export interface ExploRsPlan {
  /** Update φ, then V, on the whole buffer with original returns. */
  readonly updateReward: boolean
  /** Update the policy on the newest episodes with the shaped returns of their collection time. */
  readonly updatePolicy: boolean
}

/** Settings of the tabular experiments. */
export const exploRsSettings = {
  bufferEpisodes: 10,
  policyEpisodes: 5,
  rewardInterval: 5,
  policyInterval: 2,
  rewardStep: 0.01,
  criticStep: 0.01,
  policyStep: 0.1,
  neural: {
    hidden: 256,
    rewardStep: 1e-3,
    criticStep: 5e-3,
    policyStep: 1e-5,
    rewardInterval: 20,
    outputScale: 0.1,
    bin: 0.1,
    warmUpEpisodes: 5000,
    warmUpUpdates: 100,
  },
} as const

/** Order of work after episode i (from 0): every 5th φ and V, every 2nd the policy, in that order. */
export function exploRsPlan(
  episode: number,
  options: { readonly rewardInterval?: number; readonly policyInterval?: number } = {},
): ExploRsPlan {
  const { rewardInterval = 5, policyInterval = 2 } = options
  assertInteger(episode, 'episode')
  return { updateReward: (episode + 1) % rewardInterval === 0, updatePolicy: (episode + 1) % policyInterval === 0 }
}

/** Cell of a real-valued state for visit counts: each coordinate divided by `size` (default 0.1) and floored. */
export function stateBin(state: ArrayLike<number>, options: { readonly size?: number } = {}): readonly number[] {
  const { size = 0.1 } = options
  return Array.from(state, x => Math.floor(x / size + 1e-9))
}
