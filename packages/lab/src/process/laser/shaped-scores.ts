import type { Random } from '@guerdon/core'
import {
  type BandCoverage,
  baseScores,
  type GroupedLengths,
  laserDReward,
  laserReward,
  unifiedShaping,
} from '@guerdon/methods/process/laser'
import { shuffledInGroups } from '../../toys/shuffled-in-groups.ts'

/** How an arm shapes the scores of responses. `shuffled`: LASER with lengths of other responses of the group. */
export type ShapeSettings =
  | { readonly shape: 'outcome' }
  | { readonly shape: 'truncation' | 'laser' | 'shuffled'; readonly target: number }
  | { readonly shape: 'laser-d' }

/** What all arms of a study shape with. */
export interface Shaping {
  readonly groupSize: number
  /** Candidate targets of LASER-D, and its target before the first monitor run. */
  readonly thresholds: readonly number[]
  readonly fallbackTargetLength: number
  /** What the last monitor run found; null before the first. */
  readonly coverage: BandCoverage['coverage'] | null
  readonly random: Random
}

/** Scores [R] of responses, their lengths taken into account as the settings say. */
export function shapedScores(
  responses: Required<GroupedLengths> & { readonly lengths: readonly number[] },
  settings: ShapeSettings,
  { groupSize, thresholds, fallbackTargetLength, coverage, random }: Shaping,
): ArrayLike<number> {
  switch (settings.shape) {
    case 'outcome':
      return responses.scores
    case 'truncation':
      return unifiedShaping(responses, { targetLength: settings.target, truncationPenalty: baseScores.wrong })
        .truncation
    case 'laser':
      return laserReward(responses, { targetLength: settings.target }).scores
    case 'shuffled':
      return laserReward(
        { ...responses, lengths: shuffledInGroups(responses.lengths, groupSize, random) },
        { targetLength: settings.target },
      ).scores
    case 'laser-d':
      return laserDReward(responses, { coverage, thresholds, fallbackTargetLength }).scores
  }
}
