import type { MethodDefinition } from '../method.ts'

/** The methods of this family, in the order they are listed. */
export const generatedMethods: readonly MethodDefinition[] = []
