import { assertFinite, assertInRange, assertNotEmpty, assertSameLength, GuerdonError } from '@guerdon/core'

/**
 * Kinesthetic reward combination: sgn·|Π rᵢ|^{1/n}, sgn = +1 iff every signed component is ≥ 0, else −1. A high value
 * needs all components at once, where a weighted sum lets one pay for another; two negatives do not make a positive. A
 * zero component makes it exactly 0.
 *
 * @param components [n] utilities, usually in [−1, 1]
 * @param signed [n] which components decide the sign; all when absent
 * Source: Moschopoulos et al. 2023; `offensive_potential`.
 */
export function kineticCombination(
  components: ArrayLike<number>,
  options: { readonly signed?: ArrayLike<boolean> } = {},
): number {
  const { signed } = options
  assertNotEmpty(components, 'components')
  assertFinite(components, 'components')
  if (signed) assertSameLength(components, 'components', signed, 'signed')
  let product = 1
  let positive = true
  for (let i = 0; i < components.length; i++) {
    product *= components[i]
    if ((!signed || signed[i]) && components[i] < 0) positive = false
  }
  if (product === 0) return 0
  const size = Math.abs(product) ** (1 / components.length)
  return positive ? size : -size
}

/** Choices of the potential difference. */
export interface PotentialDifferenceOptions {
  /** γ, the learner's own. Default 0.99. */
  readonly discount?: number
  /** Factor on negative differences; 1 is true potential-based shaping. Default 1. */
  readonly negativeSlope?: number
}

/** γΦ(s′) − Φ(s), times `negativeSlope` where negative. */
export function potentialDifference(before: number, after: number, options: PotentialDifferenceOptions = {}): number {
  const { discount = 0.99, negativeSlope = 1 } = options
  const value = discount * after - before
  return value < 0 ? value * negativeSlope : value
}

/**
 * [T−1] differences along a trajectory of potentials `[T]`. The first step of an episode, which has no predecessor,
 * pays 0.
 */
export function potentialDifferences(
  potential: ArrayLike<number>,
  options: PotentialDifferenceOptions = {},
): Float64Array {
  assertInRange(options.discount ?? 0.99, 'discount', 0, 1)
  return Float64Array.from({ length: Math.max(0, potential.length - 1) }, (_, t) =>
    potentialDifference(potential[t], potential[t + 1], options),
  )
}

/**
 * Shares rewards among team mates and charges them to opponents: R′ᵢ = τ·mean(team) + (1 − τ)·Rᵢ − w·mean(opponents).
 * In 1-v-1 with w = 1 it is zero-sum. A team without opponents subtracts 0. Order matters: shape, sum, then distribute.
 *
 * @param rewards [players][T]
 * @param teams [players] 0 blue, 1 orange
 */
export function distributeTeamSpirit(
  rewards: readonly ArrayLike<number>[],
  teams: ArrayLike<number>,
  options: {
    /** τ. Default 0.3. */ readonly teamSpirit?: number
    /** w. Default 1. */ readonly opponentPunishment?: number
  } = {},
): Float64Array[] {
  const { teamSpirit = 0.3, opponentPunishment = 1 } = options
  assertSameLength(rewards, 'rewards', teams, 'teams')
  assertNotEmpty(rewards, 'rewards')
  const length = rewards[0].length
  const means = new Map<number, Float64Array>()
  const sizes = new Map<number, number>()
  for (const [player, row] of rewards.entries()) {
    if (row.length !== length) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected ${length} rewards of every player; player ${player} has ${row.length}`,
        { path: ['rewards', player] },
      )
    }
    const team = teams[player]
    const total = means.get(team) ?? new Float64Array(length)
    for (let t = 0; t < length; t++) total[t] += row[t]
    means.set(team, total)
    sizes.set(team, (sizes.get(team) ?? 0) + 1)
  }
  for (const [team, total] of means) for (let t = 0; t < length; t++) total[t] /= sizes.get(team) ?? 1
  return rewards.map((row, player) => {
    const own = means.get(teams[player]) as Float64Array
    const rivals = [...means.entries()].filter(([team]) => team !== teams[player]).map(([, mean]) => mean)
    return Float64Array.from({ length }, (_, t) => {
      const against = rivals.reduce((total, mean) => total + mean[t], 0)
      return teamSpirit * own[t] + (1 - teamSpirit) * row[t] - opponentPunishment * against
    })
  })
}
