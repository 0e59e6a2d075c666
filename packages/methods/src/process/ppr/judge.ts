import type { JudgeMessage } from '../../shared/judge-message.ts'

/** What a judge's reply says about one turn. */
export interface ProcessScore {
  /** The reply holds `<final_score>` with exactly two integers. */
  readonly parsed: boolean
  /** It also makes sense: 0 ≤ score ≤ maximum and maximum > 0. */
  readonly valid: boolean
  readonly score: number | null
  readonly maxScore: number | null
  /** score/maxScore in [0, 1]; null unless valid. */
  readonly normalised: number | null
}

/**
 * Reads the last `<final_score>score,max</final_score>` of a judge's reply: two integers, white space allowed around them.
 * Decimals, fractions such as `4/6`, and a missing element are unreadable; a reply that can be read may still be invalid.
 */
export function parseProcessScore(reply: string): ProcessScore {
  const none = { parsed: false, valid: false, score: null, maxScore: null, normalised: null }
  const elements = Array.from(reply.matchAll(/<final_score>(.*?)<\/final_score>/gs), match => match[1])
  const parts = elements
    .at(-1)
    ?.split(',')
    .map(part => part.trim())
  if (parts?.length !== 2 || !parts.every(part => /^[+-]?\d+$/.test(part))) return none
  const [score, maxScore] = parts.map(Number)
  const normalised = normalisedScore(score, maxScore)
  return { parsed: true, valid: normalised !== null, score, maxScore, normalised }
}

/** score/maxScore, or null unless 0 ≤ score ≤ maxScore and maxScore > 0. */
export function normalisedScore(score: number, maxScore: number): number | null {
  return maxScore > 0 && score >= 0 && score <= maxScore ? score / maxScore : null
}

/** Share of judged turns whose reply was valid; 1 when nothing was judged. A falling rate means rewards go missing. */
export function judgeValidity(scores: readonly (number | null)[]): number {
  return scores.length === 0 ? 1 : scores.filter(score => score !== null).length / scores.length
}

/**
 * Messages that ask a judge to invent principles for one turn, score it against each, and end with
 * `<final_score>score,max</final_score>`. The last turn of a trajectory is never judged: the outcome speaks for it.
 *
 * @param turn question of the user, texts of the earlier turns, text of the turn to judge with its tool results
 */
export function principleMessages(turn: {
  readonly question: string
  readonly earlier: readonly string[]
  readonly text: string
}): JudgeMessage[] {
  const system = [
    'You grade ONE turn of an assistant that answers a question with the help of a search tool. The turn need not hold the final answer.',
    'First write down the principles this turn should be judged by. Three of them lead: what it takes from the search results is right and relevant; its search query suits the question; its choice to search or not to search is right.',
    'Then score each principle with a whole number out of a maximum you state.',
    'If any text of the turn stands outside <think>, <search>, <information> or <answer>, the score is 0.',
    'Reply in two lines: "Analysis: …" with the principles and their scores, then "Scores: <final_score>TOTAL,MAXIMUM</final_score>", for example <final_score>4,6</final_score>.',
  ].join('\n')
  const context = [turn.question, ...turn.earlier].join('\n\n')
  return [
    { role: 'system', content: system },
    { role: 'user', content: `Question and earlier turns:\n${context}\n\nTurn to grade:\n${turn.text}` },
  ]
}
