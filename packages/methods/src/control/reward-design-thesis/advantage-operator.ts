import { assertInteger } from '@guerdon/core'
import { solveLinearSystem } from '../../shared/linear-algebra.ts'
import type { FiniteMdp } from '../../shared/tabular.ts'

/** `inclusive`: h = 0 … H, H+1 terms (2021 code). `exclusive`: h = 0 … H−1, H terms (2024 code). */
export type HorizonTerms = 'inclusive' | 'exclusive'

/**
 * A_H = (I_π − I) Σ_h γ^h P_π^h as a dense matrix `[S·A][S·A]`: applied to a reward table it gives
 * Q_H(s, π(s)) − Q_H(s, a) for following π after the first action.
 *
 * @param policy [S] deterministic
 */
export function advantageOperator(
  mdp: FiniteMdp,
  policy: ArrayLike<number>,
  options: { readonly horizon: number; readonly terms?: HorizonTerms },
): Float64Array {
  const { horizon, terms = 'inclusive' } = options
  assertInteger(horizon, 'horizon', terms === 'inclusive' ? 0 : 1)
  const n = mdp.rewards.length
  let values = identity(n)
  const repeats = terms === 'inclusive' ? horizon : horizon - 1
  for (let h = 0; h < repeats; h++) {
    const next = identity(n)
    addNextValues(mdp, next, s =>
      values.subarray((s * mdp.actionCount + policy[s]) * n, (s * mdp.actionCount + policy[s] + 1) * n),
    )
    values = next
  }
  return differenceToPolicy(mdp, policy, values)
}

/** (I_π − I)(I − γP_π)⁻¹: the same for the endless horizon. */
export function discountedAdvantageOperator(mdp: FiniteMdp, policy: ArrayLike<number>): Float64Array {
  const { stateCount, actionCount } = mdp
  const n = mdp.rewards.length
  // V = (I − γT_π)⁻¹ E_π R, where E_π picks the policy's entries
  const matrix = new Float64Array(stateCount * stateCount)
  const picks = new Float64Array(stateCount * n)
  for (let s = 0; s < stateCount; s++) {
    const row = s * actionCount + policy[s]
    matrix[s * stateCount + s] += 1
    picks[s * n + row] = 1
    for (let k = mdp.offsets[row]; k < mdp.offsets[row + 1]; k++)
      matrix[s * stateCount + mdp.nextStates[k]] -= mdp.discount * mdp.probabilities[k]
  }
  const stateValues = solveLinearSystem(matrix, picks, n)
  const values = identity(n)
  addNextValues(mdp, values, s => stateValues.subarray(s * n, (s + 1) * n))
  return differenceToPolicy(mdp, policy, values)
}

function identity(n: number): Float64Array {
  const matrix = new Float64Array(n * n)
  for (let i = 0; i < n; i++) matrix[i * n + i] = 1
  return matrix
}

/** rows += γ Σ_{s′} T(s′|s,a)·nextValues(s′) */
function addNextValues(mdp: FiniteMdp, rows: Float64Array, nextValues: (state: number) => Float64Array): void {
  const n = mdp.rewards.length
  for (let row = 0; row < n; row++) {
    for (let k = mdp.offsets[row]; k < mdp.offsets[row + 1]; k++) {
      const factor = mdp.discount * mdp.probabilities[k]
      const next = nextValues(mdp.nextStates[k])
      for (let j = 0; j < n; j++) rows[row * n + j] += factor * next[j]
    }
  }
}

function differenceToPolicy(mdp: FiniteMdp, policy: ArrayLike<number>, values: Float64Array): Float64Array {
  const n = mdp.rewards.length
  const difference = new Float64Array(n * n)
  for (let row = 0; row < n; row++) {
    const s = Math.floor(row / mdp.actionCount)
    const chosen = s * mdp.actionCount + policy[s]
    for (let j = 0; j < n; j++) difference[row * n + j] = values[chosen * n + j] - values[row * n + j]
  }
  return difference
}
