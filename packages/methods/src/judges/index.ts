import type { MethodDefinition } from '../method.ts'
import { brRm } from './br-rm.ts'

/** The methods of this family, in the order they are listed. */
export const judgesMethods: readonly MethodDefinition[] = [brRm]
