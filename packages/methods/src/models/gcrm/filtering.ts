import { assertInteger, assertNotEmpty, assertProbability, assertSameLength, GuerdonError } from '@guerdon/core'

type Numbers = ArrayLike<number>

/**
 * Goal state: mean of the last-token hidden states of chosen responses (all, or those with a wanted property).
 *
 * @param states [N][D]
 * @returns [D]
 */
export function goalState(states: readonly Numbers[]): Float64Array {
  assertNotEmpty(states, 'states')
  const goal = new Float64Array(states[0].length)
  for (const state of states) {
    assertSameLength(goal, 'goal', state, 'state')
    for (let d = 0; d < goal.length; d++) goal[d] += state[d] / states.length
  }
  return goal
}

/**
 * Q-values of a partial response: the cosine of every token's hidden state with the goal state, in [−1, 1]. Norms below 1e-8
 * count as 1e-8, so a zero state gives 0. Q is this cosine, not what the reward head says.
 *
 * @param hidden [T][D]
 * @param goal [D]
 */
export function qValues(hidden: readonly Numbers[], goal: Numbers): Float64Array {
  const goalNorm = length(goal)
  return Float64Array.from(hidden, (state, t) => {
    assertSameLength(goal, 'goal', state, `hidden[${t}]`)
    let product = 0
    for (let d = 0; d < goal.length; d++) product += state[d] * goal[d]
    return product / (length(state) * goalNorm)
  })
}

/**
 * Score of a candidate in guided beam search: its beam score plus the cosine of the mean of its hidden states with the goal.
 *
 * @param hidden [T][D] hidden states of the reward model on the candidate
 */
export function guidedScore(beamScore: number, hidden: readonly Numbers[], goal: Numbers): number {
  return beamScore + qValues([goalState(hidden)], goal)[0]
}

/** Whether and where a sample is stopped. */
export interface StopDecision {
  readonly stopped: boolean
  /** Token at which it stops, from the start of the response; undefined when it runs on. */
  readonly at: number | undefined
  /** Tokens that need not be generated, from the stop on. */
  readonly saved: number
  /** Tokens that count: those after the first `dropFirst`. */
  readonly tokens: number
}

/** Choices of the filter. */
export interface FilterOptions {
  /** A sample stops at the first cosine below it. Default 0. */
  readonly threshold?: number
  /** First tokens whose cosines are noise and are ignored. Default 5. */
  readonly dropFirst?: number
}

/** Stops a sample at the first cosine (after the first `dropFirst` tokens) below the threshold. */
export function stopEarly(cosines: Numbers, options: FilterOptions = {}): StopDecision {
  const { threshold = 0, dropFirst = 5 } = options
  assertInteger(dropFirst, 'dropFirst')
  const tokens = Math.max(0, cosines.length - dropFirst)
  for (let t = dropFirst; t < cosines.length; t++) {
    if (cosines[t] < threshold) return { stopped: true, at: t, saved: cosines.length - t, tokens }
  }
  return { stopped: false, at: undefined, saved: 0, tokens }
}

/** One sample of a question. */
export interface VoteSample {
  readonly question: string
  readonly correct: boolean
  readonly answer: string
  /** Cosine of every response token with the goal state. */
  readonly cosines: Numbers
}

/** The vote on one question. */
export interface QuestionVote {
  readonly question: string
  /** Correct answers are at least as many as any single wrong one among the kept samples. */
  readonly correct: boolean
  readonly stopped: number
  readonly tokensSaved: number
  readonly tokens: number
  /** Share of correct samples among the kept ones; 1 when none of them is wrong. */
  readonly shareCorrectKept: number
  readonly shareCorrect: number
}

/** Accuracy of the vote among the samples the filter kept. */
export interface FilteredVote {
  /** Share of questions whose vote is correct. */
  readonly accuracy: number
  readonly questions: QuestionVote[]
}

/**
 * Majority vote over the samples that are not stopped early. When all samples of a question would be stopped, none is.
 * Samples are grouped by question (the released code relies on their order instead), questions in order of appearance.
 */
export function filteredMajorityVote(samples: readonly VoteSample[], options: FilterOptions = {}): FilteredVote {
  assertNotEmpty(samples, 'samples')
  const byQuestion = new Map<string, VoteSample[]>()
  for (const sample of samples) byQuestion.set(sample.question, [...(byQuestion.get(sample.question) ?? []), sample])
  const questions = [...byQuestion].map(([question, members]): QuestionVote => {
    const decisions = members.map(sample => stopEarly(sample.cosines, options))
    const all = decisions.every(({ stopped }) => stopped)
    const kept = all ? members : members.filter((_, i) => !decisions[i].stopped)
    const tally = countVotes(kept)
    const tokens = decisions.reduce((total, decision) => total + decision.tokens, 0)
    const saved = decisions.reduce((total, decision) => total + decision.saved, 0)
    return {
      question,
      correct: tally.right >= tally.mostWrong,
      stopped: all ? 0 : members.length - kept.length,
      tokensSaved: all ? 0 : saved,
      tokens,
      shareCorrectKept: tally.mostWrong === 0 ? 1 : tally.right / kept.length,
      shareCorrect: countVotes(members).right / members.length,
    }
  })
  return { accuracy: questions.filter(({ correct }) => correct).length / questions.length, questions }
}

/**
 * Reward of a prefix: the token reward at index max(⌊n·share⌋ − 1, 0) of the n response tokens, which stand last in the
 * sequence.
 *
 * @throws invalid_input without response tokens
 */
export function prefixReward(
  tokenRewards: Numbers,
  options: { readonly actions: number; readonly share: number },
): number {
  const { actions, share } = options
  assertProbability(share, 'share')
  assertInteger(actions, 'actions', 1)
  if (actions > tokenRewards.length) {
    throw new GuerdonError('invalid_input', `expected at least ${actions} token rewards; got ${tokenRewards.length}`, {
      path: ['tokenRewards'],
    })
  }
  return tokenRewards[tokenRewards.length - actions + Math.max(Math.floor(actions * share) - 1, 0)]
}

function countVotes(samples: readonly VoteSample[]): { readonly right: number; readonly mostWrong: number } {
  const wrong = new Map<string, number>()
  let right = 0
  for (const { correct, answer } of samples) {
    if (correct) right++
    else wrong.set(answer, (wrong.get(answer) ?? 0) + 1)
  }
  return { right, mostWrong: Math.max(0, ...wrong.values()) }
}

function length(x: Numbers): number {
  let squares = 0
  for (let d = 0; d < x.length; d++) squares += x[d] * x[d]
  return Math.max(Math.sqrt(squares), 1e-8)
}
