import { GuerdonError, Random } from '@guerdon/core'
import type { WorldDefinition } from '../world/definition.ts'
import { sizeOf } from '../world/space.ts'

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

/** Writes `count` uniform draws in [low, high) to `states[at …]`. */
export function drawUniform(
  states: Float64Array,
  at: number,
  draws: { readonly random: Random; readonly count: number; readonly low: number; readonly high: number },
): void {
  for (let i = 0; i < draws.count; i++) states[at + i] = draws.random.uniform(draws.low, draws.high)
}

/**
 * The pure face of a world whose steps draw nothing: states in, new states out. Discrete actions must be in range,
 * continuous ones finite; the dynamics clip them.
 */
export function dynamicsOf<Action extends number | readonly number[] = number>(
  world: WorldDefinition,
): Dynamics<Action> {
  const { name, actionSpace, observationSpace, stateSize } = world
  const unused = new Random(0)
  const observationSize = sizeOf(observationSpace)
  return {
    name,
    ...(actionSpace.kind === 'discrete'
      ? { actionCount: actionSpace.count }
      : {
          actionBounds: actionSpace.low.map(
            (low, i) => [low ?? Number.NEGATIVE_INFINITY, actionSpace.high[i] ?? Number.POSITIVE_INFINITY] as const,
          ),
        }),
    stateSize,
    observationSize,
    horizon: world.horizon,
    reset: random => {
      const state = new Float64Array(stateSize)
      world.start(state, 0, random)
      return state
    },
    step: (state, action) => {
      const actions = typeof action === 'number' ? Float64Array.of(action) : Float64Array.from(action)
      if (actionSpace.kind === 'discrete') assertDiscreteAction(actions[0], actionSpace.count, name)
      else for (const value of actions) assertFiniteAction(value, name)
      const next = state.slice()
      const outcome = { reward: 0, terminated: false }
      world.advance(next, 0, actions, 0, outcome, unused)
      return { state: next, ...outcome }
    },
    observe: state => {
      const observation = new Float32Array(observationSize)
      world.observe(state, 0, observation, 0)
      return observation
    },
  }
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
