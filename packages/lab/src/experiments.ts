import { findNamed } from '@guerdon/core'
import type { Experiment } from './harness/experiment.ts'
import { hacking } from './shaping/hacking.ts'

/** Every experiment, by slug. */
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
