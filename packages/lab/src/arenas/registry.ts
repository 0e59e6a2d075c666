import { findNamed } from '@guerdon/core'
import type { Arena } from './arena.ts'

/** An arena, loaded when it is run. */
export interface ArenaEntry {
  readonly slug: string
  readonly load: () => Promise<Arena>
}

/** Every arena. */
export const arenas: readonly ArenaEntry[] = [
  { slug: 'credit', load: async () => (await import('./credit.ts')).creditArena },
]

/** The arena of this name. Throws `unknown_name`, suggesting the nearest. */
export function findArena(slug: string): ArenaEntry {
  return findNamed(slug, arenas, {
    kind: 'arena',
    nameOf: arena => arena.slug,
    hint: `there are: ${arenas.map(arena => arena.slug).join(', ')}`,
  })
}
