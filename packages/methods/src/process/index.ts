import type { MethodDefinition } from '../method.ts'
import { capo } from './capo.ts'
import { ppr } from './ppr.ts'
import { prof } from './prof.ts'
import { tpGrpo } from './tp-grpo.ts'

/** The methods of this family, in the order they are listed. */
export const processMethods: readonly MethodDefinition[] = [prof, tpGrpo, capo, ppr]
