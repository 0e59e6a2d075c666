import { assertNotEmpty, GuerdonError } from '@guerdon/core'

/** A predicate that must hold, or must not. */
export interface GoalAtom {
  readonly predicate: string
  readonly negated?: boolean | undefined
}

/** A goal in disjunctive normal form: some option must hold, an option holds when all its atoms do. */
export type Goal = readonly (readonly GoalAtom[])[]

/** Which predicates hold in a state. */
export type PredicateTruth = Readonly<Record<string, boolean>>

/**
 * ∨_o ∧_j φ_oj(s). A goal without options never holds, an option without atoms always does.
 * @throws invalid_input naming a predicate the state says nothing about
 */
export function goalHolds(goal: Goal, truth: PredicateTruth): boolean {
  return goal.some(option => option.every(atom => atomHolds(atom, truth)))
}

function atomHolds({ predicate, negated = false }: GoalAtom, truth: PredicateTruth): boolean {
  const value = truth[predicate]
  if (value === undefined) {
    throw new GuerdonError('invalid_input', `expected the state to say whether "${predicate}" holds; it does not`, {
      path: [predicate],
      hint: `known predicates: ${Object.keys(truth).join(', ') || 'none'}`,
    })
  }
  return value !== negated
}

/**
 * Reward of every step, 1[goal holds], and their undiscounted sum.
 * @param states [T]
 */
export function goalRewards(
  goal: Goal,
  states: readonly PredicateTruth[],
): { readonly rewards: Uint8Array; readonly return: number } {
  const rewards = Uint8Array.from(states, truth => (goalHolds(goal, truth) ? 1 : 0))
  return { rewards, return: rewards.reduce((sum, r) => sum + r, 0) }
}

/** What a game asks of its players, counted over all 2^P truth assignments of its predicates. */
export interface GameStatistics {
  /** [players] fraction of assignments in which the player's goal is not rewarded. */
  readonly explorationDifficulty: Float64Array
  /** (#assignments rewarding some but not all players) / (#rewarding at least one); 0 when none is rewarded. */
  readonly competitiveness: number
  /** [players] (#rewarding everybody) / (#rewarding this player); 0 for an unreachable goal. */
  readonly cooperativeness: Float64Array
  /** min/max over players of the number of rewarding assignments; 0 when nobody is ever rewarded. */
  readonly balance: number
}

const MOST_PREDICATES = 20

/**
 * Statistics of a game with one goal a player. Physically impossible assignments are counted too.
 * @throws invalid_option for more than 20 predicates
 * Source: Open-Ended Learning Team 2021, section 3.2 (reconstruction).
 */
export function gameStatistics(goals: readonly Goal[], predicates: readonly string[]): GameStatistics {
  assertNotEmpty(goals, 'goals')
  if (predicates.length > MOST_PREDICATES) {
    throw new GuerdonError('invalid_option', `expected at most ${MOST_PREDICATES} predicates; got ${predicates.length}`)
  }
  const assignments = 2 ** predicates.length
  const rewarded = new Float64Array(goals.length)
  let all = 0
  let some = 0
  for (let code = 0; code < assignments; code++) {
    const truth: Record<string, boolean> = {}
    predicates.forEach((predicate, bit) => {
      truth[predicate] = ((code >> bit) & 1) === 1
    })
    let holding = 0
    goals.forEach((goal, player) => {
      if (!goalHolds(goal, truth)) return
      rewarded[player]++
      holding++
    })
    if (holding > 0) some++
    if (holding === goals.length) all++
  }
  const largest = Math.max(...rewarded)
  return {
    explorationDifficulty: rewarded.map(count => 1 - count / assignments),
    competitiveness: some === 0 ? 0 : (some - all) / some,
    cooperativeness: rewarded.map(count => (count === 0 ? 0 : all / count)),
    balance: largest === 0 ? 0 : Math.min(...rewarded) / largest,
  }
}

/** One step of self reward-play. */
export interface SelfRewardPlay {
  /** [T] 1 where the current target holds. */
  readonly rewards: Uint8Array
  /**
   * [T] what the agent is asked for during the step: make the goal true, or false again. It is part of the observation.
   */
  readonly targets: readonly ('achieve' | 'undo')[]
}

/**
 * Self reward-play: once the goal is achieved, its negation becomes the goal, and back. Pays 1 on the step where the
 * current target holds, then flips.
 *
 * @param goalTruth [T] whether the original goal holds after each step
 * @param start target of the first step. Default `achieve`
 */
export function selfRewardPlay(
  goalTruth: ArrayLike<number | boolean>,
  options: { readonly start?: 'achieve' | 'undo' } = {},
): SelfRewardPlay {
  let target = options.start ?? 'achieve'
  const rewards = new Uint8Array(goalTruth.length)
  const targets: ('achieve' | 'undo')[] = []
  for (let t = 0; t < goalTruth.length; t++) {
    targets.push(target)
    if (Boolean(goalTruth[t]) === (target === 'achieve')) {
      rewards[t] = 1
      target = target === 'achieve' ? 'undo' : 'achieve'
    }
  }
  return { rewards, targets }
}

/** Value consistency: V(g) ≥ max_o V(o). The bound and by how much the goal's own estimate falls short of it. */
export function goalValueBound(
  valueOfGoal: number,
  valuesOfOptions: ArrayLike<number>,
): { readonly bound: number; readonly violation: number } {
  let bound = valueOfGoal
  for (let o = 0; o < valuesOfOptions.length; o++) bound = Math.max(bound, valuesOfOptions[o])
  return { bound, violation: bound - valueOfGoal }
}
