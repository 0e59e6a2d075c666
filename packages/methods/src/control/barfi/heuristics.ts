import { assertSameLength, sigmoid } from '@guerdon/core'

/**
 * Returns of a learner that uses the heuristic as a state(-action) potential: shaping telescopes to G_t − aux_t, i.e.
 * only a baseline (terminal potential 0).
 *
 * @param primary [T] @param potential [T] heuristic as potential @param mask [T] 1 for real steps; all when absent
 * Source: `REINFORCEPotential.optimize`.
 */
export function potentialShapedReturns(
  primary: ArrayLike<number>,
  potential: ArrayLike<number>,
  options: { /** Default 0.99. */ readonly discount?: number; readonly mask?: ArrayLike<number> } = {},
): Float64Array {
  const { discount = 0.99, mask } = options
  assertSameLength(primary, 'primary', potential, 'potential')
  const returns = new Float64Array(primary.length)
  let next = 0
  for (let t = primary.length - 1; t >= 0; t--) {
    next = primary[t] * (mask ? mask[t] : 1) + discount * next
    returns[t] = next - potential[t]
  }
  return returns
}

/** A running mean as baseline of the MuJoCo variant; null before the first call. */
export interface ReturnBaseline {
  readonly mean: number | null
}

/**
 * Subtracts the running mean of returns (decay 0.9 for aligned returns, 0.99 for primary ones); the first call stores
 * and subtracts nothing.
 */
export function subtractReturnBaseline(
  returns: ArrayLike<number>,
  state: ReturnBaseline,
  options: { /** Default 0.9. */ readonly decay?: number } = {},
): { readonly returns: Float64Array; readonly state: ReturnBaseline } {
  const { decay = 0.9 } = options
  let mean = 0
  for (let i = 0; i < returns.length; i++) mean += returns[i] / returns.length
  const before = state.mean ?? 0
  return {
    returns: Float64Array.from(returns, value => value - before),
    state: { mean: state.mean === null ? mean : decay * state.mean + (1 - decay) * mean },
  }
}

/** Error of the pole angle at the previous step; plain JSON. */
export interface ControllerState {
  readonly previous: number
}

/** Before the first step of an episode. */
export const initialController: ControllerState = { previous: 0 }

/** A vote of the controller. */
export interface ControllerVote {
  /** u = P·θ + D·(θ − θ_previous). */
  readonly signal: number
  /** round(σ(u)): 1 pushes right. */
  readonly action: 0 | 1
  readonly state: ControllerState
}

/** The PD controller on CartPole's pole angle that votes an action. P 0.1, D 0.5 by default. */
export function controllerVote(
  angle: number,
  state: ControllerState,
  options: { readonly p?: number; readonly d?: number } = {},
): ControllerVote {
  const { p = 0.1, d = 0.5 } = options
  const signal = p * angle + d * (angle - state.previous)
  return { signal, action: sigmoid(signal) > 0.5 ? 1 : 0, state: { previous: angle } }
}

/** Heuristic rewards of CartPole by agreement with the controller: [agree, disagree]. */
export const controllerHeuristics = { best: [5, -1], good: [1, 0], bad: [-5, 1] } as const

/** Reward of an action that agrees with the vote or not; 0 on a terminal step. */
export function controllerReward(
  action: number,
  vote: number,
  rewards: readonly [agree: number, disagree: number],
  options: { readonly terminal?: boolean } = {},
): number {
  if (options.terminal) return 0
  return action === vote ? rewards[0] : rewards[1]
}

/**
 * MountainCar's heuristic: +size for pushing along the current velocity, −size against it (a bad one has the sign
 * turned); 0 without a push.
 */
export function momentumReward(
  push: number,
  velocity: number,
  options: { /** Default 5. */ readonly size?: number } = {},
): number {
  const { size = 5 } = options
  return size * Math.sign(push) * Math.sign(velocity)
}
