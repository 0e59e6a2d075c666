// A reward that is the number of batches its run has seen: the plainest recipe with a state.
import { defineRecipe, signal, z } from '@guerdon/core'

const counting = {
  name: 'counting',
  about: 'counts the batches of a run',
  options: z.object({}),
  reads: () => [],
  writes: () => [{ name: 'rollout.count', kind: 'number', about: 'how many batches the run has seen' }],
  initial: () => 0,
  apply: (batch, state) => {
    const counts = batch.rolloutIds.map(() => state + 1)
    return { columns: { 'rollout.count': signal('rollout', counts) }, state: state + 1 }
  },
}

export const recipe = defineRecipe({ name: 'counting', steps: [counting] })
