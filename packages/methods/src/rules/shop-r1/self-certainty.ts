import { assertFinite, assertInteger, GuerdonError, logSumExp } from '@guerdon/core'

/**
 * Which divergence from the uniform distribution U over the |V| tokens is taken, averaged over the rationale's tokens.
 *
 * - `meanKlToUniform`: KL(p ‖ U) = log|V| − H(p), as the text describes it (default)
 * - `meanKlFromUniform`: KL(U ‖ p), the original self-certainty of related work
 * - `printed`: KL(p ‖ U) / |V|, the formula as printed; about 1e-7 for a language model, so without effect
 */
export type SelfCertaintyMode = 'printed' | 'meanKlToUniform' | 'meanKlFromUniform'

/**
 * How sure the policy was of its rationale, in nats: the mean over N tokens of a divergence between the next-token
 * distribution p and the uniform one. Needs no label. 0 for uniform distributions and for N = 0.
 *
 * Source: Shop-R1, arXiv 2507.17842 §4 (formula and description disagree; see `SelfCertaintyMode`).
 *
 * A logit of −Infinity is a probability of 0, as outside a nucleus: it adds nothing to KL(p ‖ U), and makes KL(U ‖ p)
 * Infinity.
 *
 * @param tokenLogits [N][V] logits at the rationale's positions only
 * @throws not_finite for NaN, +Infinity, or a position without a finite logit
 */
export function selfCertainty(
  tokenLogits: readonly ArrayLike<number>[],
  options: { readonly mode?: SelfCertaintyMode } = {},
): number {
  const { mode = 'meanKlToUniform' } = options
  let total = 0
  tokenLogits.forEach((logits, t) => {
    const size = logits.length
    const normaliser = logSumExp(logits)
    if (!Number.isFinite(normaliser)) {
      throw new GuerdonError('not_finite', `expected finite logits or −Infinity; position ${t} has none to normalise`, {
        path: ['tokenLogits', t],
      })
    }
    let divergence = 0
    for (let v = 0; v < size; v++) {
      const logProbability = logits[v] - normaliser
      if (mode === 'meanKlFromUniform') divergence -= logProbability / size
      else if (logits[v] !== Number.NEGATIVE_INFINITY) divergence += Math.exp(logProbability) * logProbability
    }
    divergence += mode === 'meanKlFromUniform' ? -Math.log(size) : Math.log(size)
    total += mode === 'printed' ? divergence / size : divergence
  })
  return tokenLogits.length === 0 ? 0 : total / tokenLogits.length
}

/**
 * `meanKlToUniform` from recorded entropies: log|V| − mean H. The only mode that needs no distributions.
 *
 * @param entropies [N] entropy of each next-token distribution, in nats
 * @param vocabularySize |V|
 */
export function selfCertaintyFromEntropies(entropies: ArrayLike<number>, vocabularySize: number): number {
  assertFinite(entropies, 'entropies')
  assertInteger(vocabularySize, 'vocabularySize', 1)
  if (entropies.length === 0) return 0
  let total = 0
  for (let t = 0; t < entropies.length; t++) total += entropies[t]
  return Math.log(vocabularySize) - total / entropies.length
}
