import {
  assertFinite,
  assertInteger,
  assertNotEmpty,
  assertSameLength,
  GuerdonError,
  logSumExp,
  sum,
} from '@guerdon/core'

/** Moments of e^r under a distribution. */
export interface ExpReward {
  readonly mean: number
  readonly variance: number
  /** r*, the largest reward that has probability. */
  readonly best: number
}

/** E[e^r] and Var[e^r]; e^r must stay within the range of a double, so keep |r| below about 350. */
export function expReward(p: ArrayLike<number>, rewards: ArrayLike<number>): ExpReward {
  checkDistribution(p, rewards)
  const support = Array.from(p, (_, x) => x).filter(x => p[x] > 0)
  const mean = sum(support.map(x => p[x] * Math.exp(rewards[x])))
  const variance = sum(support.map(x => p[x] * (Math.exp(rewards[x]) - mean) ** 2))
  return { mean, variance, best: Math.max(...support.map(x => rewards[x])) }
}

/**
 * How curation re-weights each outcome of a distribution,
 *
 *   H(x) = E_{x₁…x_{K−1} ∼ p}[ K·e^{r(x)} / (e^{r(x)} + Σᵢ e^{r(xᵢ)}) ],
 *
 * exactly, by enumerating how often each level of reward occurs among the K − 1 others. 0 < H ≤ K, E_p[H] = 1, H = 1 for K = 1
 * or equal rewards.
 *
 * @param p [M] probabilities
 * @param rewards [M]
 * @returns [M]
 * @throws unsupported when the enumeration would exceed two million compositions
 */
export function curationWeights(p: ArrayLike<number>, rewards: ArrayLike<number>, K: number): Float64Array {
  checkDistribution(p, rewards)
  assertInteger(K, 'K', 1)
  const levels = [...new Set(Array.from(rewards))].sort((a, b) => b - a)
  // by the actual total: otherwise its rounding error grows K-fold with every round
  const whole = sum(p)
  const masses = levels.map(level => sum(Array.from(p, (mass, x) => (rewards[x] === level ? mass : 0))) / whole)
  const present = levels.map((_, l) => l).filter(l => masses[l] > 0)
  if (compositions(K - 1, present.length) > 2e6) {
    throw new GuerdonError('unsupported', `expected a small K and few reward levels; got ${K} and ${present.length}`, {
      hint: 'sample groups and pick from them instead: curate()',
    })
  }
  const top = levels[present[0]]
  const relative = levels.map(level => Math.exp(level - top))
  // share of a level among itself and those after it, from sums rather than differences
  const shares = present.map((l, position) => masses[l] / sum(present.slice(position).map(other => masses[other])))
  const logFactorial = logFactorials(K - 1)
  const weights = new Float64Array(levels.length)
  const visit = (position: number, left: number, probability: number, others: number) => {
    if (position === present.length) {
      relative.forEach((own, l) => {
        const odds = others / own
        weights[l] += Number.isNaN(odds) ? probability : (probability * K) / (1 + odds)
      })
      return
    }
    const last = position === present.length - 1
    for (let count = last ? left : 0; count <= left; count++) {
      const ways = logFactorial[left] - logFactorial[count] - logFactorial[left - count]
      const chance = last
        ? 1
        : Math.exp(ways + logPower(shares[position], count) + logPower(1 - shares[position], left - count))
      visit(position + 1, left - count, probability * chance, others + count * relative[present[position]])
    }
  }
  visit(0, K - 1, 1, 0)
  return Float64Array.from(rewards, reward => weights[levels.indexOf(reward)])
}

/** log baseⁿ, 0 for n = 0 whatever the base. */
function logPower(base: number, n: number): number {
  return n === 0 ? 0 : n * Math.log(base)
}

/** [n + 1] log k!. */
function logFactorials(n: number): Float64Array {
  const logs = new Float64Array(n + 1)
  for (let k = 1; k <= n; k++) logs[k] = logs[k - 1] + Math.log(k)
  return logs
}

/** Number of ways to write n as an ordered sum of `parts` non-negative integers. */
function compositions(n: number, parts: number): number {
  let count = 1
  for (let i = 1; i < parts; i++) count = (count * (n + i)) / i
  return count
}

/** One round of curation and exact retraining. */
export interface PopulationStep {
  /** [M] H. */
  readonly weights: Float64Array
  /** [M] p·H, the next distribution. */
  readonly next: Float64Array
  readonly expRewardBefore: number
  readonly expRewardAfter: number
  /** E[e^r] + (K−1)/K · Var[e^r]/e^{r*}: what E[e^r] reaches at least. */
  readonly lowerBoundAfter: number
}

/**
 * p′ = p·H: retraining on curated samples alone re-weights the density, so E[e^r] grows as under a preference optimiser (E[r]
 * need not).
 */
export function populationStep(p: ArrayLike<number>, rewards: ArrayLike<number>, K: number): PopulationStep {
  const weights = curationWeights(p, rewards, K)
  const next = weights.map((weight, x) => (p[x] === 0 ? 0 : p[x] * weight))
  const before = expReward(p, rewards)
  return {
    weights,
    next,
    expRewardBefore: before.mean,
    expRewardAfter: expReward(next, rewards).mean,
    lowerBoundAfter: before.mean + (((K - 1) / K) * before.variance) / Math.exp(before.best),
  }
}

/** The step for K → ∞: p′ = p·e^r / E_p[e^r], one step of KL-regularised RLHF with β = 1. No overflow. */
export function infiniteKStep(p: ArrayLike<number>, rewards: ArrayLike<number>): Float64Array {
  checkDistribution(p, rewards)
  const logs = Float64Array.from(p, (mass, x) => Math.log(mass) + rewards[x])
  const normaliser = logSumExp(logs)
  return logs.map(value => Math.exp(value - normaliser))
}

/** The best outcomes of a distribution with their relative shares: where the loop without real data ends. */
export function bestPart(p: ArrayLike<number>, rewards: ArrayLike<number>): Float64Array {
  const { best } = expReward(p, rewards)
  const kept = Float64Array.from(p, (mass, x) => (rewards[x] === best ? mass : 0))
  const total = sum(kept)
  return kept.map(mass => mass / total)
}

/** KL(p‖q) in nats; Infinity where p has mass and q has none. */
export function klDivergence(p: ArrayLike<number>, q: ArrayLike<number>): number {
  assertSameLength(p, 'p', q, 'q')
  return sum(Float64Array.from(p, (mass, x) => (mass === 0 ? 0 : mass * Math.log(mass / q[x]))))
}

function checkDistribution(p: ArrayLike<number>, rewards: ArrayLike<number>): void {
  assertNotEmpty(p, 'p')
  assertSameLength(p, 'p', rewards, 'rewards')
  assertFinite(p, 'p')
  assertFinite(rewards, 'rewards')
  for (let x = 0; x < p.length; x++) {
    if (p[x] < 0) {
      throw new GuerdonError('invalid_input', `expected probabilities; got ${p[x]} at index ${x}`, { path: ['p', x] })
    }
  }
}
