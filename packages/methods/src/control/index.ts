import type { MethodDefinition } from '../method.ts'
import { barfi } from './barfi.ts'
import { effectiveRewardSpec } from './effective-reward-spec.ts'
import { envsAndBaselinesRl } from './envs-and-baselines-rl.ts'
import { lipschitzGail } from './lipschitz-gail.ts'
import { lucySkg } from './lucy-skg.ts'
import { perceptualRewards } from './perceptual-rewards.ts'
import { rewardDesignThesis } from './reward-design-thesis.ts'
import { xland } from './xland.ts'

/** The methods of this family, in the order they are listed. */
export const controlMethods: readonly MethodDefinition[] = [
  envsAndBaselinesRl,
  rewardDesignThesis,
  barfi,
  lipschitzGail,
  effectiveRewardSpec,
  perceptualRewards,
  lucySkg,
  xland,
]
