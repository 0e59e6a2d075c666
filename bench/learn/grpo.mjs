import { bindStage, defineRecipe, numbers, Random, signal } from '@guerdon/core'
import {
  advantageRows,
  createPolicyTrainer,
  createSampler,
  initialPolicy,
  responseOf,
  rolloutBatch,
} from '@guerdon/learn'
import { findStage } from '@guerdon/methods'
import { timed } from './timed.mjs'

const groups = 8
const perGroup = 8
const promptLength = 4

/** Scores to token advantages. */
export function grpoRecipe() {
  return defineRecipe({
    name: 'bench',
    records: [{ name: 'rollout.score', kind: 'number' }],
    steps: [bindStage(findStage('grpo'), { place: 'tokens' })],
    final: 'token.advantage',
  })
}

/** A loop of sampling, scoring, crediting and updating; responses never end early, so that the work is always the same. */
export function grpoLoop({ threads, responseLength, rollouts = groups * perGroup, width = 64, layers = 2 }) {
  const config = { vocabularySize: 64, maximumLength: promptLength + responseLength, width, layers, heads: 4 }
  const sampler = createSampler({ config, endToken: -1, padToken: 0, maximumResponseLength: responseLength, threads })
  const start = initialPolicy(config, new Random(1))
  const trainer = createPolicyTrainer(start, start, {
    config,
    learningRate: 1e-3,
    maximumGradientNorm: 1,
    klWeight: 0.02,
    threads,
  })
  const recipe = grpoRecipe()
  const random = new Random(2)
  const prompts = Array.from({ length: rollouts }, (_, i) => [1, 2, 3, 4 + Math.floor(i / perGroup)])
  const groupIds = prompts.map((_, i) => `g${Math.floor(i / perGroup)}`)
  return async () => {
    const sequences = await sampler(trainer.parameters(), prompts, random)
    const scores = Float64Array.from(prompts, (_, i) => responseOf(sequences, i).filter(token => token === 5).length)
    const sampled = rolloutBatch({ sequences, groupIds }, { 'rollout.score': signal('rollout', scores) })
    const { batch } = await recipe.run(sampled)
    await trainer.update(advantageRows(batch, numbers(batch, 'token.advantage'), sequences))
    return scores.reduce((total, score) => total + score, 0) / rollouts
  }
}

/** Updates a second of the 2-layer policy: 64 rollouts of 48 tokens, sampled and learnt from. */
export async function grpoRate() {
  const runs = []
  for (const threads of [1, 2]) {
    const once = grpoLoop({ threads, responseLength: 48 })
    const before = await once()
    await once()
    const updates = 20
    let score = 0
    const { seconds, cpuSeconds, others } = await timed(async () => {
      for (let update = 0; update < updates; update++) score = await once()
    })
    runs.push({
      threads,
      perSecond: updates / seconds,
      cpuPerUpdate: cpuSeconds / updates,
      others,
      before,
      after: score,
    })
  }
  return runs
}
