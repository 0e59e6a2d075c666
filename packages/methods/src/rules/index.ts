import type { MethodDefinition } from '../method.ts'
import { toolrl } from './toolrl.ts'

/** The methods of this family, in the order they are listed. */
export const rulesMethods: readonly MethodDefinition[] = [toolrl]
