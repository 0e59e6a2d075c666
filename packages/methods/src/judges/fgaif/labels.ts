import { assertOneOf } from '@guerdon/core'
import { firstLargest } from '../../shared/token-classification.ts'

/** The three kinds of hallucination, in the order of the heads. */
export const factTypes = ['object', 'attribute', 'relation'] as const
/** Name of a kind of hallucination. */
export type FactType = (typeof factTypes)[number]

/** One atomic fact of a segment and what its verification said. */
export interface AtomicFact {
  readonly type: FactType
  /** true: holds in the image, false: refuted, null: could not be verified. */
  readonly consistent: boolean | null
}

/** −1: nothing of this type is said; 0: no hallucination; 1: hallucination. */
export type RawLabel = -1 | 0 | 1

/**
 * Labels of one segment from its atomic facts: a hallucination when at least one fact of the type is refuted, none when
 * one holds, not applicable otherwise. Facts that could not be verified say nothing: never "clean".
 *
 * Source: FGAIF, arXiv 2404.05046 (the rule for unverified facts is a recommendation).
 */
export function segmentFactLabels(facts: readonly AtomicFact[]): Record<FactType, RawLabel> {
  const labels: Record<FactType, RawLabel> = { object: -1, attribute: -1, relation: -1 }
  for (const { type, consistent } of facts) {
    assertOneOf(type, 'type', factTypes)
    if (consistent === null || labels[type] === 1) continue
    labels[type] = consistent ? 0 : 1
  }
  return labels
}

/**
 * Class index of a raw label: 0 not applicable, 1 clean, 2 hallucinated. Swapping 1 and 2 inverts the method silently.
 */
export function classIndex(label: RawLabel): 0 | 1 | 2 {
  return (label + 1) as 0 | 1 | 2
}

/** Reward of each class, in the order not applicable, clean, hallucinated. */
export type ClassRewards = readonly [notApplicable: number, clean: number, hallucinated: number]

/** 0, +1, −1: silence is safe, clean content must stay worth saying. */
export const classRewards: ClassRewards = [0, 1, -1]

/** A decision of one head about one segment. */
export interface SegmentDecision {
  readonly classIndex: number
  readonly reward: number
  /** False when a logit was not finite: treated as not applicable, and an alarm. */
  readonly finite: boolean
}

/**
 * Rewards of segments from a head's logits: the largest class, the first on ties; not applicable where a logit is NaN
 * or ±Infinity.
 *
 * @param logits [S][3]
 * @param options.soft p(clean) − p(hallucinated) in place of the decision, an extension that is off by default
 */
export function segmentDecisions(
  logits: readonly ArrayLike<number>[],
  options: { readonly rewards?: ClassRewards; readonly soft?: boolean } = {},
): SegmentDecision[] {
  const { rewards = classRewards, soft = false } = options
  return logits.map(row => {
    const finite = Array.from(row).every(Number.isFinite)
    const index = finite ? firstLargest(row) : 0
    return { classIndex: index, reward: soft && finite ? softReward(row) : rewards[index], finite }
  })
}

function softReward(row: ArrayLike<number>): number {
  const largest = Math.max(row[0], row[1], row[2])
  const [none, clean, wrong] = Array.from(row, logit => Math.exp(logit - largest))
  return (clean - wrong) / (none + clean + wrong)
}
