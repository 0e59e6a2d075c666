import { assertFinite, assertInRange, GuerdonError } from '@guerdon/core'
import { solveLinearSystem } from './linear-algebra.ts'

/**
 * A finite Markov decision process: S states, A actions, transitions stored sparsely by (state, action).
 * Row `s·A + a` owns entries `offsets[row] … offsets[row+1] − 1` of `nextStates` and `probabilities`.
 */
export interface FiniteMdp {
  readonly stateCount: number
  readonly actionCount: number
  /** [S·A+1] */
  readonly offsets: Int32Array
  /** [number of non-zero transitions] */
  readonly nextStates: Int32Array
  /** [number of non-zero transitions] */
  readonly probabilities: Float64Array
  /** [S·A] expected reward of taking action a in state s. */
  readonly rewards: Float64Array
  /** γ in [0, 1). */
  readonly discount: number
  /** [S] distribution of the first state; needed only for state distributions. */
  readonly initial?: Float64Array
}

/** What a finite MDP is built from. */
export interface FiniteMdpTables {
  /** `[S][S][A]`: probability of moving from s to s′ under a. Rows sum to 1 within 1e-6. */
  readonly transitions: readonly (readonly ArrayLike<number>[])[]
  /** `[S][A]` */
  readonly rewards: readonly ArrayLike<number>[]
  readonly discount: number
  readonly initial?: ArrayLike<number>
}

/**
 * Builds a finite MDP from dense tables. Throws `invalid_input` for a row that does not sum to 1, `invalid_option` for
 * γ outside [0, 1).
 */
export function finiteMdp(tables: FiniteMdpTables): FiniteMdp {
  const stateCount = tables.transitions.length
  const actionCount = tables.rewards[0]?.length ?? 0
  assertInRange(tables.discount, 'discount', 0, 1 - Number.EPSILON)
  const offsets = new Int32Array(stateCount * actionCount + 1)
  const nextStates: number[] = []
  const probabilities: number[] = []
  const rewards = new Float64Array(stateCount * actionCount)
  for (let s = 0; s < stateCount; s++) {
    for (let a = 0; a < actionCount; a++) {
      let total = 0
      for (let next = 0; next < stateCount; next++) {
        const probability = tables.transitions[s][next][a]
        if (probability === 0) continue
        total += probability
        nextStates.push(next)
        probabilities.push(probability)
      }
      if (!(Math.abs(total - 1) <= 1e-6)) {
        throw new GuerdonError(
          'invalid_input',
          `expected the transitions of state ${s} under action ${a} to sum to 1; got ${total}`,
          { path: ['transitions', s], hint: 'the layout is transitions[state][nextState][action]' },
        )
      }
      offsets[s * actionCount + a + 1] = nextStates.length
      rewards[s * actionCount + a] = tables.rewards[s][a]
    }
  }
  return {
    stateCount,
    actionCount,
    offsets,
    nextStates: Int32Array.from(nextStates),
    probabilities: Float64Array.from(probabilities),
    rewards,
    discount: tables.discount,
    ...(tables.initial && { initial: Float64Array.from(tables.initial) }),
  }
}

/** The same process paying other rewards `[S·A]`. */
export function withRewards(mdp: FiniteMdp, rewards: ArrayLike<number>): FiniteMdp {
  if (rewards.length !== mdp.rewards.length) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected ${mdp.rewards.length} rewards, one a state and action; got ${rewards.length}`,
    )
  }
  return { ...mdp, rewards: Float64Array.from(rewards) }
}

/** Σ_{s′} T(s′|s,a)·v(s′) of row `s·A + a`. */
export function expectedNext(mdp: FiniteMdp, row: number, values: ArrayLike<number>): number {
  let total = 0
  for (let k = mdp.offsets[row]; k < mdp.offsets[row + 1]; k++)
    total += mdp.probabilities[k] * values[mdp.nextStates[k]]
  return total
}

/** Action values, state values and greedy policies. */
export interface MdpSolution {
  /** [S·A] */
  readonly q: Float64Array
  /** [S] */
  readonly v: Float64Array
  /** [S] first best action. */
  readonly policy: Int32Array
  /** [S·A] uniform over the actions within `tolerance` of the best. */
  readonly stochasticPolicy: Float64Array
}

/**
 * Value iteration from V = 0 until ‖V − V_old‖_∞ < `tolerance` (default 1e-6), then one more backup for Q.
 * Ties go to the lowest action; `stochasticPolicy` shares probability among actions within `tolerance` of the best.
 */
export function valueIteration(mdp: FiniteMdp, options: { readonly tolerance?: number } = {}): MdpSolution {
  const { tolerance = 1e-6 } = options
  if (!(tolerance > 0))
    throw new GuerdonError('invalid_option', `expected tolerance > 0; got ${tolerance}`, { path: ['tolerance'] })
  assertFinite(mdp.rewards, 'rewards')
  const { stateCount, actionCount } = mdp
  const q = new Float64Array(stateCount * actionCount)
  let v = new Float64Array(stateCount)
  for (;;) {
    const next = new Float64Array(stateCount)
    backup(mdp, v, q)
    let change = 0
    let largest = 0
    for (let s = 0; s < stateCount; s++) {
      next[s] = q[s * actionCount + firstBest(q, s, actionCount)]
      change = Math.max(change, Math.abs(next[s] - v[s]))
      largest = Math.max(largest, Math.abs(next[s]))
    }
    v = next
    // huge values cannot change by less than their own rounding
    if (change < tolerance || change <= 4 * Number.EPSILON * largest) break
  }
  backup(mdp, v, q)
  const policy = new Int32Array(stateCount)
  const stochasticPolicy = new Float64Array(stateCount * actionCount)
  for (let s = 0; s < stateCount; s++) {
    policy[s] = firstBest(q, s, actionCount)
    const best = q[s * actionCount + policy[s]]
    let count = 0
    for (let a = 0; a < actionCount; a++) if (best - q[s * actionCount + a] <= tolerance) count++
    for (let a = 0; a < actionCount; a++)
      if (best - q[s * actionCount + a] <= tolerance) stochasticPolicy[s * actionCount + a] = 1 / count
  }
  return { q, v, policy, stochasticPolicy }
}

function backup(mdp: FiniteMdp, v: Float64Array, q: Float64Array): void {
  for (let row = 0; row < q.length; row++) q[row] = mdp.rewards[row] + mdp.discount * expectedNext(mdp, row, v)
}

/** First index of the largest of the A entries of state s. */
export function firstBest(table: ArrayLike<number>, state: number, actionCount: number): number {
  let best = 0
  for (let a = 1; a < actionCount; a++) if (table[state * actionCount + a] > table[state * actionCount + best]) best = a
  return best
}

/** `[S·A]` one-hot rows from one action a state. */
export function oneHotPolicy(policy: ArrayLike<number>, actionCount: number): Float64Array {
  const table = new Float64Array(policy.length * actionCount)
  for (let s = 0; s < policy.length; s++) table[s * actionCount + policy[s]] = 1
  return table
}

/**
 * Exact values of a stochastic policy `[S·A]`: solves (I − γP_π)·V = R_π, then Q = R + γTV.
 * Throws `invalid_input` when the system is singular.
 */
export function evaluatePolicy(mdp: FiniteMdp, policy: ArrayLike<number>): { q: Float64Array; v: Float64Array } {
  const { stateCount: n, actionCount } = mdp
  const matrix = new Float64Array(n * n)
  const right = new Float64Array(n)
  for (let s = 0; s < n; s++) {
    matrix[s * n + s] = 1
    for (let a = 0; a < actionCount; a++) {
      const row = s * actionCount + a
      right[s] += policy[row] * mdp.rewards[row]
      for (let k = mdp.offsets[row]; k < mdp.offsets[row + 1]; k++)
        matrix[s * n + mdp.nextStates[k]] -= mdp.discount * policy[row] * mdp.probabilities[k]
    }
  }
  const v = solveLinearSystem(matrix, right)
  const q = new Float64Array(n * actionCount)
  backup(mdp, v, q)
  return { q, v }
}

/**
 * Discounted state distribution of a policy: μ = (1 − γ)(I − γP_πᵀ)⁻¹ d₀, the entry of the terminal (last) state set to
 * 0 when `dropTerminal` (default), then renormalised.
 *
 * @returns [S]
 * @throws missing `initial`, or an initial state that is terminal (nothing left to normalise)
 */
export function stateDistribution(
  mdp: FiniteMdp,
  policy: ArrayLike<number>,
  options: { readonly dropTerminal?: boolean } = {},
): Float64Array {
  const { dropTerminal = true } = options
  const { stateCount: n, actionCount, initial } = mdp
  if (!initial) {
    throw new GuerdonError('invalid_input', 'expected an initial distribution in the MDP; it has none', {
      path: ['initial'],
      hint: 'give `initial`, the distribution of the first state',
    })
  }
  const matrix = new Float64Array(n * n)
  for (let s = 0; s < n; s++) {
    matrix[s * n + s] += 1
    for (let a = 0; a < actionCount; a++) {
      const row = s * actionCount + a
      for (let k = mdp.offsets[row]; k < mdp.offsets[row + 1]; k++)
        matrix[mdp.nextStates[k] * n + s] -= mdp.discount * policy[row] * mdp.probabilities[k]
    }
  }
  const mu = solveLinearSystem(
    matrix,
    initial.map(p => (1 - mdp.discount) * p),
  )
  if (dropTerminal) mu[n - 1] = 0
  let total = 0
  for (let s = 0; s < n; s++) total += mu[s]
  if (!(total > 0)) {
    throw new GuerdonError(
      'invalid_input',
      'expected an initial distribution outside the terminal state; all its mass is there',
      {
        path: ['initial'],
      },
    )
  }
  for (let s = 0; s < n; s++) mu[s] /= total
  return mu
}

/**
 * Potential-based shaping of a reward table (Ng, Harada and Russell 1999): R′(s,a) = R(s,a) + γ Σ_{s′} T(s′|s,a)·Φ(s′)
 * − Φ(s). Φ of an absorbing terminal state must be 0 for the optimum to stay.
 *
 * @param potential [S]
 * @returns [S·A]
 */
export function shapeRewardTable(mdp: FiniteMdp, potential: ArrayLike<number>): Float64Array {
  const shaped = mdp.rewards.slice()
  for (let row = 0; row < shaped.length; row++)
    shaped[row] += mdp.discount * expectedNext(mdp, row, potential) - potential[Math.floor(row / mdp.actionCount)]
  return shaped
}
