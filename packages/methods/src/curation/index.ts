import type { MethodDefinition } from '../method.ts'
import { skyworkV2 } from './skywork-v2.ts'

/** The methods of this family, in the order they are listed. */
export const curationMethods: readonly MethodDefinition[] = [skyworkV2]
