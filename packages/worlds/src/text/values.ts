import { assertInteger, assertProbability, GuerdonError, type Random } from '@guerdon/core'
import type { TextWorld } from './text-world.ts'

/** Probability of each of the actions that `world.actions(state)` names, in their order; they sum to 1. */
export type ListedPolicy<State> = (state: State, actions: readonly Int32Array[]) => ArrayLike<number>

/** Any policy: an action, drawn with the generator where there is a choice. */
export type SampledPolicy<State> = (state: State, random: Random) => ArrayLike<number>

/** Options of exact values. */
export interface TrueValueOptions {
  /** Turns looked ahead; what comes later counts 0. Default: to the end of the episode. */
  readonly depth?: number
  /** γ, in [0, 1]. Default 1. */
  readonly discount?: number
  /** Most states that are enumerated. Default 100 000. */
  readonly maximumStates?: number
}

/** Exact values of a state under a policy. */
export interface StateValues {
  /** V(s) = Σ π(a|s) Q(s, a); 0 after the end. */
  readonly value: number
  readonly actions: readonly Int32Array[]
  /** [actions] π(a|s). */
  readonly probabilities: Float64Array
  /** [actions] Q(s, a) = r + γ V(s′). */
  readonly actionValues: Float64Array
  /** [actions] A(s, a) = Q(s, a) − V(s). */
  readonly advantages: Float64Array
}

/** Exact values of all states of a world under one policy; states met again are looked up. */
export interface ValueTable<State> {
  at(state: State): StateValues
  /** Q(s, a) of any action, listed or not: one step, and the policy from there. */
  actionValue(state: State, action: ArrayLike<number>): number
  /** A(s, a) of any action: the true credit of a turn, which credit assignment tries to find. */
  advantage(state: State, action: ArrayLike<number>): number
}

/**
 * Exact values by enumeration: V and Q of the world's own reward when the policy chooses among `world.actions(state)`. A
 * world's step is deterministic, so the tree of its actions is all there is; equal states are computed once. For small
 * tasks: easy levels, or a short depth. An error for a world without `actions`, and where there are too many states.
 *
 * @throws unsupported for a world that does not list its actions, beyond `maximumStates`, and without a `depth` for a
 *   world whose states come again
 * @throws invalid_input when the policy's numbers are not one probability an action
 */
export function valueTable<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  policy: ListedPolicy<State>,
  options: TrueValueOptions = {},
): ValueTable<State> {
  const { depth = world.maximumTurns, discount = 1, maximumStates = 100_000 } = options
  assertInteger(depth, 'depth', 1)
  assertProbability(discount, 'discount')
  const known = new Map<string, number | 'open'>()

  function stateValue(state: State, left: number): number {
    // Without a depth of its own the turns left are part of the state.
    const key = `${options.depth === undefined ? '' : left} ${JSON.stringify(state)}`
    const found = known.get(key)
    if (found === 'open') throw withoutEnd(world.name)
    if (found !== undefined) return found
    if (known.size >= maximumStates) throw tooMany(world.name, maximumStates)
    known.set(key, 'open')
    const actions = listed(world, state)
    const probabilities = checked(policy(state, actions), actions.length, world.name)
    let value = 0
    actions.forEach((action, i) => {
      if (probabilities[i] > 0) value += probabilities[i] * after(state, action, left)
    })
    known.set(key, value)
    return value
  }

  function after(state: State, action: ArrayLike<number>, left: number): number {
    const { state: next, reward, terminated, truncated } = world.step(state, action)
    return reward + (terminated || truncated || left <= 1 ? 0 : discount * stateValue(next, left - 1))
  }

  return {
    at(state) {
      const actions = listed(world, state)
      const probabilities = checked(policy(state, actions), actions.length, world.name)
      const actionValues = Float64Array.from(actions, action => after(state, action, depth))
      const value = actionValues.reduce((sum, q, i) => sum + probabilities[i] * q, 0)
      return { value, actions, probabilities, actionValues, advantages: actionValues.map(q => q - value) }
    },
    actionValue: (state, action) => after(state, action, depth),
    advantage: (state, action) => after(state, action, depth) - stateValue(state, depth),
  }
}

/** Exact values of one state; see `valueTable`, which is faster for several. */
export function trueValues<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  state: State,
  policy: ListedPolicy<State>,
  options: TrueValueOptions = {},
): StateValues {
  return valueTable(world, policy, options).at(state)
}

/** Options of values by branching. */
export interface BranchOptions {
  /** Episodes played from the state, at least 2. */
  readonly rollouts: number
  /** Rollout i draws from `random.split(i)`, so that it is the same whatever the others do. */
  readonly random: Random
  /** γ, in [0, 1]. Default 1. */
  readonly discount?: number
  /** The first action of all rollouts: the value is then Q(s, a). Default: the policy's own, which gives V(s). */
  readonly action?: ArrayLike<number>
}

/** A value estimated from episodes. */
export interface BranchValue {
  readonly mean: number
  /** Standard deviation of the returns (ddof 1) over √rollouts. */
  readonly standardError: number
  /** [rollouts] discounted return of each. */
  readonly returns: Float64Array
}

/** Value of a state, or of an action in it, as the mean return of episodes that branch off there, under any policy. */
export function branchValue<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  state: State,
  policy: SampledPolicy<State>,
  { rollouts, random, discount = 1, action }: BranchOptions,
): BranchValue {
  assertInteger(rollouts, 'rollouts', 2)
  assertProbability(discount, 'discount')
  const returns = Float64Array.from({ length: rollouts }, (_, i) => {
    const stream = random.split(i)
    let total = 0
    let weight = 1
    let now = state
    for (let chosen = action ?? policy(now, stream); ; chosen = policy(now, stream)) {
      const { state: next, reward, terminated, truncated } = world.step(now, chosen)
      total += weight * reward
      if (terminated || truncated) return total
      weight *= discount
      now = next
    }
  })
  const mean = returns.reduce((sum, value) => sum + value, 0) / rollouts
  const squares = returns.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, standardError: Math.sqrt(squares / (rollouts - 1) / rollouts), returns }
}

/** A policy given by probabilities as one that draws: one categorical draw a turn. */
export function sampledPolicy<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  policy: ListedPolicy<State>,
): SampledPolicy<State> {
  return (state, random) => {
    const actions = listed(world, state)
    return actions[random.categorical(checked(policy(state, actions), actions.length, world.name))]
  }
}

function listed<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  state: State,
): readonly Int32Array[] {
  if (world.actions) return world.actions(state)
  throw new GuerdonError('unsupported', `expected a world that lists its actions; got ${world.name}`, {
    hint: 'use branchValue with a policy of your own',
  })
}

function checked(given: ArrayLike<number>, count: number, world: string): Float64Array {
  const probabilities = Float64Array.from(given)
  const sum = probabilities.reduce((total, p) => total + p, 0)
  // An ended state has no actions, and nothing to choose.
  const sound = count === 0 ? sum === 0 : Math.abs(sum - 1) <= 1e-9 && probabilities.every(p => p >= 0)
  if (probabilities.length === count && sound) return probabilities
  const got = `${probabilities.length} numbers with sum ${sum}`
  throw new GuerdonError(
    'invalid_input',
    `expected a probability for each of ${count} actions; got ${got} in ${world}`,
    {
      path: ['policy'],
    },
  )
}

function withoutEnd(world: string): GuerdonError {
  return new GuerdonError(
    'unsupported',
    `expected states of ${world} that count their turns; got one that comes again`,
    {
      hint: 'give a depth',
    },
  )
}

function tooMany(world: string, maximum: number): GuerdonError {
  return new GuerdonError('unsupported', `expected at most ${maximum} states of ${world}; got more`, {
    hint: 'lower the depth, take an easier task, or use branchValue',
  })
}
