import { assertFinite, assertNotEmpty, logSumExp } from '@guerdon/core'

/**
 * Self-certainty of one response, the rival that pays confidence: mean over its tokens of KL(uniform ‖ p_t) =
 * log Σ_v e^{z_v} − mean_v z_v − log V, in nats; 0 for uniform predictions, unbounded above. Collapses into confident mistakes,
 * because nothing outside the policy is asked.
 *
 * @param logits [T][V] of the predictions each token was drawn from
 * @throws empty for no token, not_finite
 */
export function selfCertainty(logits: readonly ArrayLike<number>[]): number {
  assertNotEmpty(logits, 'logits')
  let total = 0
  logits.forEach((row, t) => {
    assertNotEmpty(row, `logits[${t}]`)
    assertFinite(row, 'logits', ['logits', t])
    let sum = 0
    for (let v = 0; v < row.length; v++) sum += row[v]
    total += logSumExp(row) - sum / row.length - Math.log(row.length)
  })
  return total / logits.length
}

/**
 * Entropy minimisation, the other rival without labels: −(mean entropy of the predictions of a response), in nats, at most 0.
 *
 * @param entropies [R][Tᵢ] entropy at each token
 * @returns [R]
 * @throws empty for a response without tokens, not_finite
 */
export function entropyRewards(entropies: readonly ArrayLike<number>[]): Float64Array {
  return Float64Array.from(entropies, (row, i) => {
    assertNotEmpty(row, `entropies[${i}]`)
    assertFinite(row, 'entropies', ['entropies', i])
    let total = 0
    for (let t = 0; t < row.length; t++) total += row[t]
    return 0 - total / row.length
  })
}
