import { assertSameLength } from '@guerdon/core'
import { initialMeanStd, type RunningMeanStd, runningStd, updateMeanStd } from '../../shared/running-mean-std.ts'

/** Running discounted return per environment with the spread of all of them; plain JSON. */
export interface RewardNormaliserState {
  /** [N] */
  readonly returns: readonly number[]
  readonly moments: RunningMeanStd
}

/** State for N environments. */
export function initialRewardNormaliser(environments: number): RewardNormaliserState {
  return { returns: new Array<number>(environments).fill(0), moments: initialMeanStd(1) }
}

/**
 * Continuous PPO's reward scaling, one step: R ← γR(1 − terminated) + r, running variance of R, r/√(var + 1e-8) clipped
 * to ±10. Never centred, so it keeps the sign. It hides reward scale: switch it off when reward designs are compared.
 *
 * @param rewards [N] @param terminated [N]
 */
export function normaliseRewards(
  state: RewardNormaliserState,
  rewards: ArrayLike<number>,
  terminated: ArrayLike<number>,
  options: {
    /** Default 0.99. */ readonly discount?: number /** ±bound, Infinity for none. Default 10. */
    readonly clip?: number
  } = {},
): { readonly rewards: Float64Array; readonly state: RewardNormaliserState } {
  const { discount = 0.99, clip = 10 } = options
  assertSameLength(state.returns, 'the environments of the state', rewards, 'rewards')
  assertSameLength(rewards, 'rewards', terminated, 'terminated')
  const returns = state.returns.map((value, n) => discount * value * (1 - terminated[n]) + rewards[n])
  const moments = updateMeanStd(
    state.moments,
    returns.map(value => [value]),
  )
  const scale = Math.sqrt(moments.variance[0] + 1e-8)
  return {
    rewards: Float64Array.from(rewards, reward => Math.max(-clip, Math.min(clip, reward / scale))),
    state: { returns, moments },
  }
}

/** (x − mean)/√(var + 1e-8), clipped to ±10. */
export function normaliseObservation(
  moments: RunningMeanStd,
  observation: ArrayLike<number>,
  options: { /** Default 10. */ readonly clip?: number } = {},
): Float64Array {
  const { clip = 10 } = options
  const std = runningStd(moments)
  return Float64Array.from(observation, (x, j) =>
    Math.max(-clip, Math.min(clip, (x - moments.mean[j]) / Math.sqrt(std[j] ** 2 + 1e-8))),
  )
}
