import { assertNotEmpty } from '@guerdon/core'
import { type AggregateOptions, aggregateMembers } from '@guerdon/methods/shaping/rm-ensembles'
import type { Judgement, RewardModel } from './reward-model.ts'
import { rewardModel } from './reward-model.ts'

/**
 * Several reward models as one: mean, median, min (worst case), mean − std, or mean − λ·variance (uncertainty-weighted) of
 * their scores, which must share a scale. Members' scores and their spread are kept. Models that share a trunk are made by
 * `members` of a pair model instead.
 */
export function ensembleModel(members: readonly RewardModel[], options: AggregateOptions = {}): RewardModel {
  assertNotEmpty(members, 'members')
  return rewardModel(`ensemble of ${members.length}`, async requests => {
    const scored: Judgement[][] = []
    for (const member of members) scored.push(await member.scoreAll(requests))
    return requests.map((_, i) =>
      aggregatedJudgement(
        scored.map(judgements => judgements[i].score),
        options,
      ),
    )
  })
}

/** The judgement of K members' scores. */
export function aggregatedJudgement(scores: ArrayLike<number>, options: AggregateOptions): Judgement {
  const { score, disagreement } = aggregateMembers(scores, options)
  return { score, disagreement, members: Float64Array.from(scores) }
}
