import type { MethodDefinition } from '../method.ts'
import { calm } from './calm.ts'
import { oni } from './oni.ts'
import { text2reward } from './text2reward.ts'

/** The methods of this family, in the order they are listed. */
export const generatedMethods: readonly MethodDefinition[] = [text2reward, calm, oni]
