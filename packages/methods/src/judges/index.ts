import type { MethodDefinition } from '../method.ts'
import { brRm } from './br-rm.ts'
import { rewardDance } from './reward-dance.ts'

/** The methods of this family, in the order they are listed. */
export const judgesMethods: readonly MethodDefinition[] = [brRm, rewardDance]
