import { GuerdonError, type Random } from '@guerdon/core'

/** What one step leads to. Time limits are not part of the dynamics: whoever runs an episode truncates at `horizon`. */
export interface Step<State> {
  readonly state: State
  readonly reward: number
  /** The task ended by its own rule; stepping on is an error. */
  readonly terminated: boolean
}

/** Pure dynamics of one world: nothing is kept between calls, so any number of copies run side by side. */
export interface Dynamics<Action = number> {
  readonly name: string
  /** Number of discrete actions; absent for continuous ones. */
  readonly actionCount?: number
  /** Bounds of each continuous action; absent for discrete ones. */
  readonly actionBounds?: readonly (readonly [low: number, high: number])[]
  readonly stateSize: number
  readonly observationSize: number
  /** Steps after which an episode is truncated. */
  readonly horizon: number
  /** A start state. Draws in the order of the state's entries. */
  reset(random: Random): Float64Array
  /** Must not change `state`. */
  step(state: Float64Array, action: Action): Step<Float64Array>
  /** What the agent sees, in float32 as the reference environments give it. */
  observe(state: Float64Array): Float32Array
}

/** Throws unless the action is one of 0 … count−1. */
export function assertDiscreteAction(action: number, count: number, world: string): void {
  if (Number.isInteger(action) && action >= 0 && action < count) return
  throw new GuerdonError('invalid_input', `expected an action in 0 … ${count - 1} for ${world}; got ${action}`, {
    path: ['action'],
  })
}

/** Throws for a NaN or infinite action. */
export function assertFiniteAction(action: number, world: string): void {
  if (Number.isFinite(action)) return
  throw new GuerdonError('not_finite', `expected a finite action for ${world}; got ${action}`, { path: ['action'] })
}

/** x limited to [low, high]. */
export function clamp(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x))
}

/** `count` uniform draws in [low, high). */
export function uniforms(random: Random, count: number, low: number, high: number): Float64Array {
  return Float64Array.from({ length: count }, () => random.uniform(low, high))
}

/** States, rewards and end flags of a fixed list of actions, stopping at the first terminal step. */
export interface Trace {
  readonly states: readonly Float64Array[]
  readonly rewards: readonly number[]
  readonly terminated: readonly boolean[]
}

/** Follows `actions` from `initial`. */
export function follow<Action>(
  dynamics: Dynamics<Action>,
  initial: ArrayLike<number>,
  actions: readonly Action[],
): Trace {
  const states: Float64Array[] = []
  const rewards: number[] = []
  const terminated: boolean[] = []
  let state: Float64Array = Float64Array.from(initial)
  for (const action of actions) {
    const step = dynamics.step(state, action)
    state = step.state
    states.push(state)
    rewards.push(step.reward)
    terminated.push(step.terminated)
    if (step.terminated) break
  }
  return { states, rewards, terminated }
}
