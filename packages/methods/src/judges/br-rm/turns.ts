import { assertFiniteNumber, assertInteger } from '@guerdon/core'

/** The quality dimensions a judge may choose from. */
export const judgeAbilities: readonly string[] = [
  'Information Accuracy',
  'Computational Precision',
  'Logical Reasoning',
  'Implementation Capability',
  'Safety Awareness',
  'Response Completeness',
  'Instruction Adherence',
  'Communication Clarity',
]

/** What the first turn says. */
export interface BranchTurn {
  /** Dimensions named in the focus block, in the order of the list. */
  readonly abilities: readonly string[]
  readonly analysis1: string | undefined
  readonly analysis2: string | undefined
  /** Whether the focus block names an allowed number of dimensions and both analyses are there and not empty. */
  readonly valid: boolean
}

/** Options of `readBranchTurn`. */
export interface BranchOptions {
  /** Default `judgeAbilities`. */
  readonly abilities?: readonly string[]
  /** Default 1. */
  readonly minAbilities?: number
  /** Default 3. */
  readonly maxAbilities?: number
}

/**
 * Reads the branching turn: `[Quality Assessment Focus] … [End of Quality Assessment Focus]` and `[Quality Analysis for
 * Response i] … [End of …]` for i = 1, 2, markers in any case. A dimension counts when its whole name stands in the
 * focus block ("Accuracy" alone does not).
 *
 * The released parser reports every turn as valid, so that this turn's reward is always 0. Source: BR-RM, arXiv
 * 2510.23596.
 */
export function readBranchTurn(text: string, options: BranchOptions = {}): BranchTurn {
  const { abilities = judgeAbilities, minAbilities = 1, maxAbilities = 3 } = options
  assertInteger(minAbilities, 'minAbilities')
  assertInteger(maxAbilities, 'maxAbilities', minAbilities)
  const focus = blockOf(text, 'Quality Assessment Focus')
  const named = abilities.filter(ability => (focus ?? '').toLowerCase().includes(ability.toLowerCase()))
  const analysis1 = blockOf(text, 'Quality Analysis for Response 1')
  const analysis2 = blockOf(text, 'Quality Analysis for Response 2')
  const counted = focus !== undefined && named.length >= minAbilities && named.length <= maxAbilities
  return { abilities: named, analysis1, analysis2, valid: counted && Boolean(analysis1) && Boolean(analysis2) }
}

function blockOf(text: string, name: string): string | undefined {
  const lower = text.toLowerCase()
  const open = `[${name.toLowerCase()}]`
  const start = lower.indexOf(open)
  const end = start === -1 ? -1 : lower.indexOf(`[end of ${name.toLowerCase()}]`, start + open.length)
  return end === -1 ? undefined : text.slice(start + open.length, end).trim()
}

/** What the second turn says. */
export interface RethinkTurn {
  /** Whether a ranking section is there and its content has no comma. */
  readonly formatValid: boolean
  /** Content of the first `\boxed{}` in a ranking section; null without a valid one. */
  readonly rawVerdict: string | null
  /** That content as an integer, or its first run of digits; null without one. */
  readonly verdict: number | null
  /** Number of well-formed ranking sections. More than one is a way to hedge. */
  readonly sections: number
}

const section =
  /\[The Begin of Ranking Score\][^\S\n]*\n\s*\\boxed\{([^{}]*)\}[^\S\n]*\n\s*\[The End of Ranking Score\]/g

/**
 * Reads the verdict of the rethinking turn: `[The Begin of Ranking Score]`, a new line, `\boxed{z}`, a new line, `[The
 * End of Ranking Score]`; the first such section counts. "1.0" is 1, "-1" is −1, "second" is none.
 */
export function readRethinkTurn(text: string): RethinkTurn {
  const found = [...text.matchAll(section)]
  const raw = found[0]?.[1].trim()
  const sections = found.length
  if (raw === undefined || raw.includes(',')) return { formatValid: false, rawVerdict: null, verdict: null, sections }
  const digits = /^[+-]?\d+$/.test(raw) ? raw : /\d+/.exec(raw)?.[0]
  return { formatValid: true, rawVerdict: raw, verdict: digits === undefined ? null : Number(digits), sections }
}

/** What came of a judgement. */
export type JudgementStatus = 'correct' | 'incorrect' | 'formatError'

/** Rewards of each status. */
export interface JudgementRewards {
  readonly correct: number
  readonly incorrect: number
  readonly formatError: number
}

/** Default rewards: 0, −1, −10. The released −100 for a format error drowns everything else in its group. */
export const judgementRewards: JudgementRewards = { correct: 0, incorrect: -1, formatError: -10 }

/** Status of a verdict: only 1 and 2 are verdicts, and exactly one ranking section may be given. */
export function judgementStatus(turn: RethinkTurn, gold: 1 | 2): JudgementStatus {
  if (turn.sections !== 1 || (turn.verdict !== 1 && turn.verdict !== 2)) return 'formatError'
  return turn.verdict === gold ? 'correct' : 'incorrect'
}

/**
 * Reward of the second turn as released: −10·|z − gold|, or the format penalty without a verdict. Out-of-range verdicts
 * are graded, too.
 */
export function releasedTurnReward(
  turn: RethinkTurn,
  gold: 1 | 2,
  options: { readonly formatPenalty?: number } = {},
): number {
  const { formatPenalty = -100 } = options
  assertFiniteNumber(formatPenalty, 'formatPenalty')
  if (turn.verdict === null) return formatPenalty
  const distance = Math.abs(turn.verdict - gold)
  return distance === 0 ? 0 : -10 * distance
}

/** Parts of one trace's reward. */
export interface JudgementReward {
  readonly turnOne: number
  readonly turnTwo: number
  readonly total: number
  readonly status: JudgementStatus
}

/** Options of `judgementReward`. */
export interface JudgementOptions extends BranchOptions {
  /** Default `judgementRewards`. */
  readonly rewards?: JudgementRewards
  /** Whether an invalid first turn earns the format penalty, too. Default true. */
  readonly strictTurnOne?: boolean
  /** `released`: turn one earns 0 whatever it is, turn two −10·|z − gold| or −100. */
  readonly compat?: 'released' | undefined
}

/** Reward of a two-turn trace: turn one + turn two. Both turns then share one terminal advantage. */
export function judgementReward(
  turnOneText: string,
  turnTwoText: string,
  gold: 1 | 2,
  options: JudgementOptions = {},
): JudgementReward {
  const { rewards = judgementRewards, strictTurnOne = true, compat } = options
  const rethink = readRethinkTurn(turnTwoText)
  const status = judgementStatus(rethink, gold)
  if (compat === 'released') {
    const turnTwo = releasedTurnReward(rethink, gold)
    return { turnOne: 0, turnTwo, total: turnTwo, status }
  }
  const turnOne = strictTurnOne && !readBranchTurn(turnOneText, options).valid ? rewards.formatError : 0
  return { turnOne, turnTwo: rewards[status], total: turnOne + rewards[status], status }
}
