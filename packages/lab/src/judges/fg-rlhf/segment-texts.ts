import { mean, type Random, standardDeviation } from '@guerdon/core'
import {
  type CompletenessScale,
  combineHeads,
  completenessReward,
  placeSegmentRewards,
} from '@guerdon/methods/judges/fg-rlhf'
import { type ChoicePolicy, choicePolicy, choiceProbabilities, draw } from '../../toys/choice-policy.ts'

/** Segments of a text, tokens of a segment, tokens there are. */
export const segments = 8
export const segmentLength = 3
export const vocabulary = 8
/** Tokens of a text. */
export const textLength = segments * segmentLength
const relevantTokens = 3

/** What is right: which first tokens are relevant, and how far the third lies from the first (mod 8). */
export interface Rules {
  readonly relevant: ReadonlySet<number>
  readonly offset: number
}

/** Draws rules. */
export function drawRules(random: Random): Rules {
  return {
    relevant: new Set(random.permutation(vocabulary).slice(0, relevantTokens)),
    offset: random.integer(vocabulary),
  }
}

/** A uniform policy: logits for each place and each first token of its segment. */
export function segmentPolicy(): ChoicePolicy {
  return choicePolicy(textLength * vocabulary, vocabulary, () => 0)
}

/** Row of the tables that stands for a place in a text: a segment's first token knows nothing, the others know it. */
export function rowAt(tokens: ArrayLike<number>, place: number): number {
  const within = place % segmentLength
  return place * vocabulary + (within === 0 ? 0 : tokens[place - within])
}

/** Draws a text: one uniform a token. */
export function drawText(policy: ChoicePolicy, random: Random): Int32Array {
  const tokens = new Int32Array(textLength)
  for (let place = 0; place < textLength; place++) tokens[place] = draw(policy, rowAt(tokens, place), random)
  return tokens
}

/** What the three heads say of a text. */
export interface Judged {
  /** [segments] whether the first token is relevant. */
  readonly relevant: readonly boolean[]
  /** [segments] whether the third is the first + offset. */
  readonly factual: readonly boolean[]
  /** Share of different middle tokens, in (0, 1]. */
  readonly completeness: number
}

/** Judges a text by the rules. */
export function judge({ relevant, offset }: Rules, tokens: ArrayLike<number>): Judged {
  const starts = Array.from({ length: segments }, (_, segment) => segment * segmentLength)
  return {
    relevant: starts.map(start => relevant.has(tokens[start])),
    factual: starts.map(start => tokens[start + 2] === (tokens[start] + offset) % vocabulary),
    completeness: new Set(starts.map(start => tokens[start + 1])).size / segments,
  }
}

/** Weights of the heads. */
export interface HeadWeights {
  readonly relevance: number
  readonly factuality: number
  readonly completeness: number
}

/** Statistics of the completeness score under a policy, from 500 texts, as a head's training set would give them. */
export function completenessScale(
  policy: ChoicePolicy,
  rules: Rules,
  random: Random,
): Omit<CompletenessScale, 'scale'> {
  const scores = Array.from({ length: 500 }, () => judge(rules, drawText(policy, random)).completeness)
  return { mean: mean(scores), std: standardDeviation(scores, { ddof: 0 }), bias: 0 }
}

/**
 * Token rewards of a text: ±weight of relevance and factuality where each segment ends, completeness at the last token.
 *
 * @param early tokens before its end at which a segment is paid; 0 is right
 */
export function tokenRewards(
  judged: Judged,
  weights: HeadWeights,
  scale: Omit<CompletenessScale, 'scale'>,
  { early = 0 }: { readonly early?: number } = {},
): Float64Array {
  const ends = Array.from({ length: segments }, (_, segment) => (segment + 1) * segmentLength - 1 - early)
  const heads = (['relevance', 'factuality'] as const).map(name => {
    const ok = name === 'relevance' ? judged.relevant : judged.factual
    return placeSegmentRewards(textLength, { ends, ok }, { positive: weights[name], negative: -weights[name] })
  })
  const whole = completenessReward(judged.completeness, { ...scale, scale: weights.completeness })
  return combineHeads(textLength, heads, whole)
}

/** Exact share of relevant and of factual segments under a policy. */
export function exactShares(policy: ChoicePolicy, { relevant, offset }: Rules): { relevance: number; factual: number } {
  let relevance = 0
  let factual = 0
  for (let start = 0; start < textLength; start += segmentLength) {
    const first = choiceProbabilities(policy, start * vocabulary)
    first.forEach((probability, token) => {
      if (relevant.has(token)) relevance += probability / segments
      const third = choiceProbabilities(policy, (start + 2) * vocabulary + token)
      factual += (probability * third[(token + offset) % vocabulary]) / segments
    })
  }
  return { relevance, factual }
}
