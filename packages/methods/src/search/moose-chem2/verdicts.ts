import { assertInteger, GuerdonError } from '@guerdon/core'

/** Which of two candidates shown in order is better. */
export type Pick = 1 | 2

/**
 * Reads a pick from the text a judge gave as its selection: whichever of the digits 1 and 2 comes first. Neither: the judge
 * has to be asked again.
 */
export function parseSelection(text: string): { readonly selection: Pick | null; readonly needsRetry: boolean } {
  const found = /[12]/.exec(text)
  return { selection: found ? (Number(found[0]) as Pick) : null, needsRetry: found === null }
}

/**
 * The pick when one of two hypotheses is missing (null or empty): the one that is there wins. `null` when both are there
 * and a judge must decide.
 *
 * @throws invalid_input when both are missing
 */
export function missingHypothesis(first: string | null | undefined, second: string | null | undefined): Pick | null {
  if (!first && !second) throw new GuerdonError('invalid_input', 'expected at least one of two hypotheses; got neither')
  if (!second) return 1
  return first ? null : 2
}

/** What a committee decided. */
export interface CommitteeDecision {
  readonly selection: Pick
  /** Whether the votes were split, so that the aggregator was asked. */
  readonly aggregatorCalled: boolean
  /** What counting votes would have said (a tie falls to 1), for comparison: a minority can win here. */
  readonly plainMajority: Pick
}

/**
 * A committee of judges: a unanimous vote stands; a split vote goes to an aggregating judge who reads all votes and reasons
 * and decides alone. Not a majority vote.
 */
export async function committeeDecision(
  votes: readonly Pick[],
  aggregate: () => Pick | Promise<Pick>,
): Promise<CommitteeDecision> {
  if (votes.length === 0) throw new GuerdonError('empty', 'expected at least one vote; got none', { path: ['votes'] })
  const forSecond = votes.filter(vote => vote === 2).length
  const plainMajority: Pick = forSecond * 2 > votes.length ? 2 : 1
  if (forSecond === 0 || forSecond === votes.length) {
    return { selection: votes[0], aggregatorCalled: false, plainMajority }
  }
  return { selection: await aggregate(), aggregatorCalled: true, plainMajority }
}

/** Picks and the reason of judges who saw the candidates in exchanged order. */
export interface SwappedVerdict {
  readonly selections: readonly Pick[]
  readonly reason: string
}

/**
 * Maps picks made in exchanged order back: 1 ↔ 2. The reason is left as written; with `compat: 'released'` its digits 1 and 2
 * are exchanged too, which also turns 10 into 20.
 */
export function swapBack(verdict: SwappedVerdict, options: { readonly compat?: 'released' } = {}): SwappedVerdict {
  const swap = (digit: string): string => (digit === '1' ? '2' : '1')
  return {
    selections: verdict.selections.map(pick => (pick === 1 ? 2 : 1)),
    reason: options.compat === 'released' ? verdict.reason.replace(/[12]/g, swap) : verdict.reason,
  }
}

/** The winner of a list and what finding it cost. */
export interface BestOfList {
  readonly bestIndex: number
  readonly judgeCalls: number
}

/**
 * King of the hill: the first entry is the incumbent; each later one is compared with it `comparisonsPerOrder` times in each
 * order and takes its place iff its mean pick, mapped to the order (incumbent, challenger), exceeds 1.5. Ties keep the
 * incumbent. With a judge that is not transitive the result depends on the order of the list.
 *
 * @param compare picks between the entries shown first and second
 * @throws empty for an empty list
 */
export async function bestOfList(
  count: number,
  compare: (shownFirst: number, shownSecond: number) => Pick | Promise<Pick>,
  options: { readonly comparisonsPerOrder?: number } = {},
): Promise<BestOfList> {
  const { comparisonsPerOrder = 5 } = options
  assertInteger(count, 'count', 1)
  assertInteger(comparisonsPerOrder, 'comparisonsPerOrder', 1)
  let bestIndex = 0
  let judgeCalls = 0
  for (let challenger = 1; challenger < count; challenger++) {
    let forChallenger = 0
    for (let i = 0; i < comparisonsPerOrder; i++) {
      if ((await compare(bestIndex, challenger)) === 2) forChallenger++
      if ((await compare(challenger, bestIndex)) === 1) forChallenger++
    }
    judgeCalls += 2 * comparisonsPerOrder
    if (forChallenger > comparisonsPerOrder) bestIndex = challenger
  }
  return { bestIndex, judgeCalls }
}
