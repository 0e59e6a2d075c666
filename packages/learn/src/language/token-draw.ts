import { assertInRange, assertInteger, GuerdonError, type Random } from '@guerdon/core'

/** A token drawn from a policy, with what the policy thought of it. */
export interface DrawnToken {
  token: number
  /** log π(token) under temperature 1. */
  logProb: number
  /** Log-probability under the distribution it was drawn from: `logProb` itself at temperature 1. */
  samplingLogProb: number
  /** Entropy of π under temperature 1, nats. */
  entropy: number
}

/**
 * Draws a token from softmax(logits / temperature); `logits` holds the row from `start` on. The result is overwritten by the
 * next draw.
 *
 * @throws not_finite when the logits hold NaN or +Infinity
 */
export type TokenDraw = (logits: Float32Array, start: number, random: Random) => Readonly<DrawnToken>

/** A draw for vocabularies of one size. Takes one uniform of the generator a token. */
export function createTokenDraw(options: {
  readonly vocabularySize: number
  readonly temperature?: number
}): TokenDraw {
  const { vocabularySize, temperature = 1 } = options
  assertInteger(vocabularySize, 'vocabularySize', 1)
  assertInRange(temperature, 'temperature', 1e-6, Number.MAX_VALUE)
  const weights = new Float64Array(vocabularySize)
  const drawn: DrawnToken = { token: 0, logProb: 0, samplingLogProb: 0, entropy: 0 }
  return (logits, start, random) => {
    let largest = Number.NEGATIVE_INFINITY
    for (let v = 0; v < vocabularySize; v++) largest = Math.max(largest, logits[start + v])
    let total = 0
    for (let v = 0; v < vocabularySize; v++) total += Math.exp(logits[start + v] - largest)
    const normaliser = largest + Math.log(total)
    if (!Number.isFinite(normaliser)) {
      throw new GuerdonError('not_finite', 'expected finite logits from the policy; got NaN or Infinity', {
        hint: 'training has diverged: lower the learning rate or go back to an earlier checkpoint',
      })
    }
    let entropy = 0
    let weight = 0
    for (let v = 0; v < vocabularySize; v++) {
      const logProb = logits[start + v] - normaliser
      if (logProb > Number.NEGATIVE_INFINITY) entropy -= Math.exp(logProb) * logProb
      weights[v] = Math.exp((logits[start + v] - largest) / temperature)
      weight += weights[v]
    }
    const token = random.categorical(weights)
    drawn.token = token
    drawn.logProb = logits[start + token] - normaliser
    drawn.samplingLogProb = temperature === 1 ? drawn.logProb : Math.log(weights[token] / weight)
    drawn.entropy = entropy
    return drawn
  }
}
