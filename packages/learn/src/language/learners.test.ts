import { bindStage, defineRecipe, Random, signal, withColumns } from '@guerdon/core'
import { findStage } from '@guerdon/methods'
import { describe, expect, it } from 'vitest'
import { trainLearner } from '../run/learner.ts'
import { forkEveryTurn } from './episode.ts'
import { episodeBatch } from './episode-batch.ts'
import { expertEpisodes } from './expert-episodes.ts'
import { type EchoState, type EchoTask, echoWorld } from './fixtures/echo-world.ts'
import { sequenceRows } from './masked-rows.ts'
import { initialPolicy } from './policy.ts'
import { createPolicyLearner, type PolicyLearnerOptions } from './policy-learner.ts'
import { createPreferenceLearner } from './preference-learner.ts'
import { createRejectionLearner, type RejectionLearnerOptions } from './rejection-learner.ts'
import { createSampler } from './sampler.ts'
import { packSequences, responseOf } from './sequences.ts'
import { createSupervisedLearner } from './supervised-learner.ts'
import { demonstrationRows } from './training-rows.ts'
import type { LanguageLearner } from './world-learner.ts'

const config = { vocabularySize: echoWorld.vocabulary.size, maximumLength: 32, width: 16, layers: 1, heads: 2 }
const tasks = new Random(1)
const experts = expertEpisodes(
  echoWorld,
  Array.from({ length: 64 }, () => ({ task: echoWorld.task(1, tasks) })),
  new Random(2),
  config,
)
const demonstrations = demonstrationRows(episodeBatch(experts), config)
const supervised = (seed: number) =>
  createSupervisedLearner(demonstrations, {
    config,
    initial: initialPolicy(config, new Random(seed)),
    seed,
    learningRate: 1e-2,
    batchSize: 16,
  })
const mediocre = supervised(1)
await trainLearner(mediocre, { updates: 12 })

const score = { name: 'rollout.score', kind: 'number' } as const
const grpo = defineRecipe({
  name: 'grpo',
  records: [score],
  steps: [bindStage(findStage('grpo'), { place: 'tokens' })],
  final: 'token.advantage',
})
const base = { seed: 4, config, initial: mediocre.parameters(), level: 1, groups: 4, groupSize: 8, learningRate: 5e-3 }
const policyLearner = (options: Partial<PolicyLearnerOptions<EchoTask, EchoState>> = {}) =>
  createPolicyLearner(echoWorld, { ...base, recipe: grpo, maximumGradientNorm: 1, ...options })
const raft = defineRecipe({ name: 'raft', records: [score], steps: [bindStage(findStage('raft'), {})] })
const rejection = (options: Partial<RejectionLearnerOptions<EchoTask, EchoState>> = {}) =>
  createRejectionLearner(echoWorld, { ...base, recipe: raft, batchSize: 8, ...options })

async function success(learner: LanguageLearner, updates: number): Promise<number[]> {
  const points = await trainLearner(learner, { updates })
  const mean = (part: typeof points) => part.reduce((sum, point) => sum + (point['score'] ?? 0), 0) / part.length
  return [mean(points.slice(0, 3)), mean(points.slice(-3))]
}

describe('learners in a text world', { timeout: 30_000 }, () => {
  it('improve on a mediocre policy by policy gradients', async () => {
    const [before, after] = await success(policyLearner(), 25)
    expect(after).toBeGreaterThan(before + 0.3)
  })

  it('improve by PPO with a critic and the KL in the reward', async () => {
    const recipe = defineRecipe({
      name: 'ppo',
      records: [score, { name: 'token.value', kind: 'number' }, { name: 'token.refLogprob', kind: 'number' }],
      steps: [
        bindStage(findStage('klInReward'), { beta: 0.01, rewards: 'turn' }),
        {
          stage: bindStage(findStage('gae'), { rewards: 'token', lambda: 0.95 }),
          columns: { 'token.reward': 'token.penalisedReward' },
        },
      ],
      final: 'token.advantage',
    })
    const initial = { ...base.initial, ...initialPolicy(config, new Random(9), { valueHead: true }), ...base.initial }
    const [before, after] = await success(policyLearner({ recipe, initial, epochs: 2, miniBatches: 2 }), 20)
    expect(after).toBeGreaterThan(before + 0.3)
  })

  it('learn from trees', async () => {
    const recipe = defineRecipe({
      name: 'tree',
      records: [score, { name: 'turn.node', kind: 'text' }],
      steps: [bindStage(findStage('portool'), { place: 'tokens' })],
      final: 'token.advantage',
    })
    const fork = forkEveryTurn({ branches: 2, maximumEpisodes: 8 })
    const [before, after] = await success(policyLearner({ recipe, groupSize: 2, fork, sharedPrefix: 'once' }), 25)
    expect(after).toBeGreaterThan(before + 0.2)
  })

  it('improve by fine-tuning on the best of their own episodes', async () => {
    const [before, after] = await success(rejection(), 20)
    expect(after).toBeGreaterThan(before + 0.3)
  })

  it('improve by expert iteration, which remembers and begins anew', async () => {
    // groups whose episodes all earned the same teach nothing: no success is kept from a task without one
    const recipe = defineRecipe({
      name: 'solved',
      records: [score],
      steps: [bindStage(findStage('raft'), { skipEqual: true })],
    })
    const [before, after] = await success(rejection({ recipe, memory: 8, restart: true, epochs: 4 }), 16)
    expect(after).toBeGreaterThan(before + 0.2)
  })

  it('follow rewards of their own', async () => {
    const silent = policyLearner({
      annotate: batch =>
        withColumns(batch, {
          'rollout.score': signal(
            'rollout',
            batch.rolloutIds.map((_, r) => batch.tokenOffsets[r] - batch.tokenOffsets[r + 1]),
          ),
        }),
    })
    const points = await trainLearner(silent, { updates: 15 })
    expect(points.at(-1)!['tokens']).toBeLessThan(points[0]['tokens']! - 0.5)
  })

  it.each<[string, () => LanguageLearner]>([
    ['policy gradients', () => policyLearner({ epochs: 2, miniBatches: 2, klWeight: 0.1 })],
    ['rejection', () => rejection({ memory: 2 })],
  ])('of %s go on bit for bit from what they saved', async (_, make) => {
    const whole = make()
    const parts = make()
    await trainLearner(whole, { updates: 2 })
    parts.restore(whole.save())
    const [expected, got] = [await whole.update(), await parts.update()]
    expect(got).toEqual(expected)
    expect(parts.save()).toEqual(whole.save())
    expect(parts.updates()).toBe(3)
  })

  it('refuse the state of a learner of other settings, size or beginnings', () => {
    const bytes = policyLearner().save()
    expect(() => policyLearner({ seed: 5 }).restore(bytes)).toThrow(/with seed 5; got 4/)
    expect(() => policyLearner({ initial: initialPolicy(config, new Random(8)) }).restore(bytes)).toThrow(
      /with initial/,
    )
    const wider = { ...config, width: 32 }
    const other = policyLearner({ config: wider, initial: initialPolicy(wider, new Random(1)) })
    expect(() => other.restore(bytes)).toThrow(/with transformer \[9,32,32,1,2,128\]; got \[9,32,16,1,2,64\]/)
    expect(() => rejection().restore(bytes)).toThrow(/expected a run of rejection; got one of policy-gradient/)
  })

  it('leave the policy as it is when nothing is kept', async () => {
    const learner = rejection({
      annotate: batch => {
        const column = signal('rollout', new Float64Array(batch.rolloutIds.length))
        column.status.fill(1)
        return withColumns(batch, { 'rollout.score': column })
      },
    })
    expect(await learner.update()).toMatchObject({ kept: 0, loss: null, score: null })
    expect(learner.parameters()).toEqual(base.initial)
  })
})

describe('supervised learning', () => {
  it('comes to do what the expert does, on held-out tasks as well', async () => {
    const learner = createSupervisedLearner(demonstrations, {
      config,
      initial: initialPolicy(config, new Random(1)),
      seed: 1,
      learningRate: 1e-2,
      heldOut: demonstrations,
    })
    const points = await trainLearner(learner, { updates: 80 })
    expect(points.at(-1)!['heldOutLoss']).toBeLessThan(0.05)
  })

  it('refuses rows without anything to learn', () => {
    const empty = { ...demonstrations, mask: new Float32Array(demonstrations.mask.length) }
    expect(() => createSupervisedLearner(empty, { config, initial: base.initial, seed: 1, learningRate: 1 })).toThrow(
      /token to learn in every row of demonstrations; row 0 has none/,
    )
  })
})

describe('preference learning', { timeout: 30_000 }, () => {
  const layout = { width: 6, padToken: 0 }
  const prompts = Array.from({ length: 32 }, () => [1, 3])
  const rows = (token: number, length: (i: number) => number) =>
    sequenceRows(
      packSequences(
        prompts,
        prompts.map((_, i) => [...Array<number>(length(i)).fill(token), 2]),
        layout,
      ),
    )
  const pairs = { chosen: rows(5, i => 1 + (i % 3)), rejected: rows(4, i => 1 + ((i + 1) % 3)) }
  const small = { ...config, maximumLength: 6 }
  const initial = initialPolicy(small, new Random(1))

  it.each(['dpo', 'ipo', 'hinge', 'simpo'] as const)(
    'by %s makes the chosen likelier than the rejected',
    async loss => {
      const learner = await createPreferenceLearner(pairs, {
        config: small,
        initial,
        seed: 1,
        learningRate: 1e-2,
        loss,
      })
      const points = await trainLearner(learner, { updates: 25 })
      expect(points.at(-1)).toMatchObject({ accuracy: 1 })
      const sampler = createSampler({ config: small, endToken: 2, padToken: 0, maximumResponseLength: 4 })
      const sampled = await sampler(learner.parameters(), prompts, new Random(1))
      const count = (token: number) =>
        prompts.flatMap((_, i) => Array.from(responseOf(sampled, i))).filter(each => each === token).length
      expect(count(5)).toBeGreaterThan(2 * count(4))
    },
  )

  it('refuses pairs that are not pairs', async () => {
    const odd = { chosen: pairs.chosen, rejected: { ...pairs.rejected, count: 31 } }
    await expect(createPreferenceLearner(odd, { config: small, initial, seed: 1, learningRate: 1 })).rejects.toThrow(
      /as many rejected as chosen rows; got 31 and 32/,
    )
  })
})
