import type { MethodDefinition } from '../method.ts'
import { mooseChem2 } from './moose-chem2.ts'

/** The methods of this family, in the order they are listed. */
export const searchMethods: readonly MethodDefinition[] = [mooseChem2]
