import { batchFromRollouts, bindStage, defineRecipe, numbers } from '@guerdon/core'
import { findStage, methods } from '@guerdon/methods'

const rollout = (id, response, score) => ({
  id,
  group: 'sky',
  prompt: 'Why is the sky blue?',
  response,
  turns: [],
  columns: { score, referenceScores: [0.2, -0.4] },
})

export const cases = [
  {
    name: 'the registry lists the methods that Node lists',
    run: () => methods.map(({ slug, stages }) => [slug, stages.map(({ name }) => name)]),
    verify(listed, expect) {
      expect(listed.length).toBeGreaterThan(50)
    },
  },
  {
    name: 'a recipe bounds scores with PAR and gives advantages',
    tolerance: 1e-12,
    async run() {
      const recipe = defineRecipe({
        name: 'bounded-grpo',
        records: [
          { name: 'rollout.score', kind: 'number' },
          { name: 'rollout.referenceScores', kind: 'json' },
        ],
        steps: [
          findStage('par'),
          { stage: bindStage(findStage('grpo.trl')), columns: { 'rollout.score': 'rollout.reward' } },
        ],
      })
      const { batch } = await recipe.run(
        batchFromRollouts([
          rollout('a', 'Air scatters.', 1.3),
          rollout('b', 'The sea.', -1.1),
          rollout('c', 'Yes', 9.7),
        ]),
      )
      return {
        rewards: [...numbers(batch, 'rollout.reward').values],
        advantages: [...numbers(batch, 'rollout.advantage').values],
      }
    },
    // PAR: the mean over references of σ(score − reference).
    verify({ rewards, advantages }, expect) {
      const sigmoid = x => 1 / (1 + Math.exp(-x))
      for (const [i, score] of [1.3, -1.1, 9.7].entries()) {
        expect(rewards[i]).toBeCloseTo((sigmoid(score - 0.2) + sigmoid(score + 0.4)) / 2, 12)
      }
      expect(advantages.reduce((total, value) => total + value, 0)).toBeCloseTo(0, 12)
    },
  },
]
