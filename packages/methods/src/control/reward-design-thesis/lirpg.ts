import { assertSameLength, softmax } from '@guerdon/core'
import { discountedReturns } from './explo-rs.ts'

/** A tabular trajectory of one policy: states, actions and the rewards of the task, `[T]` each. */
export interface TabularTrajectory {
  readonly states: ArrayLike<number>
  readonly actions: ArrayLike<number>
  readonly rewards: ArrayLike<number>
}

/** Choices of the meta-gradient. */
export interface LirpgOptions {
  readonly discount: number
  /** λ, weight of the intrinsic reward in the inner step. */
  readonly lambda: number
  /** α, step size of the inner policy-gradient update. */
  readonly step: number
}

/**
 * LIRPG for a tabular softmax policy: the inner step θ′ = θ + α Σ_t ∇log π_θ(a_t|s_t)·Σ_{i≥t} γ^{i−t}(r_i + λ
 * r_η(s_i,a_i)), and the gradient of the outer return with respect to the intrinsic table η: [Σ_t ∇_{θ′} log
 * π_{θ′}(a′_t|s′_t)·G′_t] · [α Σ_t ∇log π_θ(a_t|s_t) Σ_{i≥t} γ^{i−t} λ ∇_η r_η(s_i,a_i)].
 *
 * Differs from SelfRS, which truncates ∂/∂φ to one step and needs no second trajectory.
 *
 * @param theta [S][A] policy logits
 * @param intrinsic [S·A] r_η
 * @param inner trajectory sampled by θ
 * @param outer trajectory sampled by θ′
 * Source: Zheng, Oh and Singh 2018, eq. (5)–(8).
 */
export function lirpgMetaGradient(
  theta: readonly ArrayLike<number>[],
  intrinsic: ArrayLike<number>,
  inner: TabularTrajectory,
  outer: TabularTrajectory,
  options: LirpgOptions,
): { readonly theta: Float64Array; readonly gradient: Float64Array } {
  const { discount, lambda, step } = options
  const actionCount = theta[0].length
  assertSameLength(inner.states, 'inner.states', inner.rewards, 'inner.rewards')
  assertSameLength(outer.states, 'outer.states', outer.rewards, 'outer.rewards')
  const rowAt = (trajectory: TabularTrajectory, t: number) => trajectory.states[t] * actionCount + trajectory.actions[t]
  const mixed = Float64Array.from(inner.rewards, (r, t) => r + lambda * intrinsic[rowAt(inner, t)])
  const innerReturns = discountedReturns(mixed, discount)
  const updated = Float64Array.from(theta.flatMap(row => Array.from(row)))
  const before = policyTable(updated, actionCount)
  for (let t = 0; t < inner.states.length; t++)
    addLogGradient(updated, before, inner.states[t], inner.actions[t], actionCount, step * innerReturns[t])

  const outerReturns = discountedReturns(outer.rewards, discount)
  const after = policyTable(updated, actionCount)
  const outerGradient = new Float64Array(updated.length)
  for (let t = 0; t < outer.states.length; t++)
    addLogGradient(outerGradient, after, outer.states[t], outer.actions[t], actionCount, outerReturns[t])

  const gradient = new Float64Array(updated.length)
  for (let t = 0; t < inner.states.length; t++) {
    // ∇log π_θ(a_t|s_t) · outer gradient
    const start = inner.states[t] * actionCount
    let agreement = outerGradient[rowAt(inner, t)]
    for (let a = 0; a < actionCount; a++) agreement -= before[start + a] * outerGradient[start + a]
    for (let i = t; i < inner.states.length; i++)
      gradient[rowAt(inner, i)] += step * lambda * agreement * discount ** (i - t)
  }
  return { theta: updated, gradient }
}

/**
 * A visited pair with two roll-outs that start there: one after the action taken, one after an action drawn from the
 * policy.
 */
export interface VisitComparison {
  readonly state: number
  readonly action: number
  /** π(a|s) at sampling time. */
  readonly probability: number
  /** Original return from here minus V(s). */
  readonly error: number
  readonly afterAction: Pick<TabularTrajectory, 'states' | 'actions'>
  readonly afterDraw: Pick<TabularTrajectory, 'states' | 'actions'>
}

/**
 * LIRPG without a meta-gradient, the repository's own rival: ∂Q/∂φ(s,a) is replaced by discounted visits of (s,a) after
 * the action minus those after a drawn one, accumulated over the visits of an episode as released: φ(s_t,a_t) +=
 * step/episodes·π·error·difference(s_t,a_t).
 *
 * @param phi [S·A]; not changed @param episodes visits of each episode in order of time
 * Source: `update_Rlirpg`.
 */
export function visitDifferenceUpdate(
  phi: ArrayLike<number>,
  episodes: readonly (readonly VisitComparison[])[],
  options: { readonly discount: number; readonly actionCount: number /** Default 0.01. */; readonly step?: number },
): Float64Array {
  const { discount, actionCount, step = 0.01 } = options
  const result = Float64Array.from(phi)
  for (const visits of episodes) {
    const difference = new Float64Array(phi.length)
    for (const visit of visits) {
      const add = ({ states, actions }: Pick<TabularTrajectory, 'states' | 'actions'>, sign: number) => {
        for (let t = 0; t < states.length; t++) difference[states[t] * actionCount + actions[t]] += sign * discount ** t
      }
      add(visit.afterAction, 1)
      add(visit.afterDraw, -1)
      const row = visit.state * actionCount + visit.action
      result[row] += (step * visit.probability * visit.error * difference[row]) / episodes.length
    }
  }
  return result
}

function policyTable(theta: Float64Array, actionCount: number): Float64Array {
  const table = new Float64Array(theta.length)
  for (let start = 0; start < theta.length; start += actionCount)
    table.set(softmax(theta.subarray(start, start + actionCount)), start)
  return table
}

/** target += weight·∇_θ log π(a|s) */
function addLogGradient(
  target: Float64Array,
  policy: Float64Array,
  state: number,
  action: number,
  actionCount: number,
  weight: number,
): void {
  const start = state * actionCount
  target[start + action] += weight
  for (let a = 0; a < actionCount; a++) target[start + a] -= weight * policy[start + a]
}
