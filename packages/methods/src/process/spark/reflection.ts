import { assertInteger } from '@guerdon/core'

/** Where test-time reflection stands. */
export interface Reflection {
  readonly answer: string
  /** Rounds of checking done. */
  readonly rounds: number
  /** The last verdict was exactly "Yes". */
  readonly accepted: boolean
}

/** Before the first check. */
export function startReflection(answer: string): Reflection {
  return { answer, rounds: 0, accepted: false }
}

/**
 * One round: the model's own verdict on its answer, and the revised answer to use unless the verdict is exactly "Yes"
 * (a missing or differently written verdict is not).
 */
export function reflectOnce(state: Reflection, verdict: string | null, revised: string): Reflection {
  const rounds = state.rounds + 1
  return verdict === 'Yes'
    ? { answer: state.answer, rounds, accepted: true }
    : { answer: revised, rounds, accepted: false }
}

/**
 * Replays recorded rounds of "check, and revise unless accepted"; stops at the first acceptance or after `maxRounds`, the
 * newest answer standing unchecked.
 *
 * @param rounds verdicts and revised answers, one a round; recording may stop early
 * @param options maxRounds, default 2
 */
export function reflectionLoop(
  firstAnswer: string,
  rounds: { readonly verdicts: readonly (string | null)[]; readonly revised: readonly string[] },
  options: { readonly maxRounds?: number } = {},
): Reflection {
  const { maxRounds = 2 } = options
  assertInteger(maxRounds, 'maxRounds')
  let state = startReflection(firstAnswer)
  while (state.rounds < maxRounds && !state.accepted && state.rounds < rounds.verdicts.length) {
    const revised = rounds.revised[state.rounds] ?? state.answer
    state = reflectOnce(state, rounds.verdicts[state.rounds], revised)
  }
  return state
}
