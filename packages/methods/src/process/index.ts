import type { MethodDefinition } from '../method.ts'
import { capo } from './capo.ts'
import { coReward } from './co-reward.ts'
import { laser } from './laser.ts'
import { ppr } from './ppr.ts'
import { prof } from './prof.ts'
import { spark } from './spark.ts'
import { srmMcts } from './srm-mcts.ts'
import { tpGrpo } from './tp-grpo.ts'

/** The methods of this family, in the order they are listed. */
export const processMethods: readonly MethodDefinition[] = [prof, tpGrpo, capo, ppr, coReward, spark, laser, srmMcts]
