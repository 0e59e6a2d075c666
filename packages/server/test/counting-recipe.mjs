// A reward that is the number of batches its run has seen. A response "spin MS" keeps the processor for so long first, one "exit" ends its
// process.
import { affineStage, defineRecipe, signal, texts } from '@guerdon/core'

const counting = {
  name: 'counting',
  about: 'counts the batches of a run',
  options: affineStage.options,
  reads: () => [{ name: 'rollout.response', kind: 'text', about: 'what was written', optional: true }],
  writes: () => [{ name: 'rollout.count', kind: 'number', about: 'how many batches the run has seen' }],
  initial: () => 0,
  apply: (batch, state) => {
    const [response] = texts(batch, 'rollout.response')
    if (response === 'exit') process.exit(1)
    const until = performance.now() + Number(/^spin (\d+)/.exec(response ?? '')?.[1] ?? 0)
    while (performance.now() < until) Math.hypot(1, 1)
    const counts = batch.rolloutIds.map(() => state + 1)
    return { columns: { 'rollout.count': signal('rollout', counts) }, state: state + 1 }
  },
}

export const recipe = defineRecipe({ name: 'counting', steps: [counting] })
