import { assertInRange, assertProbability, assertSameLength } from '@guerdon/core'
import { solveLinearProgramme } from '../../shared/linear-programme.ts'
import { evaluatePolicy, type FiniteMdp, stateDistribution, valueIteration } from '../../shared/tabular.ts'
import { discountedAdvantageOperator } from './advantage-operator.ts'
import { actionGaps, type ExprdResult } from './exprd.ts'

/** What the teacher knows about the original task. */
export interface TeacherQuantities {
  /** [S·A] A_T = Q^π_T − V^π_T under the original reward. */
  readonly advantage: Float64Array
  /** [S] μ_T, the normalised discounted state distribution of the ε-greedy mixture; 0 at the terminal (last) state. */
  readonly stateDistribution: Float64Array
}

/**
 * Advantages of the teacher's stochastic policy and the state distribution of its ε-greedy mixture (1−ε)·π + ε/A.
 *
 * @param teacherPolicy [S·A]
 * Source: Devidze et al. 2024, `compute_teacher_quantities_given_env_pi`.
 */
export function teacherQuantities(
  mdp: FiniteMdp,
  teacherPolicy: ArrayLike<number>,
  options: { /** Default 0.4. */ readonly epsilon?: number } = {},
): TeacherQuantities {
  const { epsilon = 0.4 } = options
  assertProbability(epsilon, 'epsilon')
  const { q, v } = evaluatePolicy(mdp, teacherPolicy)
  const mixture = Float64Array.from(teacherPolicy, p => (1 - epsilon) * p + epsilon / mdp.actionCount)
  return {
    advantage: q.map((value, row) => value - v[Math.floor(row / mdp.actionCount)]),
    stateDistribution: stateDistribution(mdp, mixture),
  }
}

/** μ_L(s,a) = π_L(a|s)·μ_L(s), `[S·A]`, with the terminal state left out. */
export function learnerDistribution(mdp: FiniteMdp, learnerPolicy: ArrayLike<number>): Float64Array {
  const mu = stateDistribution(mdp, learnerPolicy)
  return Float64Array.from(learnerPolicy, (p, row) => p * mu[Math.floor(row / mdp.actionCount)])
}

/** Adaptive informativeness in its two uses. */
export interface AdaptiveInformativeness {
  /** As reported: Σ μ_T(s)·π_L(a|s)·(A_T − E_L A_T)·(R̂ − E_L R̂). */
  readonly metric: number
  /** As optimised: the same weighted by μ_L(s,a) once more. */
  readonly designObjective: number
}

/**
 * How well a reward table's one-step advantages, seen by the learner, agree with the teacher's:
 * Σ_{s,a} μ_T(s)·π_L(a|s)·[A_T(s,a) − Σ_b π_L(b|s)A_T(s,b)]·[R̂(s,a) − Σ_b π_L(b|s)R̂(s,b)] (· μ_L(s,a) in the design).
 *
 * @param rewards [S·A] R̂
 * @param learnerPolicy [S·A]
 * Source: Devidze et al. 2024, eq. (3); `get_IR` and `reward_design_model_based_Ada_TL`.
 */
export function adaptiveInformativeness(
  mdp: FiniteMdp,
  rewards: ArrayLike<number>,
  learnerPolicy: ArrayLike<number>,
  teacher: TeacherQuantities,
): AdaptiveInformativeness {
  assertSameLength(mdp.rewards, 'the table of the MDP', rewards, 'rewards')
  const learner = learnerDistribution(mdp, learnerPolicy)
  const centredTeacher = centred(teacher.advantage, learnerPolicy, mdp.actionCount)
  const centredRewards = centred(rewards, learnerPolicy, mdp.actionCount)
  let metric = 0
  let designObjective = 0
  for (let row = 0; row < rewards.length; row++) {
    const s = Math.floor(row / mdp.actionCount)
    const term = teacher.stateDistribution[s] * learnerPolicy[row] * centredTeacher[row] * centredRewards[row]
    metric += term
    designObjective += term * learner[row]
  }
  return { metric, designObjective }
}

/** x(s,a) − Σ_b π(b|s)·x(s,b) */
function centred(table: ArrayLike<number>, policy: ArrayLike<number>, actionCount: number): Float64Array {
  const result = Float64Array.from(table)
  for (let start = 0; start < result.length; start += actionCount) {
    let mean = 0
    for (let a = 0; a < actionCount; a++) mean += policy[start + a] * table[start + a]
    for (let a = 0; a < actionCount; a++) result[start + a] -= mean
  }
  return result
}

/** [S·A] c with design objective = cᵀR̂: c(s,a) = W(s,a) − π_L(a|s) Σ_b W(s,b), W = π_L·(A_T − E_L A_T)·μ_T·μ_L. */
export function adaptiveDesignCoefficients(
  mdp: FiniteMdp,
  learnerPolicy: ArrayLike<number>,
  teacher: TeacherQuantities,
): Float64Array {
  const learner = learnerDistribution(mdp, learnerPolicy)
  const advantage = centred(teacher.advantage, learnerPolicy, mdp.actionCount)
  const weights = advantage.map(
    (value, row) =>
      learnerPolicy[row] * value * teacher.stateDistribution[Math.floor(row / mdp.actionCount)] * learner[row],
  )
  const result = weights.slice()
  for (let start = 0; start < result.length; start += mdp.actionCount) {
    let total = 0
    for (let a = 0; a < mdp.actionCount; a++) total += weights[start + a]
    for (let a = 0; a < mdp.actionCount; a++) result[start + a] -= learnerPolicy[start + a] * total
  }
  return result
}

/** Choices of the adaptive design. */
export interface AdaptiveDesignOptions {
  /** |R̂| ≤ rMax. Default 10. */
  readonly rMax?: number
  /** ε of the teacher's mixture. Default 0.4. */
  readonly epsilon?: number
  /** `[S·A][K]` features F with R̂ = F·w; one-hot when absent. */
  readonly features?: readonly ArrayLike<number>[]
  /** |w| ≤ weightBound, only to keep dependent features bounded. Default 100·rMax. */
  readonly weightBound?: number
  /** Tolerance of the value iteration. Default 1e-6. */
  readonly tolerance?: number
  /**
   * What is maximised: agreement with the learner (`adaptive`), or nothing (`invariance`: any feasible table). Default
   * `adaptive`.
   */
  readonly teacher?: 'adaptive' | 'invariance'
  /** Factor on the gaps. Default 1 (raw). */
  readonly gapShrink?: number
}

/**
 * One ExpAdaRD design: maximise the adaptive informativeness for the current learner subject to the strong invariance
 * constraints (I_π − I)(I − γP_π)⁻¹R̂ ≥ δ and |R̂| ≤ rMax. The table *replaces* the environment's reward; adding the
 * original on top breaks the guarantee.
 *
 * Differs from EXPRD: the objective reads the learner's own policy, so it is solved again every few episodes.
 * Source: Devidze et al. 2024, eq. (4); `reward_design_model_based_Ada_TL`, `…_invariant`.
 */
export function designAdaptive(
  mdp: FiniteMdp,
  learnerPolicy: ArrayLike<number>,
  options: AdaptiveDesignOptions = {},
): ExprdResult {
  const { rMax = 10, epsilon = 0.4, features, tolerance = 1e-6, teacher = 'adaptive', gapShrink = 1 } = options
  assertInRange(rMax, 'rMax', 0, Number.MAX_VALUE)
  const { weightBound = 100 * rMax } = options
  const n = mdp.rewards.length
  const solution = valueIteration(mdp, { tolerance })
  const gaps = actionGaps(mdp, solution.policy, solution.stochasticPolicy)
  const quantities = teacherQuantities(mdp, solution.stochasticPolicy, { epsilon })
  const objective =
    teacher === 'adaptive' ? adaptiveDesignCoefficients(mdp, learnerPolicy, quantities) : new Float64Array(n)
  const operator = discountedAdvantageOperator(mdp, solution.policy)
  const size = features ? features[0].length : n
  const rows = []
  for (let row = 0; row < n; row++) {
    const coefficients = throughFeatures(operator.subarray(row * n, (row + 1) * n), features, size)
    const gap = solution.stochasticPolicy[row] === 0 ? gaps[Math.floor(row / mdp.actionCount)] * gapShrink : 0
    rows.push({ coefficients, lower: gap - 1e-9 })
    if (features) rows.push({ coefficients: features[row], lower: -rMax, upper: rMax })
  }
  const bound = features ? weightBound : rMax
  const result = solveLinearProgramme({
    cost: throughFeatures(objective, features, size).map(c => -c),
    rows,
    lower: new Float64Array(size).fill(-bound),
    upper: new Float64Array(size).fill(bound),
  })
  if (result.status === 'infeasible') return { feasible: false }
  const rewards = features
    ? Float64Array.from(features, row => row && Array.from(row).reduce((sum, f, k) => sum + f * result.x[k], 0))
    : result.x
  return { feasible: true, rewards, objective: 0 - result.objective }
}

/** coefficientsᵀF */
function throughFeatures(
  coefficients: Float64Array,
  features: readonly ArrayLike<number>[] | undefined,
  size: number,
): Float64Array {
  if (!features) return coefficients.slice()
  const result = new Float64Array(size)
  for (let row = 0; row < coefficients.length; row++) {
    if (coefficients[row] === 0) continue
    for (let k = 0; k < size; k++) result[k] += coefficients[row] * features[row][k]
  }
  return result
}

/** A visited state and action with the learner's probabilities at sampling time. */
export interface LearnerVisit {
  readonly state: number
  readonly action: number
  /** [A] π_L(·|s) when the action was sampled. */
  readonly probabilities: ArrayLike<number>
}

/**
 * Model-free variant: gradient of the reported metric along visited pairs, applied `repeats` times and clipped.
 * φ(s,a) += g, φ(s,·) −= π_L·g with g = π_L(a|s)·μ_T(s)·(A_T(s,a) − E_L A_T(s,·)).
 *
 * @param table [S·A] φ; not changed
 * @returns [S·A]
 * Source: the 2024 code's `update_Ada_TL_Transfer` (step 0.01 × 100 repeats, clip ±1).
 */
export function adaptiveGradientStep(
  table: ArrayLike<number>,
  visits: readonly LearnerVisit[],
  teacher: TeacherQuantities,
  options: {
    /** Default 0.01. */ readonly step?: number
    /** Default 100. */ readonly repeats?: number
    /** ±bound, null for none. Default 1. */ readonly clip?: number | null
  } = {},
): Float64Array {
  const { step = 0.01, repeats = 100, clip = 1 } = options
  const gradient = new Float64Array(table.length)
  for (const { state, action, probabilities } of visits) {
    const actionCount = probabilities.length
    const start = state * actionCount
    let expected = 0
    for (let a = 0; a < actionCount; a++) expected += probabilities[a] * teacher.advantage[start + a]
    const g = probabilities[action] * teacher.stateDistribution[state] * (teacher.advantage[start + action] - expected)
    gradient[start + action] += g
    for (let a = 0; a < actionCount; a++) gradient[start + a] -= probabilities[a] * g
  }
  return Float64Array.from(table, (value, row) => {
    const moved = value + step * repeats * gradient[row]
    return clip === null ? moved : Math.min(clip, Math.max(-clip, moved))
  })
}
