import { bindStage, defineRecipe, numbers, Random, signal } from '@guerdon/core'
import { findStage } from '@guerdon/methods'
import { describe, expect, it } from 'vitest'
import { createScorer, initialRewardModel, pairwiseAccuracy, trainRewardModel } from '../reward-model/bradley-terry.ts'
import { initialPolicy } from './policy.ts'
import { createPolicyTrainer } from './policy-gradient.ts'
import { advantageRows, rolloutBatch } from './rollouts.ts'
import { createSampler } from './sampler.ts'
import { packSequences, responseOf } from './sequences.ts'
import { trainSupervised } from './supervised.ts'

const config = { vocabularySize: 6, maximumLength: 6, width: 16, layers: 1, heads: 2 }
const layout = { width: 6, padToken: 0 }
const end = 2
const sampler = createSampler({ config, endToken: end, padToken: 0, maximumResponseLength: 4 })
const training = { config, learningRate: 1e-2, maximumGradientNorm: 1 }

/** Share of token 5 among response tokens. */
async function shareOfFives(policy: ReturnType<typeof initialPolicy>): Promise<number> {
  const sampled = await sampler(policy, Array<number[]>(64).fill([1, 3]), new Random(9))
  const tokens = Array.from({ length: sampled.count }, (_, i) => Array.from(responseOf(sampled, i))).flat()
  return tokens.filter(token => token === 5).length / tokens.length
}

describe('learning', () => {
  it('copies demonstrations that depend on the prompt', async () => {
    // Prompt [1, 3] is answered by 4, prompt [1, 4] by 3.
    const prompts = Array.from({ length: 64 }, (_, i) => [1, 3 + (i % 2)])
    const responses = prompts.map(([, topic]) => [7 - topic, end])
    const { parameters } = await trainSupervised(
      initialPolicy(config, new Random(1)),
      packSequences(prompts, responses, layout),
      { ...training, updates: 80 },
      new Random(2),
    )
    const sampled = await sampler(parameters, prompts, new Random(3), { temperature: 0.1 })
    for (const [i, response] of responses.entries()) expect(Array.from(responseOf(sampled, i))).toEqual(response)
  })

  it('learns from pairs to prefer the response with more fives', async () => {
    const random = new Random(4)
    const prompts: number[][] = []
    const chosen: number[][] = []
    const rejected: number[][] = []
    for (let i = 0; i < 256; i++) {
      const fives = random.integer(3)
      prompts.push([1, 3])
      chosen.push([...Array<number>(fives + 1).fill(5), ...Array<number>(2 - fives).fill(4), end])
      rejected.push([...Array<number>(fives).fill(5), ...Array<number>(3 - fives).fill(4), end])
    }
    const pairs = { chosen: packSequences(prompts, chosen, layout), rejected: packSequences(prompts, rejected, layout) }
    const { parameters } = await trainRewardModel(
      initialRewardModel(config, random),
      pairs,
      { ...training, updates: 120 },
      random,
    )
    const score = createScorer(parameters, config)
    expect(pairwiseAccuracy(await score(pairs.chosen), await score(pairs.rejected))).toBeGreaterThan(0.95)
  })

  it('moves a policy towards what its recipe rewards, and less so under a KL penalty', async () => {
    const recipe = defineRecipe({
      name: 'fives',
      records: [{ name: 'rollout.score', kind: 'number' }],
      steps: [bindStage(findStage('drGrpo'), { place: 'tokens' })],
      final: 'token.advantage',
    })
    const start = initialPolicy(config, new Random(5))
    const shares: number[] = []
    for (const klWeight of [0, 1]) {
      const trainer = createPolicyTrainer(start, start, { ...training, klWeight })
      const random = new Random(6)
      for (let update = 0; update < 25; update++) {
        const sequences = await sampler(trainer.parameters(), Array<number[]>(32).fill([1, 3]), random)
        const scores = Float64Array.from(
          { length: 32 },
          (_, i) => Array.from(responseOf(sequences, i)).filter(token => token === 5).length,
        )
        const sampled = rolloutBatch(
          { sequences, groupIds: Array<string>(32).fill('g') },
          { 'rollout.score': signal('rollout', scores) },
        )
        const { batch } = await recipe.run(sampled)
        await trainer.update(advantageRows(batch, numbers(batch, 'token.advantage'), sequences))
      }
      shares.push(await shareOfFives(trainer.parameters()))
    }
    // A uniform policy gives about 1/6.
    expect(shares[0]).toBeGreaterThan(0.8)
    expect(shares[1]).toBeLessThan(shares[0] - 0.1)
    expect(shares[1]).toBeGreaterThan(await shareOfFives(start))
  })
})
