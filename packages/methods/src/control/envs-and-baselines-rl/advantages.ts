import { assertInteger, assertProbability, assertSameLength, GuerdonError } from '@guerdon/core'
import { discountedReturns } from '../reward-design-thesis/explo-rs.ts'

/** A block of T steps from N environments side by side, flat by step: entry `t·N + n`. */
export interface EnvironmentBlock {
  /** [T·N] */
  readonly rewards: ArrayLike<number>
  /** [T·N] V of the observation the action was taken on. */
  readonly values: ArrayLike<number>
  /** [T·N] 1 where the observation at t begins a new episode (done BEFORE the step). */
  readonly dones: ArrayLike<number>
  /** [N] V of the observation after the last step. */
  readonly nextValue: ArrayLike<number>
  /** [N] 1 where that observation begins a new episode. */
  readonly nextDone: ArrayLike<number>
}

/** Choices of `blockAdvantages`. */
export interface BlockAdvantageOptions {
  /** γ. Default 0.99. */
  readonly gamma?: number
  /** λ. Default 0.95. */
  readonly lambda?: number
  /**
   * [T·N] V of the true last observation where the step was cut off by a time limit, 0 elsewhere: added as γV to that
   * step's reward, so truncation is not taken for termination. CleanRL's PPO has none and does not bootstrap at
   * truncation; neither does the default.
   */
  readonly truncationValues?: ArrayLike<number>
}

/**
 * Generalised advantage estimation over environment blocks: δ_t = r_t + γV_{t+1}(1 − d_{t+1}) − V_t, A_t = δ_t + γλ(1 −
 * d_{t+1})A_{t+1}; returns A + V.
 *
 * Differs from `generalizedAdvantages` of the shared modules in layout: fixed blocks that cut episodes anywhere and
 * bootstrap at their end, done flags one step late. CleanRL `ppo.py`.
 *
 * @returns [T·N] each
 */
export function blockAdvantages(
  block: EnvironmentBlock,
  options: BlockAdvantageOptions = {},
): { readonly advantages: Float64Array; readonly returns: Float64Array } {
  const { gamma = 0.99, lambda = 0.95, truncationValues } = options
  const { rewards, values, dones, nextValue, nextDone } = block
  assertProbability(gamma, 'gamma')
  assertProbability(lambda, 'lambda')
  assertSameLength(rewards, 'rewards', values, 'values')
  assertSameLength(rewards, 'rewards', dones, 'dones')
  assertSameLength(nextValue, 'nextValue', nextDone, 'nextDone')
  const width = nextValue.length
  if (width === 0 || rewards.length % width !== 0)
    throw new GuerdonError(
      'shape_mismatch',
      `expected a multiple of ${width} rewards, one a step and environment; got ${rewards.length}`,
      { path: ['rewards'] },
    )
  const advantages = new Float64Array(rewards.length)
  const returns = new Float64Array(rewards.length)
  for (let i = rewards.length - 1; i >= 0; i--) {
    const last = i + width >= rewards.length
    const goesOn = 1 - (last ? nextDone[i % width] : dones[i + width])
    const value = last ? nextValue[i % width] : values[i + width]
    const later = last ? 0 : advantages[i + width]
    const reward = rewards[i] + (truncationValues ? gamma * truncationValues[i] : 0)
    const delta = reward + gamma * value * goesOn - values[i]
    advantages[i] = delta + gamma * lambda * goesOn * later
    returns[i] = advantages[i] + values[i]
  }
  return { advantages, returns }
}

/**
 * n-step targets of one episode: Σ_{k<n} γ^k r_{t+k} + γ^n V_{t+n}, cut at the episode's end, where the last state
 * counts 0 if terminal and V_T if truncated. A2C uses n = 5.
 *
 * @param rewards [T] @param values [T+1], the last for the state after the last step
 * @returns [T]
 */
export function nStepReturns(
  rewards: ArrayLike<number>,
  values: ArrayLike<number>,
  options: {
    /** Default 0.99. */ readonly gamma?: number
    /** Default 5. */ readonly n?: number
    /** Default true. */ readonly lastStateIsTerminal?: boolean
  } = {},
): Float64Array {
  const { gamma = 0.99, n = 5, lastStateIsTerminal = true } = options
  assertInteger(n, 'n', 1)
  if (values.length !== rewards.length + 1)
    throw new GuerdonError('shape_mismatch', `expected ${rewards.length + 1} values; got ${values.length}`, {
      path: ['values'],
    })
  return Float64Array.from({ length: rewards.length }, (_, t) => {
    const end = Math.min(t + n, rewards.length)
    let target = end === rewards.length && lastStateIsTerminal ? 0 : values[end]
    for (let k = end - 1; k >= t; k--) target = rewards[k] + gamma * target
    return target
  })
}

/** G_t and G_t − b(s_t) of one episode, `[T]` each. */
export function baselineAdvantages(
  rewards: ArrayLike<number>,
  baseline: ArrayLike<number>,
  options: { readonly gamma?: number } = {},
): { readonly returns: Float64Array; readonly advantages: Float64Array } {
  const { gamma = 0.99 } = options
  assertSameLength(rewards, 'rewards', baseline, 'baseline')
  const returns = discountedReturns(rewards, gamma)
  return { returns, advantages: returns.map((value, t) => value - baseline[t]) }
}
