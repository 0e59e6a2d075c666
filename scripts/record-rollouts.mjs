#!/usr/bin/env node
// Records rollouts of a policy that the hacking experiment trained, as example data: prompts, responses, tokens with their
// log-probabilities, the gold outcome, the reward-model score and the scores of reference responses.
// Usage: node scripts/record-rollouts.mjs RESULTS_FOLDER OUT.jsonl   (after `guerdon lab hacking --results RESULTS_FOLDER`)
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '../packages/core/dist/index.js'
import { createNoteSampler, loadPolicy, loadShared, modelConfig } from '../packages/lab/dist/shaping/hacking/models.js'
import * as learn from '../packages/learn/dist/index.js'
import * as notes from '../packages/worlds/dist/text/keyword-notes.js'

const [results, out] = process.argv.slice(2)
if (!out) {
  console.error('usage: node scripts/record-rollouts.mjs RESULTS_FOLDER OUT.jsonl')
  process.exit(2)
}
const folder = join(results, 'prepared', '0')
const round = value => Number(value.toFixed(4))
const { reference, rewardModel, facts } = loadShared(folder)
const policy = loadPolicy(folder, 'raw-kl0.1')

const random = new Random(42)
const prompts = random.shuffle([...notes.allPrompts()]).slice(0, 16)
const groupSize = 8
const asked = prompts.flatMap(prompt => Array(groupSize).fill(prompt))
const sampler = createNoteSampler()
const score = learn.createScorer(rewardModel, modelConfig)
const halves = [
  await sampler(
    policy,
    asked.map(prompt => prompt.tokens),
    random.split('trained'),
  ),
  await sampler(
    reference,
    asked.map(prompt => prompt.tokens),
    random.split('reference'),
  ),
]
const scores = [await score(halves[0]), await score(halves[1])]

const lines = asked.map((prompt, i) => {
  // Half of each group comes from the trained policy, half from the reference it started from.
  const from = i % groupSize < groupSize / 2 ? 0 : 1
  const sequences = halves[from]
  const response = learn.responseOf(sequences, i)
  const start = i * sequences.width + notes.promptLength
  const slice = values => Array.from(values.slice(start, start + response.length), round)
  return JSON.stringify({
    id: `${prompt.id}/${i % groupSize}`,
    group: prompt.id,
    prompt: notes.promptText(prompt),
    response: notes.decode(response),
    turns: [],
    tokens: { ids: Array.from(response), logprobs: slice(sequences.logProbs), entropies: slice(sequences.entropies) },
    outcome: round(notes.goldReward(prompt, response).total),
    columns: {
      score: round(scores[from][i]),
      referenceScores: facts.referenceScores[prompt.id].map(round),
    },
    meta: { policy: from === 0 ? 'trained on the raw score' : 'reference' },
  })
})
writeFileSync(out, `${lines.join('\n')}\n`)
console.log(`${lines.length} rollouts of ${prompts.length} prompts written to ${out}`)
