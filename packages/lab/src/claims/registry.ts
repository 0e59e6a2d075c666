import { findNamed } from '@guerdon/core'
import type { ClaimExperiment } from './claim.ts'

/** A claim that has an experiment, found by its method's slug; its module is loaded when it is run. */
export interface ClaimEntry {
  readonly slug: string
  readonly load: () => Promise<ClaimExperiment>
}

/** Every claim with an experiment. */
export const claims: readonly ClaimEntry[] = [
  { slug: 'salt', load: async () => (await import('../credit/salt.ts')).salt },
  { slug: 'empg', load: async () => (await import('../credit/empg.ts')).empg },
  { slug: 'prof', load: async () => (await import('../process/prof.ts')).prof },
  { slug: 'toolrl', load: async () => (await import('../rules/toolrl.ts')).toolrl },
  { slug: 'raft', load: async () => (await import('../curation/raft.ts')).raft },
  { slug: 'laser', load: async () => (await import('../process/laser.ts')).laser },
  { slug: 'par', load: async () => (await import('../shaping/par.ts')).par },
  { slug: 'vpl', load: async () => (await import('../models/vpl.ts')).vpl },
  { slug: 'fg-rlhf', load: async () => (await import('../judges/fg-rlhf.ts')).fgRlhf },
  { slug: 'fk-steering', load: async () => (await import('../diffusion/fk-steering.ts')).fkSteering },
  { slug: 'd3po', load: async () => (await import('../diffusion/d3po.ts')).d3po },
  { slug: 'barfi', load: async () => (await import('../control/barfi.ts')).barfi },
  { slug: 'taxons-serene', load: async () => (await import('../exploration/taxons-serene.ts')).taxonsSerene },
]

/** The claim of this method. Throws `unknown_name`, suggesting the nearest. */
export function findClaim(slug: string): ClaimEntry {
  return findNamed(slug, claims, {
    kind: 'claim',
    nameOf: claim => claim.slug,
    hint: `there are: ${claims.map(claim => claim.slug).join(', ')}`,
  })
}
