import { defineRecipe, parseRecipe, type Recipe, signal, z } from '@guerdon/core'
import { defineAsyncReward } from '../rewards/async-reward.ts'

/** The recipe of the quick start. */
export const quickStart = parseRecipe({
  name: 'serve',
  steps: [
    'format',
    'exact-answer',
    {
      use: 'combine',
      with: {
        parts: [
          { column: 'rollout.format', weight: 0.1 },
          { column: 'rollout.correct', weight: 0.9 },
        ],
        abstained: 'propagate',
      },
    },
  ],
})

/** What a slow reward has seen. */
export interface Seen {
  started: number
  aborted: number
}

/** Takes `ms`; the response is the reward, and fails for every number divisible by 20. */
export function slowRecipe(ms: number, seen: Seen = { started: 0, aborted: 0 }): Recipe {
  const reward = defineAsyncReward({
    name: 'slow',
    score: async ({ response }, { signal: ended }) => {
      seen.started++
      ended.addEventListener('abort', () => seen.aborted++)
      await new Promise(resolve => setTimeout(resolve, ms))
      const index = Number(response)
      if (index % 20 === 0) throw new Error('no answer')
      return index
    },
  })
  return defineRecipe({ name: 'slow', steps: [reward] })
}

/** The reward is the number of batches the run has seen, times `scale` where given as a second step. */
export function countingRecipe(name = 'counting', delayMs = 0): Recipe {
  const stage = {
    name,
    about: 'counts the batches of a run',
    options: z.object({}),
    reads: () => [],
    writes: () => [{ name: 'rollout.count', kind: 'number', about: 'how many batches the run has seen' } as const],
    initial: () => 0 as unknown,
    apply: async ({ rolloutIds }: { readonly rolloutIds: readonly string[] }, state: unknown) => {
      if (delayMs > 0) await new Promise(resolve => setTimeout(resolve, delayMs))
      const next = (state as number) + 1
      return { columns: { 'rollout.count': signal('rollout', new Array(rolloutIds.length).fill(next)) }, state: next }
    },
  }
  return defineRecipe({ name, steps: [stage] })
}
