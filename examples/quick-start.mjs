import { batchFromRollouts, bindStage, defineRecipe, findStage, numbers } from 'guerdon'

const recipe = defineRecipe({
  name: 'bounded-grpo',
  records: [
    { name: 'rollout.score', kind: 'number' },
    { name: 'rollout.referenceScores', kind: 'json' },
  ],
  steps: [
    findStage('par'), // the probability that the response beats references from the SFT model: bounded, hard to hack
    { stage: bindStage(findStage('grpo.trl')), columns: { 'rollout.score': 'rollout.reward' } }, // TRL's GRPO, value for value
  ],
})

const rollout = (id, response, score) => ({
  id,
  group: 'sky',
  prompt: 'Why is the sky blue?',
  response,
  turns: [],
  columns: { score, referenceScores: [0.2, -0.4] },
})
const rollouts = [
  rollout('a', 'Air scatters short waves more.', 1.3),
  rollout('b', 'It reflects the sea.', -1.1),
  rollout('c', 'Brilliant question! Brilliant!', 9.7),
]
const { batch } = await recipe.run(batchFromRollouts(rollouts))
console.log(numbers(batch, 'rollout.advantage').values)
for (const { stage, writes } of recipe.explain(batch, 'c').steps) {
  for (const { column, values } of writes) console.log(stage, column, values[0])
}
