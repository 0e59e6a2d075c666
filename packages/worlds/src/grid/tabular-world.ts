import { assertInteger, GuerdonError } from '@guerdon/core'

/**
 * A finite world as a table, stored sparsely: row `state·A + action` owns entries `offsets[row] … offsets[row+1] − 1`
 * of `nextStates` (ascending) and `probabilities`. Solvers of the methods package read it as it stands.
 */
export interface TabularWorld {
  readonly name: string
  readonly stateCount: number
  readonly actionCount: number
  readonly actionNames: readonly string[]
  /** [S·A+1] */
  readonly offsets: Int32Array
  readonly nextStates: Int32Array
  readonly probabilities: Float64Array
  /** [S·A] */
  readonly rewards: Float64Array
  readonly discount: number
  /** [S] distribution of the first state. */
  readonly initial: Float64Array
  /** Absorbing state that pays nothing. */
  readonly terminalState: number
  /** Steps after which an episode is truncated. */
  readonly horizon: number
  /** How the states lie, where they lie in a plane. */
  readonly layout?: TabularLayout
}

/** State s lies in column s mod `columns` of row ⌊s / columns⌋; rows grow upwards; later states lie nowhere. */
export interface TabularLayout {
  readonly columns: number
  readonly rows: number
  readonly goal?: number
  /** States with a wall between them and the state below. */
  readonly wallsBelow?: ReadonlySet<number>
  /** States with a wall between them and the state to their left. */
  readonly wallsLeft?: ReadonlySet<number>
}

/** What a table is made from. */
export interface TabularWorldParts
  extends Pick<TabularWorld, 'name' | 'actionNames' | 'discount' | 'terminalState' | 'horizon' | 'layout'> {
  readonly stateCount: number
  readonly start: number
  /** Probabilities of the next states of a row; several entries for one state add up. */
  transitions(state: number, action: number): readonly (readonly [nextState: number, probability: number])[]
  reward(state: number, action: number): number
}

/** Builds the table; entries of probability 0 are left out. */
export function tabularWorld(parts: TabularWorldParts): TabularWorld {
  const { stateCount, actionNames } = parts
  const actionCount = actionNames.length
  const offsets = new Int32Array(stateCount * actionCount + 1)
  const nextStates: number[] = []
  const probabilities: number[] = []
  const rewards = new Float64Array(stateCount * actionCount)
  for (let state = 0; state < stateCount; state++) {
    for (let action = 0; action < actionCount; action++) {
      const row = new Map<number, number>()
      for (const [next, probability] of parts.transitions(state, action))
        if (probability !== 0) row.set(next, (row.get(next) ?? 0) + probability)
      for (const [next, probability] of [...row].sort((a, b) => a[0] - b[0])) {
        nextStates.push(next)
        probabilities.push(probability)
      }
      offsets[state * actionCount + action + 1] = nextStates.length
      rewards[state * actionCount + action] = parts.reward(state, action)
    }
  }
  const initial = new Float64Array(stateCount)
  initial[parts.start] = 1
  return {
    name: parts.name,
    stateCount,
    actionCount,
    actionNames,
    offsets,
    nextStates: Int32Array.from(nextStates),
    probabilities: Float64Array.from(probabilities),
    rewards,
    discount: parts.discount,
    initial,
    terminalState: parts.terminalState,
    horizon: parts.horizon,
    ...(parts.layout && { layout: parts.layout }),
  }
}

/** Next states of a state and action with their probabilities, and the reward. */
export function transitionsOf(
  world: TabularWorld,
  state: number,
  action: number,
): { readonly nextStates: Int32Array; readonly probabilities: Float64Array; readonly reward: number } {
  const row = rowOf(world, state, action)
  return {
    nextStates: world.nextStates.subarray(world.offsets[row], world.offsets[row + 1]),
    probabilities: world.probabilities.subarray(world.offsets[row], world.offsets[row + 1]),
    reward: world.rewards[row],
  }
}

/**
 * One step: the next state is the first whose cumulated probability exceeds `uniform` ∈ [0, 1).
 * @throws invalid_input when the state is terminal already
 */
export function stepTabular(
  world: TabularWorld,
  state: number,
  action: number,
  uniform: number,
): { readonly state: number; readonly reward: number; readonly terminated: boolean } {
  if (state === world.terminalState) {
    throw new GuerdonError(
      'invalid_input',
      `expected a state that is not over; ${state} is terminal in ${world.name}`,
      {
        path: ['state'],
        hint: 'start a new episode',
      },
    )
  }
  const row = rowOf(world, state, action)
  const next = world.nextStates[drawEntry(world, row, uniform)]
  return { state: next, reward: world.rewards[row], terminated: next === world.terminalState }
}

/** The entry of a row whose cumulated probability first exceeds `uniform`. */
export function drawEntry(
  world: Pick<TabularWorld, 'offsets' | 'probabilities'>,
  row: number,
  uniform: number,
): number {
  const last = world.offsets[row + 1] - 1
  let remaining = uniform
  let k = world.offsets[row]
  while (k < last && remaining >= world.probabilities[k]) remaining -= world.probabilities[k++]
  return k
}

function rowOf(world: TabularWorld, state: number, action: number): number {
  assertInteger(state, 'state')
  assertInteger(action, 'action')
  if (state >= world.stateCount || action >= world.actionCount)
    throw new GuerdonError(
      'invalid_input',
      `expected a state below ${world.stateCount} and an action below ${world.actionCount}; got ${state} and ${action}`,
    )
  return state * world.actionCount + action
}
