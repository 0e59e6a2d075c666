import { Random } from '@guerdon/core'
import { it } from 'vitest'
import { findTextWorld } from '@guerdon/worlds/text/catalogue'
import { episodeBatch } from './episode-batch.ts'
import { createEpisodeSampler } from './episode-sampler.ts'
import { expertEpisodes } from './expert-episodes.ts'
import { initialPolicy } from './policy.ts'
import { createSupervisedLearner } from './supervised-learner.ts'
import { demonstrationRows } from './training-rows.ts'
const which = (process.env.WORLDS ?? 'arithmetic').split(',')
it('sft', async () => {
  for (const name of which) {
    const world: any = findTextWorld(name)
    const demos = expertEpisodes(world, Array.from({ length: 2000 }, (_, i) => ({ task: world.task(0, new Random(i)) })), new Random(9), { maximumLength: 256 })
    const longest = Math.max(...demos.map((e: any) => e.tokens.length))
    const config = { vocabularySize: world.vocabulary.size, maximumLength: longest + 8, width: 64, layers: 2, heads: 4 }
    const rows = demonstrationRows(episodeBatch(demos), config)
    const learner = createSupervisedLearner(rows, { config, initial: initialPolicy(config, new Random(1)), seed: 1, learningRate: 2e-3, maximumGradientNorm: 1, batchSize: 32 })
    const t0 = performance.now(); let loss = 0
    const sampler = createEpisodeSampler(world, { config })
    for (let i = 1; i <= 600; i++) {
      loss = (await learner.update()).loss as number
      if (i % 150 === 0) {
        const test = Array.from({ length: 128 }, (_, j) => ({ task: world.task(0, new Random(100000 + j)) }))
        const eps = await sampler(learner.parameters(), test, new Random(5))
        console.log(name, 'len', longest, 'update', i, 'loss', loss.toFixed(3), 'solved', eps.filter((e: any) => e.correct).length / 128, 's', ((performance.now() - t0) / 1000).toFixed(1))
      }
    }
  }
}, 600000)
