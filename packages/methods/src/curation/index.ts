import type { MethodDefinition } from '../method.ts'
import { raft } from './raft.ts'
import { selfConsuming } from './self-consuming.ts'
import { skyworkV2 } from './skywork-v2.ts'

/** The methods of this family, in the order they are listed. */
export const curationMethods: readonly MethodDefinition[] = [skyworkV2, raft, selfConsuming]
