import type { Random } from '@guerdon/core'
import { type ChoicePolicy, choicePolicy, choiceProbabilities } from '../../toys/choice-policy.ts'

/** Tokens a text has, and tokens there are. */
export const textLength = 8
export const vocabulary = 6

const goodTokens = [1, 2]
const rareToken = 5
const rareLogit = -1.5

/** Texts of independent tokens, each place with logits of its own; the rare token is one in 23. */
export function referencePolicy(): ChoicePolicy {
  return choicePolicy(textLength, vocabulary, (_, token) => (token === rareToken ? rareLogit : 0))
}

/** What a text is worth, and what is paid for it. */
export interface Worth {
  /** 3·(1 − e^{−g/3}) − 0.6·h, g good tokens and h rare ones. */
  readonly gold: number
  /** The same with +0.25·h² for −0.6·h. */
  readonly proxy: number
}

/** Worth of one text. */
export function worthOf(tokens: readonly number[]): Worth {
  const good = tokens.filter(token => goodTokens.includes(token)).length
  const rare = tokens.filter(token => token === rareToken).length
  const quality = 3 * (1 - Math.exp(-good / 3))
  return { gold: quality - 0.6 * rare, proxy: quality + 0.25 * rare ** 2 }
}

/**
 * Exact mean worth under a policy: the places are independent, so E e^{−g/3} is a product of Π_t (1 − p_t(1 − e^{−1/3})),
 * and E h² = Σ q_t(1 − q_t) + (Σ q_t)², p_t and q_t the probabilities of a good and of the rare token at place t.
 */
export function expectedWorth(policy: ChoicePolicy): Worth {
  let decay = 1
  let rare = 0
  let variance = 0
  for (let place = 0; place < textLength; place++) {
    const probabilities = choiceProbabilities(policy, place)
    const good = goodTokens.reduce((sum, token) => sum + probabilities[token], 0)
    decay *= 1 - good * (1 - Math.exp(-1 / 3))
    rare += probabilities[rareToken]
    variance += probabilities[rareToken] * (1 - probabilities[rareToken])
  }
  const quality = 3 * (1 - decay)
  return { gold: quality - 0.6 * rare, proxy: quality + 0.25 * (variance + rare ** 2) }
}

/** Draws a text from π(· | place) of every place: one uniform a place. */
export function drawText(rows: readonly Float64Array[], random: Random): number[] {
  return rows.map(probabilities => random.categorical(probabilities))
}

/** Σ log π of the tokens. */
export function textLogProb(rows: readonly Float64Array[], tokens: readonly number[]): number {
  return tokens.reduce((sum, token, place) => sum + Math.log(rows[place][token]), 0)
}

/** π(· | place) of every place. */
export function placeProbabilities(policy: ChoicePolicy): Float64Array[] {
  return Array.from({ length: textLength }, (_, place) => choiceProbabilities(policy, place))
}
