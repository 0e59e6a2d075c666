import type { MethodDefinition } from '../method.ts'
import { baselinesQdDiffusion } from './baselines-qd-diffusion.ts'
import { stax } from './stax.ts'
import { taxonsSerene } from './taxons-serene.ts'

/** The methods of this family, in the order they are listed. */
export const explorationMethods: readonly MethodDefinition[] = [stax, taxonsSerene, baselinesQdDiffusion]
