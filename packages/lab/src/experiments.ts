import { GuerdonError, nearestName } from '@guerdon/core'
import type { Experiment } from './harness/experiment.ts'
import { hacking } from './shaping/hacking.ts'

/** Every experiment, by slug. */
// biome-ignore lint/suspicious/noExplicitAny: experiments with different settings share no narrower element type
export const experiments: readonly Experiment<any>[] = [hacking]

/** The experiment with this slug. Throws `unknown_name`, suggesting the nearest. */
export function findExperiment(slug: string): Experiment {
  const found = experiments.find(experiment => experiment.slug === slug)
  if (found) return found
  const nearest = nearestName(
    slug,
    experiments.map(experiment => experiment.slug),
  )
  throw new GuerdonError('unknown_name', `there is no experiment "${slug}"`, {
    hint: nearest
      ? `did you mean "${nearest}"?`
      : `there are: ${experiments.map(experiment => experiment.slug).join(', ')}`,
  })
}
