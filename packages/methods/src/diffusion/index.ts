import type { MethodDefinition } from '../method.ts'
import { fkSteering } from './fk-steering.ts'

/** The methods of this family, in the order they are listed. */
export const diffusionMethods: readonly MethodDefinition[] = [fkSteering]
