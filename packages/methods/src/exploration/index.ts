import type { MethodDefinition } from '../method.ts'
import { baselinesQdDiffusion } from './baselines-qd-diffusion.ts'

/** The methods of this family, in the order they are listed. */
export const explorationMethods: readonly MethodDefinition[] = [baselinesQdDiffusion]
