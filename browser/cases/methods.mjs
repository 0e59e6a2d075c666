import { batchFromRollouts, bindStage, defineRecipe, numbers } from '@guerdon/core'
import { findStage, methods } from '@guerdon/methods'
import { loadAdapters } from '../../packages/methods/dist/golden/adapters/index.js'
import { evaluateCase, parseGolden } from '../../packages/methods/dist/golden/evaluate.js'

const rollout = (id, response, score) => ({
  id,
  group: 'sky',
  prompt: 'Why is the sky blue?',
  response,
  turns: [],
  columns: { score, referenceScores: [0.2, -0.4] },
})

function golden(slug) {
  return {
    name: `${slug} gives the values of its golden vectors`,
    async run({ text }) {
      const file = parseGolden(JSON.parse(await text(`/packages/methods/golden/vectors/${slug}.json`)))
      const failures = []
      for (const given of file.cases) {
        const { name, error } = await evaluateCase(given, slug, loadAdapters)
        if (error !== null) failures.push(`${name}: ${error}`)
      }
      return { cases: file.cases.length, failures }
    },
    verify({ cases: count, failures }, expect) {
      expect(count).toBeGreaterThan(5)
      expect(failures).toEqual([])
    },
  }
}

export const cases = [
  golden('salt'),
  golden('g-ra'),
  golden('par'),
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
