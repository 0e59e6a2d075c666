import { assertInteger, GuerdonError } from '@guerdon/core'
import type { FiniteMdp } from '../../shared/tabular.ts'
import { designExprd, type ExprdOptions } from './exprd.ts'

/** Choices of the greedy selection. */
export interface SelectActiveStatesOptions extends Omit<ExprdOptions, 'activeStates'> {
  /** Z before the first pick, usually the goal state. */
  readonly initialActiveStates: readonly number[]
  /** States that may be picked; terminal and goal excluded by the caller. */
  readonly candidateStates: readonly number[]
  /** Number of picks B. */
  readonly budget: number
  /** λ of the facility term λ Σ_s min_{z∈Z} d(s, z), added to the objective. Default 0. */
  readonly facilityWeight?: number
  /** d(s, z) in steps; needed when `facilityWeight` > 0. */
  readonly distance?: (state: number, active: number) => number
  /** States the facility term sums over; all but the last when absent. */
  readonly facilityStates?: readonly number[]
}

/** The states in the order they were picked, with the objective and table after each pick. */
export interface ActiveStateSelection {
  /** The initial states, then the picks. */
  readonly states: readonly number[]
  /** One entry for the initial set and one for each pick; null where the programme was infeasible. */
  readonly objectives: readonly (number | null)[]
  /** The tables `[S·A]` of the same sets; null where infeasible. */
  readonly rewards: readonly (Float64Array | null)[]
}

/**
 * Greedy choice of the states that carry reward: each round solves the programme with every remaining candidate added
 * and keeps the strictly best (improvement above 1e-9; the first candidate on ties). Infeasible candidates are skipped;
 * the selection ends early when all are.
 *
 * Source: Devidze et al. 2021, Algorithm 1; `get_important_states_by_shaping` (with the facility term
 * `…_and_facility`).
 */
export function selectActiveStates(mdp: FiniteMdp, options: SelectActiveStatesOptions): ActiveStateSelection {
  const { budget, facilityWeight = 0 } = options
  assertInteger(budget, 'budget')
  const states = [...options.initialActiveStates]
  const evaluate = (active: readonly number[]) => {
    const design = designExprd(mdp, { ...options, activeStates: active })
    if (!design.feasible) return undefined
    const facility = facilityWeight === 0 ? 0 : facilityWeight * facilityCost(mdp, active, options)
    return { objective: design.objective + facility, rewards: design.rewards }
  }
  const first = evaluate(states)
  const objectives: (number | null)[] = [first?.objective ?? null]
  const rewards: (Float64Array | null)[] = [first?.rewards ?? null]
  for (let round = 0; round < budget; round++) {
    let best: { state: number; objective: number; rewards: Float64Array } | undefined
    for (const state of options.candidateStates) {
      if (states.includes(state)) continue
      const found = evaluate([...states, state])
      if (found && (!best || found.objective < best.objective - 1e-9)) best = { state, ...found }
    }
    if (!best) break
    states.push(best.state)
    objectives.push(best.objective)
    rewards.push(best.rewards)
  }
  return { states, objectives, rewards }
}

function facilityCost(mdp: FiniteMdp, active: readonly number[], options: SelectActiveStatesOptions): number {
  const { distance } = options
  if (!distance) {
    throw new GuerdonError('invalid_option', 'expected `distance` with a facility weight above 0; it is missing', {
      path: ['distance'],
      hint: 'give the number of steps between two states',
    })
  }
  const states = options.facilityStates ?? Array.from({ length: mdp.stateCount - 1 }, (_, s) => s)
  let total = 0
  for (const state of states) total += Math.min(...active.map(z => distance(state, z)))
  return total
}

/**
 * Hand-made landmarks: each landmark state pays +`size` for the target action and −`size` for the others; the original
 * reward stays elsewhere.
 * @returns [S·A]
 * Source: the 2021 code's `get_landmark_reward_for_room`.
 */
export function landmarkReward(
  mdp: FiniteMdp,
  policy: ArrayLike<number>,
  landmarks: readonly number[],
  size: number,
): Float64Array {
  const table = mdp.rewards.slice()
  for (const s of landmarks)
    for (let a = 0; a < mdp.actionCount; a++) table[s * mdp.actionCount + a] = a === policy[s] ? size : -size
  return table
}
