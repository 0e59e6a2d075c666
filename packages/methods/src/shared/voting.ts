/** How a vote is counted. */
export interface VoteOptions {
  /** What wins when several share the largest count: the one seen first, or nobody. Default `none`. */
  readonly ties?: 'first' | 'none'
}

/** The winner of a vote and how clear it was. */
export interface VoteResult<T> {
  /** Undefined when nobody voted, or on a tie under `ties: 'none'`. */
  readonly winner: T | undefined
  /** Votes for the leading candidate. */
  readonly count: number
  /** Valid votes cast. */
  readonly total: number
}

/** Plurality vote; `null` and `undefined` are no votes. Candidates are compared by identity, strings by their exact text. */
export function pluralityVote<T extends string | number | boolean>(
  votes: readonly (T | null | undefined)[],
  options: VoteOptions = {},
): VoteResult<T> {
  const counts = new Map<T, number>()
  let total = 0
  for (const vote of votes) {
    if (vote === null || vote === undefined) continue
    counts.set(vote, (counts.get(vote) ?? 0) + 1)
    total++
  }
  let winner: T | undefined
  let count = 0
  let tied = false
  for (const [candidate, votesFor] of counts) {
    if (votesFor > count) {
      winner = candidate
      count = votesFor
      tied = false
    } else if (votesFor === count) tied = true
  }
  if (tied && (options.ties ?? 'none') === 'none') winner = undefined
  return { winner, count, total }
}

/** A judge's choice between two candidates shown in a stated order. */
export interface OrderedChoice {
  /** `ab`: candidate a was shown first; `ba`: candidate b was. */
  readonly order: 'ab' | 'ba'
  /** Which of the two shown was chosen; null when the verdict was no choice. */
  readonly choice: 1 | 2 | null
}

/** The candidate an ordered choice stands for, the shown order undone; null for no choice. */
export function chosenCandidate(vote: OrderedChoice): 'a' | 'b' | null {
  if (vote.choice === null) return null
  return (vote.choice === 1) === (vote.order === 'ab') ? 'a' : 'b'
}
