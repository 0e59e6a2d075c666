import { assertInRange, assertInteger, assertProbability, type Random } from '@guerdon/core'

/** Which states may be drawn from a left-padded sequence. */
export interface StateSamplingOptions {
  /** Number of response tokens na, without the end-of-text token. */
  readonly actions: number
  /** Length T of the left-padded sequence. */
  readonly sequenceLength: number
  /** p: 0 samples the whole response; above, only states at least p·na tokens before its end. Default 0. */
  readonly percentile?: number
}

/**
 * Position of a sampled state, counted from the end of a left-padded sequence: −⌊((p − 1)·u + 1)·na + 1⌋, at most T − 1 back.
 * −1 is the last token (end of text), so an answer without tokens gives −1. For T = 1 it is 0.
 *
 * `percentile` moves samples towards the *start* of the response; the paper's "late goal" cannot be expressed by it.
 *
 * @param uniform u in [0, 1)
 */
export function stateIndex(uniform: number, options: StateSamplingOptions): number {
  const { actions, sequenceLength, percentile = 0 } = options
  assertInRange(actions, 'actions', 0, Number.MAX_SAFE_INTEGER)
  assertInteger(sequenceLength, 'sequenceLength', 1)
  assertProbability(percentile, 'percentile')
  const share = (percentile - 1) * uniform + 1
  const offset = Math.min(Math.floor(share * actions + 1), sequenceLength - 1)
  return offset === 0 ? 0 : -offset
}

/** Uniform draws of one batch, in the order in which they are drawn. */
export interface GoalDraws {
  /** [B][2][S] pairs for sources and goals; the smaller of each pair becomes the source. */
  readonly similar: readonly (readonly [ArrayLike<number>, ArrayLike<number>])[]
  /** [B][U] states of the chosen response in the negative term. */
  readonly chosen: readonly ArrayLike<number>[]
  /** [B][U] states of the rejected response. */
  readonly rejected: readonly ArrayLike<number>[]
}

/** Draws for B pairs: first B·2·S for the positive term, then B·U and B·U for the negative one, row by row. */
export function drawGoalStates(
  random: Random,
  options: { readonly batch: number; readonly similarSamples?: number; readonly dissimilarSamples?: number },
): GoalDraws {
  const { batch, similarSamples = 16, dissimilarSamples = 16 } = options
  const row = (count: number) => Float64Array.from({ length: count }, () => random.float())
  return {
    similar: Array.from({ length: batch }, () => [row(similarSamples), row(similarSamples)] as const),
    chosen: Array.from({ length: batch }, () => row(dissimilarSamples)),
    rejected: Array.from({ length: batch }, () => row(dissimilarSamples)),
  }
}

/** Which states enter the contrastive loss, as positions from the end: [B][S] and [B][U]. */
export interface GoalIndices {
  readonly source: number[][]
  readonly goal: number[][]
  readonly chosen: number[][]
  readonly rejected: number[][]
}

/** Where source and goal states of a batch may be drawn from. */
export interface GoalIndexOptions {
  /** [B] response tokens of the chosen and rejected responses. */
  readonly chosenActions: ArrayLike<number>
  readonly rejectedActions: ArrayLike<number>
  readonly sequenceLength: number
  /** Default 0 each. */
  readonly sourcePercentile?: number
  readonly goalPercentile?: number
}

/**
 * State positions from uniform draws. Each pair of draws is sorted: the smaller becomes the source and the larger the goal,
 * which lies later in the response. Negatives pair chosen states (source percentile) with rejected ones (goal percentile).
 */
export function goalIndices(draws: GoalDraws, options: GoalIndexOptions): GoalIndices {
  const { chosenActions, rejectedActions, sequenceLength } = options
  const { sourcePercentile = 0, goalPercentile = 0 } = options
  const at = (uniforms: ArrayLike<number>, actions: number, percentile: number) =>
    Array.from(uniforms, u => stateIndex(u, { actions, sequenceLength, percentile }))
  const sorted = draws.similar.map(([first, second]) => ({
    smaller: Float64Array.from(first, (u, s) => Math.min(u, second[s])),
    larger: Float64Array.from(first, (u, s) => Math.max(u, second[s])),
  }))
  return {
    source: sorted.map(({ smaller }, b) => at(smaller, chosenActions[b], sourcePercentile)),
    goal: sorted.map(({ larger }, b) => at(larger, chosenActions[b], goalPercentile)),
    chosen: draws.chosen.map((row, b) => at(row, chosenActions[b], sourcePercentile)),
    rejected: draws.rejected.map((row, b) => at(row, rejectedActions[b], goalPercentile)),
  }
}
