import { assertInteger, assertSameLength, GuerdonError } from '@guerdon/core'
import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'
import { pluralityVote } from '../../shared/voting.ts'

/** An answer as extracted from a response; null or '' when there is none. */
export type Answer = string | null

/**
 * The answer most responses of a group gave, compared as exact text; blank answers do not vote, the first seen wins a tie.
 *
 * @returns undefined when no response has an answer
 */
export function majorityAnswer(answers: readonly (Answer | undefined)[]): string | undefined {
  const votes = answers.map(answer => (answer?.trim() ? answer : null))
  return pluralityVote(votes, { ties: 'first' }).winner
}

/** Responses to one wording of each question. */
export interface AnsweredView {
  /** [R] id of the question; the same in both views. */
  readonly groups: readonly (string | number)[]
  /** [R] */
  readonly answers: readonly Answer[]
  /** [R] tokens of each response; a response without tokens cannot carry a reward. All carry one when absent. */
  readonly lengths?: ArrayLike<number>
}

/** Rewards of both views and the labels that paid them. */
export interface CrossRewards {
  /** [R] 1 where the answer is the one the *other* view voted for. */
  readonly original: Float64Array
  readonly rephrased: Float64Array
  /** Pseudo-labels by question; undefined when a view gave no answer. */
  readonly labels: ReadonlyMap<
    string | number,
    { readonly original: string | undefined; readonly rephrased: string | undefined }
  >
}

/** Choices of `crossReferenceRewards`. */
export interface CrossRewardOptions {
  /** Applied to every answer before both vote and match, for example to make "0.50" and "1/2" one. Default: exact text. */
  readonly canonicalise?: (answer: string) => string
}

/**
 * Rewards every response with the answer voted for by the *other* wording of its question, so that confidence in one
 * wording cannot pay itself. Views are paired by id, never by position.
 *
 * @throws invalid_input when a question has responses in one view only
 */
export function crossReferenceRewards(
  original: AnsweredView,
  rephrased: AnsweredView,
  options: CrossRewardOptions = {},
): CrossRewards {
  const canonical = (view: AnsweredView) => {
    assertSameLength(view.groups, 'groups', view.answers, 'answers')
    if (view.lengths) assertSameLength(view.groups, 'groups', view.lengths, 'lengths')
    const { canonicalise } = options
    return view.answers.map(answer => (answer?.trim() && canonicalise ? canonicalise(answer) : answer))
  }
  const originalAnswers = canonical(original)
  const rephrasedAnswers = canonical(rephrased)
  const votes = votesByGroup(original.groups, originalAnswers)
  const otherVotes = votesByGroup(rephrased.groups, rephrasedAnswers)
  assertPaired(votes, otherVotes, 'rephrased')
  assertPaired(otherVotes, votes, 'original')
  const labels = new Map(
    Array.from(votes, ([group, label]) => [group, { original: label, rephrased: otherVotes.get(group) }]),
  )
  return {
    original: matches(original, originalAnswers, otherVotes),
    rephrased: matches(rephrased, rephrasedAnswers, votes),
    labels,
  }
}

/**
 * The rival: every response is rewarded with the vote of its *own* wording. Soon collapses into confident agreement.
 *
 * @returns [R]
 */
export function ownVoteRewards(view: AnsweredView, options: CrossRewardOptions = {}): Float64Array {
  return crossReferenceRewards(view, view, options).original
}

type Votes = Map<string | number, string | undefined>

function votesByGroup(groups: readonly (string | number)[], answers: readonly Answer[]): Votes {
  const members = new Map<string | number, Answer[]>()
  groups.forEach((group, i) => {
    const answersOf = members.get(group)
    if (answersOf) answersOf.push(answers[i])
    else members.set(group, [answers[i]])
  })
  return new Map(Array.from(members, ([group, answersOf]) => [group, majorityAnswer(answersOf)]))
}

function assertPaired(votes: Votes, others: Votes, missing: string): void {
  for (const group of votes.keys()) {
    if (others.has(group)) continue
    throw new GuerdonError('invalid_input', `expected ${missing} responses for every question; "${group}" has none`, {
      path: ['groups'],
      hint: 'give both wordings of a question the same group id',
    })
  }
}

function matches(view: AnsweredView, answers: readonly Answer[], labels: Votes): Float64Array {
  return Float64Array.from(answers, (answer, i) => {
    const label = labels.get(view.groups[i])
    return label !== undefined && answer === label && view.lengths?.[i] !== 0 ? 1 : 0
  })
}

/**
 * Token rewards with each reward on the last token of its response, index Tᵢ − 1; nothing is written for Tᵢ = 0.
 *
 * @returns [R][length]
 */
export function endOfResponseRows(
  rewards: ArrayLike<number>,
  lengths: ArrayLike<number>,
  length: number,
): Float64Array[] {
  assertSameLength(rewards, 'rewards', lengths, 'lengths')
  assertInteger(length, 'length')
  return Array.from({ length: rewards.length }, (_, i) => {
    const row = new Float64Array(length)
    if (lengths[i] > length) {
      throw new GuerdonError('invalid_input', `expected responses of at most ${length} tokens; got ${lengths[i]}`, {
        path: ['lengths', i],
      })
    }
    if (lengths[i] > 0) row[lengths[i] - 1] = rewards[i]
    return row
  })
}

/**
 * GRPO advantages of one view: (r − mean)/(std + ε) in each group, ddof 1, times the mask. A group of one has mean 0 and
 * spread 1, so its reward stands. Never normalise both views together.
 *
 * @param mask [R][T]
 * @returns [R][T]
 */
export function viewAdvantages(
  rewards: ArrayLike<number>,
  groups: ArrayLike<string | number>,
  mask: readonly ArrayLike<number>[],
  options: { readonly epsilon?: number } = {},
): Float64Array[] {
  assertSameLength(rewards, 'rewards', mask, 'mask')
  const advantages = groupNormalise(rewards, groupItems(groups), {
    epsilon: options.epsilon ?? 1e-6,
    singleton: 'raw',
  })
  return mask.map((row, i) => Float64Array.from(row, written => written * advantages[i]))
}
