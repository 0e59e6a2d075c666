import { assertInteger, assertNotEmpty, assertSameLength, sum } from '@guerdon/core'

/** What came of running a generated program once. */
export type ExecutionOutcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'exception'; readonly exception: string }

/** Categories fed back to the model, in the order in which they are checked. */
export const executionCategories = [
  'syntax',
  'unknownAttribute',
  'typeOrShape',
  'package',
  'notScalar',
  'nonFinite',
  'ok',
] as const
/** Name of a way in which running generated code ends. */
export type ExecutionCategory = (typeof executionCategories)[number]

const exceptionCategories: Readonly<Record<string, ExecutionCategory>> = {
  SyntaxError: 'syntax',
  IndentationError: 'syntax',
  TabError: 'syntax',
  AttributeError: 'unknownAttribute',
  NameError: 'unknownAttribute',
  UnboundLocalError: 'unknownAttribute',
  ReferenceError: 'unknownAttribute',
  ImportError: 'package',
  ModuleNotFoundError: 'package',
}

/**
 * Sorts an execution into the taxonomy: parse → run → scalar → finite. Exceptions without a category of their own (TypeError,
 * ValueError, IndexError, …) count as `typeOrShape`. A boolean, a list, text or nothing is not a scalar.
 */
export function classifyExecution(outcome: ExecutionOutcome): ExecutionCategory {
  if (outcome.kind === 'exception') {
    return Object.hasOwn(exceptionCategories, outcome.exception)
      ? exceptionCategories[outcome.exception]
      : 'typeOrShape'
  }
  if (typeof outcome.value !== 'number') return 'notScalar'
  return Number.isFinite(outcome.value) ? 'ok' : 'nonFinite'
}

/** Findings that do not stop a program but are worth a look. */
export interface StaticFindings {
  /** The reward is the same in all sampled states. */
  readonly constant: boolean
  /** The reward depends on the action only: states with one action all have one reward. */
  readonly actionOnly: boolean
  /** Some |reward| is above 1000. */
  readonly large: boolean
}

/**
 * Checks rewards of sampled states and actions.
 *
 * @param rewards [n] of a program that ran
 * @param states [n] any key of each state
 * @param actions [n] any key of each action
 */
export function staticFindings(
  rewards: ArrayLike<number>,
  states: readonly string[],
  actions: readonly string[],
): StaticFindings {
  assertNotEmpty(rewards, 'rewards')
  assertSameLength(rewards, 'rewards', states, 'states')
  assertSameLength(rewards, 'rewards', actions, 'actions')
  const constant = Array.from(rewards).every(reward => reward === rewards[0])
  const byAction = new Map<string, { readonly reward: number; readonly state: string }>()
  let compared = false
  let differs = false
  for (let i = 0; i < rewards.length; i++) {
    const seen = byAction.get(actions[i])
    if (seen === undefined) byAction.set(actions[i], { reward: rewards[i], state: states[i] })
    else if (seen.state !== states[i]) {
      compared = true
      if (seen.reward !== rewards[i]) differs = true
    }
  }
  return {
    constant,
    actionOnly: !constant && compared && !differs,
    large: Array.from(rewards).some(reward => Math.abs(reward) > 1000),
  }
}

/** Step rewards of one episode with the failed ones replaced. */
export interface GuardedRewards {
  readonly rewards: Float64Array
  /** Steps whose reward was replaced. */
  readonly substituted: number
}

/**
 * Replaces step rewards that could not be computed (`null`, or not finite) by the smallest reward of the episode, so that a
 * state at which a program breaks never pays. Undefined when no step has a reward.
 */
export function guardRewards(rewards: ArrayLike<number | null>): GuardedRewards | undefined {
  let smallest = Number.POSITIVE_INFINITY
  let substituted = 0
  for (let i = 0; i < rewards.length; i++) {
    const reward = rewards[i]
    if (reward !== null && Number.isFinite(reward)) smallest = Math.min(smallest, reward)
    else substituted++
  }
  if (substituted === rewards.length) return undefined
  return {
    rewards: Float64Array.from(rewards, reward => (reward !== null && Number.isFinite(reward) ? reward : smallest)),
    substituted,
  }
}

/**
 * Trajectory-ranking test: every successful reference must out-score every failed one in summed reward. Rejects programs that
 * pay for hovering before any training is spent.
 *
 * @param successful step rewards of successful trajectories
 * @param failed step rewards of failed ones
 */
export function ranksTrajectories(
  successful: readonly ArrayLike<number>[],
  failed: readonly ArrayLike<number>[],
): { readonly passed: boolean; readonly worstSuccess: number; readonly bestFailure: number } {
  assertNotEmpty(successful, 'successful')
  assertNotEmpty(failed, 'failed')
  const worstSuccess = Math.min(...successful.map(sum))
  const bestFailure = Math.max(...failed.map(sum))
  return { passed: worstSuccess > bestFailure, worstSuccess, bestFailure }
}

/** What the refinement loop waits for next. */
export type RefinementState =
  | { readonly wants: 'program'; readonly repairs: number; readonly problem: ExecutionCategory | 'noCode' | null }
  | { readonly wants: 'feedback'; readonly program: string }
  | { readonly wants: 'nothing'; readonly reason: 'accepted' | 'tooManyRepairs' | 'tooManyRounds' }

/** What happened since. */
export type RefinementEvent =
  | { readonly kind: 'program'; readonly program: string | null; readonly category: ExecutionCategory }
  | { readonly kind: 'feedback'; readonly satisfied: boolean; readonly round: number }

/**
 * One step of generate → validate → train → feedback. A program that fails is repaired at most `repairs` times, an answer
 * without code counts as a failure; after feedback a new program is wanted until the person is satisfied or `rounds` are
 * done.
 */
export function refine(
  state: RefinementState,
  event: RefinementEvent,
  options: { readonly repairs?: number; readonly rounds?: number } = {},
): RefinementState {
  const { repairs = 3, rounds = 5 } = options
  assertInteger(repairs, 'repairs')
  assertInteger(rounds, 'rounds', 1)
  if (event.kind === 'feedback') {
    if (event.satisfied) return { wants: 'nothing', reason: 'accepted' }
    if (event.round >= rounds) return { wants: 'nothing', reason: 'tooManyRounds' }
    return { wants: 'program', repairs: 0, problem: null }
  }
  if (event.program !== null && event.category === 'ok') return { wants: 'feedback', program: event.program }
  const used = state.wants === 'program' ? state.repairs : 0
  if (used >= repairs) return { wants: 'nothing', reason: 'tooManyRepairs' }
  return { wants: 'program', repairs: used + 1, problem: event.program === null ? 'noCode' : event.category }
}
