// A server whose reward is the number of batches its run has seen: `node counting-server.mjs FOLDER`. Prints its address.
import { affineStage, defineRecipe, signal } from '@guerdon/core'
import { listen } from '@guerdon/server'

const counting = {
  name: 'counting',
  about: 'counts the batches of a run',
  options: affineStage.options,
  reads: () => [],
  writes: () => [{ name: 'rollout.count', kind: 'number', about: 'how many batches the run has seen' }],
  initial: () => 0,
  apply: (batch, state) => ({
    columns: {
      'rollout.count': signal(
        'rollout',
        batch.rolloutIds.map(() => state + 1),
      ),
    },
    state: state + 1,
  }),
}

try {
  const recipe = defineRecipe({ name: 'counting', steps: [counting] })
  const server = await listen({ recipe, port: 0, store: process.argv[2], graceMs: 2000 })
  process.once('SIGTERM', () => server.close())
  process.stdout.write(`${server.url}\n`)
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
