import { assertOneOf, GuerdonError } from '@guerdon/core'

/** Beliefs and gains along one rollout. */
export interface InformationGain {
  /** [T+1] belief at each boundary: a probability under `probDiff`, a mean log-probability under `logProbDiff`. */
  readonly beliefs: Float64Array
  /** [T] gain of each tool turn. */
  readonly gains: Float64Array
  /** [T+1] 1 where a log-probability was not finite: the earlier belief was kept and the gain is 0. */
  readonly kept: Uint8Array
}

/**
 * How much each tool turn raised the policy's own belief in the reference answer:
 *
 *   Bel_b = exp(mean_j log π(a_j | history up to boundary b)),  r_t = Bel_t − Bel_{t−1}   (`probDiff`)
 *
 * or the difference of the mean log-probabilities (`logProbDiff`). Bel is a geometric mean, so long answers do not vanish.
 * The gains telescope: Σ r_t = Bel_T − Bel_0, provided the same template is scored at every boundary. No gradient flows.
 *
 * A log-probability that is NaN or −Infinity gives gain 0 and keeps the earlier belief.
 *
 * @param logProbs log-probabilities of the answer's tokens under teacher forcing at boundaries 0 (before any turn) … T
 * @throws empty for no boundary, or an answer without tokens
 */
export function informationGain(
  logProbs: readonly ArrayLike<number>[],
  options: { readonly mode?: 'probDiff' | 'logProbDiff' } = {},
): InformationGain {
  const { mode = 'probDiff' } = options
  assertOneOf(mode, 'mode', ['probDiff', 'logProbDiff'])
  if (logProbs.length === 0) {
    throw new GuerdonError('empty', 'expected log-probabilities at one boundary at least; got none', {
      hint: 'score the answer once before the first turn',
    })
  }
  const raw = logProbs.map((row, b) => {
    if (row.length === 0) {
      throw new GuerdonError('empty', `expected the answer to have tokens; boundary ${b} has none`, {
        path: ['logProbs', b],
        hint: 'leave the gains of this prompt out',
      })
    }
    let total = 0
    for (let j = 0; j < row.length; j++) total += row[j]
    return mode === 'probDiff' && Number.isFinite(total) ? Math.exp(total / row.length) : total / row.length
  })
  const first = raw.find(Number.isFinite)
  if (first === undefined) {
    throw new GuerdonError('not_finite', 'expected a finite log-probability at one boundary at least; got none', {
      path: ['logProbs'],
    })
  }
  const beliefs = new Float64Array(raw.length)
  const kept = new Uint8Array(raw.length)
  raw.forEach((belief, b) => {
    kept[b] = Number.isFinite(belief) ? 0 : 1
    beliefs[b] = kept[b] ? (b === 0 ? first : beliefs[b - 1]) : belief
  })
  const gains = new Float64Array(raw.length - 1)
  for (let t = 0; t < gains.length; t++) gains[t] = beliefs[t + 1] - beliefs[t]
  return { beliefs, gains, kept }
}
