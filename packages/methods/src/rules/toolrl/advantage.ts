import { groupItems, groupNormalise } from '../../shared/group-normalise.ts'
import { broadcastRows } from '../../shared/ragged.ts'

/** Options of `groupAdvantages`. */
export interface GroupAdvantageOptions {
  /** Added to the standard deviation. Default 1e-6. */
  readonly epsilon?: number
  /** Divisor n − ddof of the variance: 1 in the released code (default), 0 as the paper writes it. */
  readonly ddof?: 0 | 1
  /** `released`: a group of one keeps its raw reward (mean 0, deviation 1); by default it gets 0. */
  readonly compat?: 'released'
}

/**
 * GRPO advantages as ToolRL trains with: A = (r − mean_g) / (std_g + ε), one number a response.
 *
 * @param rewards [N], finite
 * @param groupIds [N] responses with one id share a prompt
 * @returns [N]; all-equal groups give 0
 */
export function groupAdvantages(
  rewards: ArrayLike<number>,
  groupIds: ArrayLike<string | number>,
  options: GroupAdvantageOptions = {},
): Float64Array {
  const { epsilon = 1e-6, ddof = 1, compat } = options
  const grouping = groupItems(groupIds)
  if (compat === undefined) return groupNormalise(rewards, grouping, { ddof, epsilon })
  const advantages = groupNormalise(rewards, grouping, { ddof, epsilon, singleton: 'raw' })
  const sizes = new Int32Array(grouping.count)
  for (const g of grouping.index) sizes[g]++
  return advantages.map((advantage, i) => (sizes[grouping.index[i]] === 1 ? advantage / (1 + epsilon) : advantage))
}

/** Copies each response's advantage onto its tokens. @param lengths [N] @returns N rows of their own length */
export function broadcastToTokens(advantages: ArrayLike<number>, lengths: ArrayLike<number>): Float64Array[] {
  const offsets = new Int32Array(lengths.length + 1)
  for (let i = 0; i < lengths.length; i++) offsets[i + 1] = offsets[i] + lengths[i]
  const flat = broadcastRows(advantages, { offsets })
  return Array.from(lengths, (_, i) => flat.slice(offsets[i], offsets[i + 1]))
}
