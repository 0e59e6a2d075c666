import type { Random } from '@guerdon/core'
import type { SampleReward, SteeredParticles } from '@guerdon/learn'
import type { Potential } from '@guerdon/methods/diffusion/fk-steering'

/** How particles are steered, and by what. */
export interface SteeringSettings {
  /** `bestOfN` steers nothing: the best of the particles is kept. */
  readonly potential: Potential
  readonly particles: number
  /** The control: an intermediate reward is that of another particle of the system. */
  readonly shuffled?: boolean
}

/** Rewards of predictions given to the wrong particles of a system; those of finished samples stay. */
export function shuffledRewards(reward: SampleReward, random: Random): SampleReward {
  return async batch => {
    const rewards = Float64Array.from(await reward(batch))
    return batch.step === null ? rewards : random.shuffle(rewards)
  }
}

/** Particles of the first step that have descendants at the end. */
export function ancestorsLeft({ ancestors }: SteeredParticles): number {
  return new Set(ancestors[0]).size
}
