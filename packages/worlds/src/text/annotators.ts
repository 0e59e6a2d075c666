import { assertFiniteNumber, assertProbability, GuerdonError, type Random } from '@guerdon/core'

/** What an annotator sees of an answer. */
export interface JudgedAnswer {
  /** The gold utility of the answer for this annotator. */
  readonly utility: number
  /** Tokens. */
  readonly length: number
  /** Words of praise for the reader. */
  readonly praise: number
  /** Kind of the answer, 0, 1 or 2: what annotators who are not transitive look at. */
  readonly kind: 0 | 1 | 2
}

/** How simulated annotators err. */
export interface AnnotatorOptions {
  /** Divides felt differences before the logistic choice; larger is noisier. Default 0.5. */
  readonly temperature?: number
  /** Felt difference by which an answer must win, ≥ 0; in between annotators call a tie (Rao and Kupper 1967). Default 0. */
  readonly tieMargin?: number
  /** Utility felt for each token. Default 0. */
  readonly lengthBias?: number
  /** Utility felt for each word of praise, on top of what gold says. Default 0. */
  readonly flattery?: number
  /** Utility felt for standing first. Default 0. */
  readonly orderBias?: number
  /** Share of choices made by kind: 0 beats 1, 1 beats 2, 2 beats 0; equal kinds by utility. Default 0. */
  readonly intransitive?: number
  /** Share of choices written down the wrong way round; ties stay ties. Default 0. */
  readonly flip?: number
}

/** Probabilities of the three verdicts; they sum to 1. */
export interface ChoiceProbabilities {
  readonly first: number
  readonly second: number
  readonly tie: number
}

/** Verdict of an annotator. */
export type Choice = keyof ChoiceProbabilities

/**
 * Exact probabilities of what an annotator says. With the felt difference
 * d = u₁ − u₂ + lengthBias·(n₁ − n₂) + flattery·(p₁ − p₂) + orderBias, temperature τ and tie margin η:
 * P(first) = σ((d − η)/τ), P(second) = σ((−d − η)/τ), P(tie) the rest. A share `intransitive` chooses by kind instead, and
 * a share `flip` of the outcomes is exchanged.
 *
 * @throws invalid_option for a temperature or tie margin below 0, or shares outside [0, 1]; not_finite for other numbers
 */
export function choiceProbabilities(
  first: JudgedAnswer,
  second: JudgedAnswer,
  options: AnnotatorOptions = {},
): ChoiceProbabilities {
  const { temperature = 0.5, tieMargin = 0, lengthBias = 0, flattery = 0, orderBias = 0 } = options
  const { intransitive = 0, flip = 0 } = options
  assertProbability(intransitive, 'intransitive')
  assertProbability(flip, 'flip')
  if (!(temperature > 0)) throw tooSmall('temperature', temperature, '> 0')
  if (!(tieMargin >= 0)) throw tooSmall('tieMargin', tieMargin, '≥ 0')
  const difference =
    first.utility -
    second.utility +
    lengthBias * (first.length - second.length) +
    flattery * (first.praise - second.praise) +
    orderBias
  assertFiniteNumber(difference, 'difference')
  const feltFirst = logistic((difference - tieMargin) / temperature)
  const feltSecond = logistic((-difference - tieMargin) / temperature)
  const beats = first.kind === second.kind ? undefined : (first.kind + 1) % 3 === second.kind
  const share = beats === undefined ? 0 : intransitive
  const saidFirst = (1 - share) * feltFirst + (beats === true ? share : 0)
  const saidSecond = (1 - share) * feltSecond + (beats === false ? share : 0)
  const written = (1 - flip) * saidFirst + flip * saidSecond
  const other = (1 - flip) * saidSecond + flip * saidFirst
  return { first: written, second: other, tie: Math.max(0, 1 - written - other) }
}

/** Draws a verdict; one draw of `random`. */
export function drawChoice(probabilities: ChoiceProbabilities, random: Random): Choice {
  const draw = random.float()
  if (draw < probabilities.first) return 'first'
  return draw < probabilities.first + probabilities.second || probabilities.tie === 0 ? 'second' : 'tie'
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

function tooSmall(name: string, value: number, bound: string): GuerdonError {
  return new GuerdonError('invalid_option', `expected ${name} ${bound}; got ${value}`, { path: [name] })
}
