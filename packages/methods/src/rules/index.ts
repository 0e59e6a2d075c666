import type { MethodDefinition } from '../method.ts'
import { craftGui } from './craft-gui.ts'
import { harmo } from './harmo.ts'
import { mobileR1 } from './mobile-r1.ts'
import { promptEnhancer } from './promptenhancer.ts'
import { researchIdea } from './research-idea.ts'
import { semanticReward } from './semantic-reward.ts'
import { shopR1 } from './shop-r1.ts'
import { toolrl } from './toolrl.ts'
import { visionR1 } from './vision-r1.ts'

/** The methods of this family, in the order they are listed. */
export const rulesMethods: readonly MethodDefinition[] = [
  toolrl,
  shopR1,
  craftGui,
  mobileR1,
  visionR1,
  harmo,
  semanticReward,
  researchIdea,
  promptEnhancer,
]
