import { assertFinite, assertInRange, GuerdonError, logSumExp, sigmoid } from '@guerdon/core'
import {
  add,
  gather,
  logSoftmax,
  logSumExp as logSumExpOf,
  mean,
  mul,
  neg,
  type Operand,
  sigmoid as sigmoidOf,
  softplus,
  sub,
  type Tensor,
  where,
} from '@guerdon/tensor'

/** Vocabulary entries that mean yes and no. Several surface forms are summed; never mix forms between training and scoring. */
export interface YesNoTokens {
  readonly yes: readonly number[]
  readonly no: readonly number[]
}

/** Probability of "yes" at the answer position. */
export interface YesProbability {
  /** Softmax over the whole vocabulary. */
  readonly fullVocabulary: number
  /** Among yes and no only, σ(z_yes − z_no): the default reward, robust against mass on other words. */
  readonly restricted: number
  /** Logarithm of `fullVocabulary`; finite where that underflows. */
  readonly logFull: number
}

/**
 * P("yes") from next-token logits. Source: RewardDance, arXiv 2509.08826 §3 (the restricted form is a recommendation).
 *
 * @param logits [V]
 * @throws not_finite for NaN or ±Infinity: exclude and count the sample
 */
export function yesProbability(logits: ArrayLike<number>, tokens: YesNoTokens): YesProbability {
  assertFinite(logits, 'logits')
  checkTokens(tokens, logits.length)
  const mass = (ids: readonly number[]): number => logSumExp(ids.map(id => logits[id]))
  const logFull = mass(tokens.yes) - logSumExp(logits)
  return { fullVocabulary: Math.exp(logFull), restricted: sigmoid(mass(tokens.yes) - mass(tokens.no)), logFull }
}

function checkTokens({ yes, no }: YesNoTokens, size: number): void {
  for (const [name, ids] of [
    ['yes', yes],
    ['no', no],
  ] as const) {
    const valid = ids.length > 0 && ids.every(id => Number.isInteger(id) && id >= 0 && id < size)
    if (!valid) {
      throw new GuerdonError('invalid_option', `expected ${name} ids in [0, ${size}), at least one; got [${ids.join(', ')}]`, {
        path: [name],
      })
    }
  }
}

/** z_yes − z_no of each row, forms summed. @param logits [N][V] @returns [N] */
export function yesMinusNo(logits: Tensor, tokens: YesNoTokens): Tensor {
  return sub(massOf(logits, tokens.yes), massOf(logits, tokens.no))
}

function massOf(logits: Tensor, ids: readonly number[]): Tensor {
  checkTokens({ yes: ids, no: ids }, logits.shape[1])
  if (ids.length === 1) return gather(logits, constantIds(ids[0]), { axis: 1 })
  return logSumExpOf(
    ids.map(id => gather(logits, constantIds(id), { axis: 1 })).reduce((joined, column) => stackColumns(joined, column)),
    { axis: 1 },
  )
}
