import type { Random } from '@guerdon/core'
import { completenessReward } from '@guerdon/methods/judges/fg-rlhf'
import { type Answer, headNames, type Judges, readable } from './answer-judges.ts'
import { fullStop, truthOf } from './long-answers.ts'

/** Reward of a good sentence by head; a faulty one gets its negative. The paper's. */
export const headWeights = { relevance: 0.3, factuality: 0.5 } as const

/**
 * What an answer is paid. `dense`: the heads at the end of each sentence, and completeness at the last token; `shuffled`:
 * the same, sentences of the answer having changed their verdicts among themselves; `sum`: the same sum at the last token;
 * `preference`: a judge of whole answers; `outcome`: whether there is no error at all.
 */
export type Pay = 'dense' | 'shuffled' | 'sum' | 'preference' | 'outcome'

/** What a head says of the sentences of an answer. */
export interface Verdicts {
  /** Tokens of the answer at which they end. */
  readonly ends: readonly number[]
  /** null where there is none. */
  readonly ok: readonly (boolean | null)[]
}

/** What both heads say of the sentences of an answer. */
export type SentenceVerdicts = Readonly<Record<(typeof headNames)[number], Verdicts>>

/** Rewards of an answer, as the stage `fg-rlhf` reads them from `rollout.segments`. */
export interface PaidSegments extends SentenceVerdicts {
  /** Score of the whole. */
  readonly completeness: number
}

/** Whether the stage gets scores of the whole that are rewards already: for everything paid at the last token. */
export function paidAtTheEnd(pay: Pay): boolean {
  return pay === 'sum' || pay === 'preference' || pay === 'outcome'
}

/** What the judges say of the closed sentences of answers, [answers]. */
export async function sentenceVerdicts(judges: Judges, answers: readonly Answer[]): Promise<SentenceVerdicts[]> {
  const ends = answers.map(({ tokens }) => Array.from(tokens).flatMap((token, t) => (token === fullStop ? [t] : [])))
  const judged = answers.flatMap((_, i) => (ends[i].length > 0 ? [i] : []))
  const judgements = await judges.sentences.scoreAll(judged.map(i => readable(answers[i])))
  const decided = new Map(judged.map((i, j) => [i, judgements[j].decisions ?? {}]))
  return answers.map((_, i) => {
    const [relevance, factuality] = headNames.map(name => ({
      ends: ends[i],
      ok: ends[i].map((_, s) => decided.get(i)?.[name]?.[s] ?? null),
    }))
    return { relevance, factuality }
  })
}

/** What the answers of a batch are paid, [answers], and how often a judge was asked. */
export async function payAnswers(
  pay: Pay,
  judges: Judges,
  answers: readonly Answer[],
  random: Random,
): Promise<{ readonly segments: readonly PaidSegments[]; readonly judgeCalls: number }> {
  if (pay === 'outcome') {
    return { segments: answers.map(answer => paidWhole(isFaultless(answer) ? 1 : 0)), judgeCalls: 0 }
  }
  const { model, scale } = pay === 'preference' ? judges.preference : judges.completeness
  const scores = (await model.scoreAll(answers.map(readable))).map(({ score }) => score)
  if (pay === 'preference') {
    const segments = scores.map(score => paidWhole(completenessReward(score, scale)))
    return { segments, judgeCalls: answers.length }
  }
  const verdicts = await sentenceVerdicts(judges, answers)
  const segments = verdicts.map((said, i): PaidSegments => {
    if (pay === 'sum') return paidWhole(sentenceSum(said) + completenessReward(scores[i], scale))
    return { ...(pay === 'shuffled' ? shuffledVerdicts(said, random) : said), completeness: scores[i] }
  })
  return { segments, judgeCalls: 2 * answers.length }
}

/** No error of any kind, and nothing left out. */
export function isFaultless({ task, tokens }: Answer): boolean {
  const { sentences, coverage } = truthOf(task, tokens)
  return coverage === 1 && sentences.every(({ relevant, factual }) => relevant && factual)
}

/** Σ over heads and sentences of ± the head's weight. */
export function sentenceSum(said: SentenceVerdicts): number {
  return headNames.reduce(
    (sum, name) =>
      sum + said[name].ok.reduce((own, ok) => own + (ok === null ? 0 : ok ? 1 : -1), 0) * headWeights[name],
    0,
  )
}

/** The verdicts of both heads handed to sentences of the same answer in another order. */
export function shuffledVerdicts({ relevance, factuality }: SentenceVerdicts, random: Random): SentenceVerdicts {
  const order = random.permutation(relevance.ends.length)
  const inOrder = ({ ends, ok }: Verdicts): Verdicts => ({ ends, ok: ends.map((_, s) => ok[order[s]]) })
  return { relevance: inOrder(relevance), factuality: inOrder(factuality) }
}

function paidWhole(reward: number): PaidSegments {
  const none = { ends: [], ok: [] }
  return { relevance: none, factuality: none, completeness: reward }
}

/** Share of closed sentences that each head is right about; nothing when there are none. */
export async function headAccuracies(judges: Judges, answers: readonly Answer[]): Promise<Record<string, number>> {
  const verdicts = await sentenceVerdicts(judges, answers)
  const closed = answers.flatMap(({ task, tokens }, i) =>
    truthOf(task, tokens)
      .sentences.filter(sentence => sentence.closed)
      .map((sentence, s) => ({ ...sentence, said: headNames.map(name => verdicts[i][name].ok[s]) })),
  )
  if (closed.length === 0) return {}
  return {
    relevanceAccuracy: closed.filter(({ relevant, said }) => said[0] === relevant).length / closed.length,
    factualityAccuracy: closed.filter(({ factual, said }) => said[1] === factual).length / closed.length,
  }
}
