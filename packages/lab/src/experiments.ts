import { findNamed } from '@guerdon/core'
import { findArena } from './arenas/registry.ts'
import { trackRunnable } from './arenas/run-arena.ts'
import { levels } from './claims/claim.ts'
import { findClaim } from './claims/registry.ts'
import { studyOf } from './claims/reproduce.ts'
import { studyExperiment } from './claims/study-experiment.ts'
import type { Experiment, Runnable } from './harness/experiment.ts'
import { hacking } from './shaping/hacking.ts'

/** Every experiment of its own, by slug. The claims of methods stand in `claims/registry.ts`. */
// biome-ignore lint/suspicious/noExplicitAny: experiments with different settings share no narrower element type
export const experiments: readonly Experiment<any>[] = [hacking]

/** The experiment with this slug. Throws `unknown_name`, suggesting the nearest. */
export function findExperiment(slug: string): Experiment {
  return findNamed(slug, experiments, {
    kind: 'experiment',
    nameOf: experiment => experiment.slug,
    hint: `there are: ${experiments.map(experiment => experiment.slug).join(', ')}`,
  })
}

/**
 * What a worker runs: an experiment by its slug, a claim's study by `slug/level`, or a track of an arena by
 * `arena-slug/track`. Throws `unknown_name`.
 */
export async function loadRunnable(name: string): Promise<Runnable> {
  const [slug, level] = name.split('/')
  const arena = /^arena-(.+)$/.exec(slug)?.[1]
  if (arena && level) return trackRunnable(await findArena(arena).load(), level)
  const known = levels.find(other => other === level)
  if (!known) return findExperiment(name)
  const claim = await findClaim(slug).load()
  return studyExperiment(claim, known, studyOf(claim, known))
}
