import { GuerdonError } from '@guerdon/core'

/** Samples to be judged. */
export interface RewardedSamples {
  /** [count·size] */
  readonly samples: Float32Array
  readonly count: number
  /** D */
  readonly size: number
  /** [count] class each was drawn for; the empty condition where there was none. */
  readonly labels: Int32Array
  /** Step whose clean predictions these are; null for finished samples. */
  readonly step: number | null
}

/** Judges samples: a reward each, the higher the better. */
export type SampleReward = (batch: RewardedSamples) => ArrayLike<number> | Promise<ArrayLike<number>>

/** As `SampleReward`, with null where judging a sample failed. */
export type ParticleReward = (batch: RewardedSamples) => ArrayLike<number | null> | Promise<ArrayLike<number | null>>

/**
 * Asks for rewards and checks them.
 *
 * @throws shape_mismatch for another number of rewards; not_finite naming sample and step
 */
export async function rewardSamples(reward: SampleReward, batch: RewardedSamples): Promise<Float64Array> {
  const rewards = await checked(reward, batch)
  return Float64Array.from(rewards, (value, i) => {
    if (value !== null) return value
    throw new GuerdonError('invalid_input', `expected a reward for every sample; got null — sample ${i}`, {
      path: ['rewards', i],
      hint: 'a learner needs all rewards; steering goes on without those that failed',
    })
  })
}

/** As `rewardSamples`, letting null pass. */
export async function rewardParticles(reward: ParticleReward, batch: RewardedSamples): Promise<(number | null)[]> {
  return Array.from(await checked(reward, batch))
}

async function checked(reward: ParticleReward, batch: RewardedSamples): Promise<ArrayLike<number | null>> {
  const rewards = await reward(batch)
  if (rewards.length !== batch.count) {
    throw new GuerdonError('shape_mismatch', `expected ${batch.count} rewards; got ${rewards.length}`, {
      path: ['rewards'],
    })
  }
  const where = batch.step === null ? 'the last step' : `step ${batch.step}`
  for (let i = 0; i < rewards.length; i++) {
    const value = rewards[i]
    if (value === null || Number.isFinite(value)) continue
    throw new GuerdonError('not_finite', `expected finite rewards; got ${value} — sample ${i} at ${where}`, {
      path: ['rewards', i],
    })
  }
  return rewards
}
