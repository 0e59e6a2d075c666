import type { MethodDefinition } from '../method.ts'
import { baseReward } from './base-reward.ts'
import { baselinesRewardModel } from './baselines-reward-model.ts'
import { gcrm } from './gcrm.ts'
import { polar } from './polar.ts'
import { rlhfSecrets2 } from './rlhf-secrets-2.ts'
import { rmTopology } from './rm-topology.ts'
import { vpl } from './vpl.ts'

/** The methods of this family, in the order they are listed. */
export const modelsMethods: readonly MethodDefinition[] = [
  baselinesRewardModel,
  polar,
  baseReward,
  rlhfSecrets2,
  vpl,
  gcrm,
  rmTopology,
]
