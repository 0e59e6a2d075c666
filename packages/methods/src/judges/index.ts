import type { MethodDefinition } from '../method.ts'
import { brRm } from './br-rm.ts'
import { fgRlhf } from './fg-rlhf.ts'
import { fgaif } from './fgaif.ts'
import { rewardDance } from './reward-dance.ts'

/** The methods of this family, in the order they are listed. */
export const judgesMethods: readonly MethodDefinition[] = [brRm, rewardDance, fgRlhf, fgaif]
