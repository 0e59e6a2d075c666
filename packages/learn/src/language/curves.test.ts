import { readFileSync } from 'node:fs'
import { bindStage, defineRecipe, Random } from '@guerdon/core'
import { findStage } from '@guerdon/methods'
import { arithmeticWorld } from '@guerdon/worlds/text/arithmetic'
import { describe, expect, it } from 'vitest'
import { expectRecorded, type RecordedCurve, recording } from '../run/fixtures/recorded-curve.ts'
import { type CurvePoint, trainLearner } from '../run/learner.ts'
import { episodeBatch } from './episode-batch.ts'
import { expertEpisodes } from './expert-episodes.ts'
import { initialPolicy } from './policy.ts'
import { createPolicyLearner } from './policy-learner.ts'
import { createSupervisedLearner } from './supervised-learner.ts'
import { demonstrationRows } from './training-rows.ts'

// A policy is shown how an expert computes expressions of two operations, and then learns from its own answers by GRPO.
// Recorded anew, whole, with: GUERDON_RECORD=1 npx vitest run packages/learn/src/language/curves.test.ts
// A test follows the start only: float32 kernels round differently from processor to processor, and one rounding can turn
// into another token.

const world = arithmeticWorld({ levels: 1 })
const config = { vocabularySize: world.vocabulary.size, maximumLength: 64, width: 64, layers: 2, heads: 4 }
const recipe = defineRecipe({
  name: 'grpo',
  records: [{ name: 'rollout.score', kind: 'number' }],
  steps: [bindStage(findStage('grpo'), { place: 'tokens' })],
  final: 'token.advantage',
})

const pick = (points: readonly CurvePoint[], names: readonly string[]) =>
  points.map(point => Object.fromEntries(names.map(name => [name, point[name] ?? null])))

describe('arithmetic', () => {
  it.each([1, 2, 3])(
    'GRPO goes on from what supervised learning reached, seed %i',
    { timeout: 600_000 },
    async seed => {
      const root = new Random(seed)
      const tasks = root.split('tasks')
      const starts = Array.from({ length: 2000 }, () => ({ task: world.task(0, tasks) }))
      const rows = demonstrationRows(episodeBatch(expertEpisodes(world, starts, root.split('expert'), config)), config)
      const supervised = createSupervisedLearner(rows, {
        config,
        initial: initialPolicy(config, root.split('parameters')),
        seed,
        learningRate: 2e-3,
        maximumGradientNorm: 1,
        batchSize: 32,
      })
      const taught = await trainLearner(supervised, { updates: recording ? 200 : 3 })
      const supervisedFile = new URL(`golden/arithmetic-supervised-${seed}.json`, import.meta.url)
      const { name: learner, settings } = supervised
      expectRecorded(supervisedFile, { learner, settings, points: pick(taught, ['loss', 'gradientNorm']) }, 1e-3)

      const file = new URL(`golden/arithmetic-grpo-${seed}.json`, import.meta.url)
      if (recording) {
        const policy = createPolicyLearner(world, {
          seed,
          config,
          initial: supervised.parameters(),
          recipe,
          reference: false,
          learningRate: 2e-4,
          maximumGradientNorm: 1,
          groups: 16,
          groupSize: 16,
        })
        const played = await trainLearner(policy, { updates: 80 })
        const points = pick(played, ['episodes', 'success', 'tokens', 'entropy', 'loss'])
        expectRecorded(file, { learner: policy.name, settings: policy.settings, points }, 1e-3)
      }
      const { points } = JSON.parse(readFileSync(file, 'utf8')) as RecordedCurve
      const mean = (part: RecordedCurve['points']) =>
        part.reduce((sum, { success }) => sum + (success ?? 0), 0) / part.length
      // ten updates of 256 episodes: the standard error of a share is below 0.01
      expect(mean(points.slice(-10))).toBeGreaterThan(mean(points.slice(0, 10)) + 0.05)
    },
  )
})
