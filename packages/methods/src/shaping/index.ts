import type { MethodDefinition } from '../method.ts'
import { par } from './par.ts'
import { rmEnsembles } from './rm-ensembles.ts'

/** The methods of this family, in the order they are listed. */
export const shapingMethods: readonly MethodDefinition[] = [par, rmEnsembles]
