import { assertFinite, assertInteger, assertNotEmpty, assertProbability, assertSameRagged } from '@guerdon/core'

/** What M reward models say of every preference pair. */
export interface PreferenceStrength {
  /** [n] μ: mean over models of r(chosen) − r(rejected). Below 0 the label is probably wrong. */
  readonly mean: Float64Array
  /** [n] σ with ddof 0; large at both ends of μ, so never sort by it. */
  readonly std: Float64Array
}

/**
 * Preference strength (Eq. 4) from M models trained on the same noisy pairs, one epoch each, in different order. Models
 * trained to convergence have memorised the wrong labels and only confirm them.
 *
 * @param chosenByModel [M][n] scores of the chosen responses
 * @param rejectedByModel [M][n] scores of the rejected responses
 */
export function preferenceStrength(
  chosenByModel: readonly ArrayLike<number>[],
  rejectedByModel: readonly ArrayLike<number>[],
): PreferenceStrength {
  assertNotEmpty(chosenByModel, 'chosenByModel')
  assertSameRagged(rejectedByModel, 'rejectedByModel', chosenByModel, 'chosenByModel')
  const models = chosenByModel.length
  const pairs = chosenByModel[0].length
  const mean = new Float64Array(pairs)
  const std = new Float64Array(pairs)
  const differences = chosenByModel.map((chosen, m) => {
    const row = Float64Array.from(chosen, (score, i) => score - rejectedByModel[m][i])
    assertFinite(row, 'differences', ['differences', m])
    return row
  })
  for (let i = 0; i < pairs; i++) {
    for (const row of differences) mean[i] += row[i] / models
    let squares = 0
    for (const row of differences) squares += (row[i] - mean[i]) ** 2
    std[i] = Math.sqrt(squares / models)
  }
  return { mean, std }
}

/** Pairs sorted by strength and cut into groups. */
export interface StrengthPartition {
  /** [n] pairs in ascending order of μ; equal ones keep their order. */
  readonly order: Int32Array
  /** [n] group of each pair, 0 the weakest. */
  readonly groupOfPair: Int32Array
}

/**
 * Equal-size groups by ascending μ; when n is not a multiple the first groups have one more. With 10 groups: 0–1 mostly wrong
 * labels, 2–3 ambiguous, 9 strong.
 */
export function partitionByStrength(
  mean: ArrayLike<number>,
  options: { readonly groups?: number } = {},
): StrengthPartition {
  const { groups = 10 } = options
  assertInteger(groups, 'groups', 1)
  assertFinite(mean, 'mean')
  const order = Int32Array.from(ascending(mean))
  const groupOfPair = new Int32Array(mean.length)
  const size = Math.floor(mean.length / groups)
  const larger = mean.length % groups
  let next = 0
  for (let g = 0; g < groups; g++) {
    const end = next + size + (g < larger ? 1 : 0)
    while (next < end) groupOfPair[order[next++]] = g
  }
  return { order, groupOfPair }
}

/**
 * Marks the ⌊q·n⌋ pairs of lowest μ, whose chosen and rejected responses are to be exchanged (the paper: q = 0.1 or 0.2).
 *
 * @returns [n] 1 where the pair is flipped
 */
export function flipLowest(mean: ArrayLike<number>, options: { readonly fraction?: number } = {}): Uint8Array {
  const { fraction = 0.2 } = options
  assertProbability(fraction, 'fraction')
  assertFinite(mean, 'mean')
  const flip = new Uint8Array(mean.length)
  for (const pair of ascending(mean).slice(0, Math.floor(fraction * mean.length))) flip[pair] = 1
  return flip
}

/**
 * Multiplier of the released learning-rate schedule: max(step/warmup, 0.1) before `warmup`, then √(warmup/step), at least
 * 1e-8.
 */
export function inverseSquareRootMultiplier(step: number, options: { readonly warmup?: number } = {}): number {
  const { warmup = 500 } = options
  assertInteger(step, 'step')
  assertInteger(warmup, 'warmup', 1)
  return step < warmup ? Math.max(step / warmup, 0.1) : Math.max(Math.sqrt(warmup / step), 1e-8)
}

function ascending(values: ArrayLike<number>): number[] {
  return Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a] - values[b])
}
