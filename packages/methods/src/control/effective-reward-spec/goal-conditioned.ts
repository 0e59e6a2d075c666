import { assertFinite, assertInRange, assertInteger, assertSameLength, GuerdonError, type Random } from '@guerdon/core'
import { add, constant, mean, scatterAdd, square, sub, type Tensor, zeros } from '@guerdon/tensor'
import { dotProduct, euclideanNorm } from '../../shared/linear-algebra.ts'

/** The cone of objective space that is asked for. */
export interface FocusOptions {
  /** c_g in [0, 1): least cosine with the direction. Default 0.98. */
  readonly cosineThreshold?: number
  /** m in (0, 1]: coefficient at the edge of the cone. Default 0.1. */
  readonly limitCoefficient?: number
}

/** Where a reward vector stands relative to the cone. */
export interface Focus {
  readonly cosine: number
  readonly inFocus: boolean
  /** cos^γ inside, 0 outside; 1 in the middle, m at the edge. */
  readonly coefficient: number
}

/** Cosine of two vectors; 0 when either is 0. */
export function cosineSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assertSameLength(a, 'a', b, 'b')
  return dotProduct(a, b) / Math.max(euclideanNorm(a) * euclideanNorm(b), 1e-8)
}

/**
 * Coefficient cos(r, d)^γ inside the cone cos ≥ c_g, γ = log m / log c_g, else 0. A zero reward vector is outside.
 * @throws invalid_option for c_g = 1 or m = 0
 * Source: Roy et al. 2023, eq. (4); `compute_focus_coef`.
 */
export function focusCoefficient(
  rewards: ArrayLike<number>,
  direction: ArrayLike<number>,
  options: FocusOptions = {},
): Focus {
  const { cosineThreshold = 0.98, limitCoefficient = 0.1 } = options
  assertInRange(cosineThreshold, 'cosineThreshold', 0, 1 - Number.EPSILON)
  assertInRange(limitCoefficient, 'limitCoefficient', Number.MIN_VALUE, 1)
  assertFinite(rewards, 'rewards')
  const cosine = cosineSimilarity(rewards, direction)
  const inFocus = cosine >= cosineThreshold
  const exponent = limitCoefficient === 1 ? 0 : Math.log(limitCoefficient) / Math.log(cosineThreshold)
  return { cosine, inFocus, coefficient: inFocus ? cosine ** exponent : 0 }
}

/** What an object is sampled for. */
export interface Condition {
  /** ω; all ones when only goals are used. */
  readonly preferences: ArrayLike<number>
  /** d_g; none for preference conditioning. */
  readonly direction?: ArrayLike<number> | undefined
  /** Inverse temperature β. */
  readonly beta: number
}

/**
 * log R(x | condition): log max(ω·r, 1e-30), plus the log of the focus coefficient inside the cone (the illegal value
 * outside), times β, clamped below at the illegal value. In this order: an outside sample gets illegal·β before the
 * clamp.
 *
 * @param rewards [objectives] in [0, 1]
 */
export function conditionalLogReward(
  rewards: ArrayLike<number>,
  condition: Condition,
  options: FocusOptions & { /** Default −75. */ readonly illegalLogReward?: number } = {},
): number {
  const { illegalLogReward = -75 } = options
  let value = Math.log(Math.max(dotProduct(condition.preferences, rewards), 1e-30))
  if (condition.direction) {
    const focus = focusCoefficient(rewards, condition.direction, options)
    value = focus.inFocus ? value + Math.log(focus.coefficient) : illegalLogReward
  }
  return Math.max(value * condition.beta, illegalLogReward)
}

/**
 * Hindsight relabelling: of the drawn samples those that *violate* their cone get their own reward direction r/‖r‖.
 *
 * @param rewards [n][objectives] @param directions [n][objectives]; not changed @param drawn indices, each with
 * probability 0.3 in the paper
 */
export function hindsightRelabel(
  rewards: readonly ArrayLike<number>[],
  directions: readonly ArrayLike<number>[],
  drawn: readonly number[],
  options: Pick<FocusOptions, 'cosineThreshold'> = {},
): { readonly directions: readonly Float64Array[]; readonly relabelled: readonly number[] } {
  assertSameLength(rewards, 'rewards', directions, 'directions')
  const relabelled = drawn.filter(
    i => !focusCoefficient(rewards[i], directions[i], { ...options, limitCoefficient: 1 }).inFocus,
  )
  const result = directions.map((direction, i) =>
    relabelled.includes(i) ? unitVector(rewards[i]) : Float64Array.from(direction),
  )
  return { directions: result, relabelled }
}

function unitVector(vector: ArrayLike<number>): Float64Array {
  const size = Math.max(euclideanNorm(vector), 1e-12)
  return Float64Array.from(vector, value => value / size)
}

/** Thermometer encoding of a scalar: clamp(v − binᵢ, 0, gap)/gap for `bins` points from `minimum` to `maximum`. */
export function thermometer(
  value: number,
  options: { readonly bins?: number; readonly minimum?: number; readonly maximum?: number } = {},
): Float64Array {
  const { bins = 50, minimum = 0, maximum = 1 } = options
  assertInteger(bins, 'bins', 2)
  const gap = (maximum - minimum) / (bins - 1)
  if (!(gap > 0))
    throw new GuerdonError('invalid_option', `expected maximum above minimum; got ${maximum} and ${minimum}`)
  return Float64Array.from({ length: bins }, (_, i) => Math.min(1, Math.max(0, (value - (minimum + i * gap)) / gap)))
}

/**
 * Trajectory balance: mean (log Z + Σ log P_F − log R − Σ log P_B)².
 *
 * @param logZ scalar or [n] (a network of the condition) @param logForward [N] steps of all trajectories joined @param
 * logBackward [N]
 * @param logRewards [n] @param lengths [n] steps of each trajectory
 */
export function trajectoryBalanceLoss(
  logZ: Tensor,
  logForward: Tensor,
  logBackward: Tensor,
  logRewards: Tensor,
  lengths: readonly number[],
): { readonly loss: Tensor; readonly perTrajectory: Tensor } {
  const count = lengths.length
  const membership = constant(Int32Array.from(lengths.flatMap((length, i) => new Array<number>(length).fill(i))))
  const forward = scatterAdd(zeros([count]), membership, logForward)
  const backward = scatterAdd(zeros([count]), membership, logBackward)
  const perTrajectory = square(sub(sub(add(forward, logZ), logRewards), backward))
  return { loss: mean(perTrajectory), perTrajectory }
}

/** Counts of requested and of reached directions; plain JSON. */
export interface FocusBelief {
  readonly requested: readonly number[]
  readonly reached: readonly number[]
}

/**
 * Unit vectors of the hyper-cube's far faces: what the belief is a table over. `resolution` points an axis (30 in the
 * code).
 */
export function focusDirections(objectives: number, resolution = 30): readonly Float64Array[] {
  return hypercubeLimits(objectives, resolution).map(unitVector)
}

/** Points of a regular grid on [0, 1]^d with at least one coordinate equal to 1, last coordinate fastest. */
export function hypercubeLimits(dimensions: number, pointsPerDimension = 10): readonly Float64Array[] {
  assertInteger(dimensions, 'dimensions', 1)
  assertInteger(pointsPerDimension, 'pointsPerDimension', 2)
  const points: Float64Array[] = []
  const index = new Int32Array(dimensions)
  for (let code = 0; code < pointsPerDimension ** dimensions; code++) {
    let rest = code
    for (let d = dimensions - 1; d >= 0; d--) {
      index[d] = rest % pointsPerDimension
      rest = Math.floor(rest / pointsPerDimension)
    }
    if (!index.includes(pointsPerDimension - 1)) continue
    points.push(Float64Array.from(index, i => i / (pointsPerDimension - 1)))
  }
  return points
}

/**
 * Sampling weight of each direction: `feasible` when never requested or ever reached, `infeasible` when requested and
 * never reached.
 */
export function focusBeliefWeights(
  belief: FocusBelief,
  options: { /** Default 1. */ readonly feasible?: number /** Default 0.1. */; readonly infeasible?: number } = {},
): Float64Array {
  const { feasible = 1, infeasible = 0.1 } = options
  assertSameLength(belief.requested, 'requested', belief.reached, 'reached')
  return Float64Array.from(belief.requested, (count, i) =>
    count > 0 && belief.reached[i] === 0 ? infeasible : feasible,
  )
}

/** Adds a batch of requested directions and of reward vectors reached, each at its nearest table entry. */
export function updateFocusBelief(
  belief: FocusBelief,
  table: readonly ArrayLike<number>[],
  requested: readonly ArrayLike<number>[],
  rewards: readonly ArrayLike<number>[],
): FocusBelief {
  const counted = (counts: readonly number[], vectors: readonly ArrayLike<number>[]) => {
    const result = [...counts]
    for (const vector of vectors) result[nearestPoint(unitVector(vector), table).index]++
    return result
  }
  return { requested: counted(belief.requested, requested), reached: counted(belief.reached, rewards) }
}

/**
 * Index of a direction to ask for: by belief between 25 % and 75 % of training, else uniformly over the table.
 * @param progress fraction of training done, in [0, 1]
 */
export function drawFocusDirection(belief: FocusBelief, progress: number, random: Random): number {
  if (progress < 0.25 || progress > 0.75) return random.integer(belief.requested.length)
  return random.categorical(focusBeliefWeights(belief))
}

/**
 * A condition to sample for: β ~ U(0.5, 32), a direction uniform on the positive part of the sphere, preferences all
 * ones. Draws: β, then one normal an objective.
 */
export function drawCondition(
  objectives: number,
  random: Random,
  options: {
    /** Default [0.5, 32]; equal bounds for a constant. */ readonly beta?: readonly [low: number, high: number]
  } = {},
): { readonly preferences: Float64Array; readonly direction: Float64Array; readonly beta: number } {
  const [low, high] = options.beta ?? [0.5, 32]
  assertInteger(objectives, 'objectives', 1)
  const beta = random.uniform(low, high)
  const direction = unitVector(random.normals(objectives).map(Math.abs))
  return { preferences: new Float64Array(objectives).fill(1), direction, beta }
}

/** Nearest of `points` by Euclidean distance, the first of equals. */
export function nearestPoint(
  vector: ArrayLike<number>,
  points: readonly ArrayLike<number>[],
): { readonly index: number; readonly distance: number } {
  let index = 0
  let distance = Number.POSITIVE_INFINITY
  for (const [i, point] of points.entries()) {
    let square = 0
    for (let d = 0; d < vector.length; d++) square += (vector[d] - point[d]) ** 2
    if (Math.sqrt(square) < distance) {
      index = i
      distance = Math.sqrt(square)
    }
  }
  return { index, distance }
}
