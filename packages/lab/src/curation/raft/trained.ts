import {
  bindStage,
  defineRecipe,
  mean,
  numbers,
  type Random,
  type Recipe,
  type RolloutBatch,
  signal,
  withColumns,
} from '@guerdon/core'
import {
  createEpisodeSampler,
  createRejectionLearner,
  createTokenScorer,
  episodeBatch,
  tokenColumn,
  tokenRows,
} from '@guerdon/learn'
import { raftStage } from '@guerdon/methods/curation/raft'
import { draftPreferenceAnswer, type PreferenceTask, preferencesWorld } from '@guerdon/worlds/text/preferences'
import type { AnsweredState } from '@guerdon/worlds/text/single-turn'
import type { TextWorld } from '@guerdon/worlds/text/text-world'
import { defineStudy, type Trial, type TrialResult } from '../../claims/claim.ts'
import type { TextSetting } from '../../text-policy/setting.ts'
import { loadStartPolicy, type Policy, saveStartPolicy, teachStartPolicy } from '../../text-policy/start-policy.ts'

interface Settings {
  /** K, responses a prompt. */
  readonly responses: number
  /** One round with all the samples, and all the gradient steps. */
  readonly oneShot?: boolean
  /** β of the ranking by r − β·log(π/π₀). Default 0. */
  readonly klWeight?: number
  /** The control keeps the best of shuffled scores. */
  readonly shuffled?: boolean
}

type Task = PreferenceTask
type State = AnsweredState<PreferenceTask>

const world = preferencesWorld()
/** The same world shown by writers without a plan. */
const draftWorld: TextWorld<Task, State> = {
  ...world,
  expert: ({ task }, random) => draftPreferenceAnswer(task, random),
}
const setting: TextSetting = {
  world: draftWorld,
  level: 0,
  config: { vocabularySize: world.vocabulary.size, maximumLength: 32, width: 32, layers: 2, heads: 2 },
  // never reached: drafts are learnt for as long as there are looks
  startSuccess: 2,
  teaching: { demonstrations: 1500, stepsBetweenLooks: 200, mostLooks: 1 },
}
const prompts = 64
const epochs = 3
const batchSize = 32

async function train(trial: Trial<Settings>): Promise<TrialResult> {
  const { settings, budget, random, learningRate, folder, signal, progress } = trial
  const { responses, oneShot = false, klWeight = 0, shuffled = false } = settings
  const rounds = budget === 'quick' ? 4 : 12
  const taken = oneShot ? 1 : rounds
  const initial = loadStartPolicy(folder, setting)
  const reference = referenceColumn(initial)
  const shuffling = random.split('shuffle')
  const learner = createRejectionLearner<Task, State>(world, {
    config: setting.config,
    initial,
    seed: random.split('learner').integer(2 ** 31),
    learningRate,
    maximumGradientNorm: 1,
    level: setting.level,
    recipe: raftRecipe(klWeight),
    groups: prompts,
    groupSize: responses,
    epochs: epochs * (rounds / taken),
    batchSize,
    annotate: batch => {
      const scored = shuffled ? withShuffledScores(batch, shuffling) : batch
      return klWeight > 0 ? reference(scored) : scored
    },
  })
  const examined = random.split('fresh answers')
  const examine = (policy: Policy) => examinePolicy(policy, initial, examined, budget === 'quick' ? 64 : 256)
  const looks = [{ round: 0, ...(await examine(initial)) }]
  for (let round = 1; round <= taken; round++) {
    signal.throwIfAborted()
    await learner.update()
    if (round % (rounds / 4) === 0 || round === taken) {
      looks.push({ round, ...(await examine(learner.parameters())) })
    }
    progress(round / taken)
  }
  const { reward, unique, kl } = looks[looks.length - 1]
  const halfway = looks.find(({ round }) => round === rounds / 2) ?? looks[looks.length - 1]
  return {
    metrics: { reward, unique, kl, startReward: looks[0].reward, rewardHalfway: halfway.reward },
    curves: { reward: { x: looks.map(({ round }) => round), y: looks.map(look => look.reward) } },
    spent: {
      rounds: taken,
      rollouts: taken * prompts * responses,
      gradientSteps: (rounds * epochs * prompts) / batchSize,
      rewardCalls: taken * prompts * responses,
    },
  }
}

function raftRecipe(beta: number): Recipe {
  return defineRecipe({
    name: 'raft',
    records: [{ name: 'rollout.score', kind: 'number' }],
    steps: [bindStage(raftStage, { beta, discard: 'none', ties: 'random' })],
    final: 'rollout.raftKept',
  })
}

/** Adds `token.refLogprob` of the start policy. */
function referenceColumn(initial: Policy): (batch: RolloutBatch) => Promise<RolloutBatch> {
  const score = createTokenScorer(setting.config)
  return async batch => {
    const rows = tokenRows(batch, { maximumLength: setting.config.maximumLength, widthStep: 32 })
    return withColumns(batch, { 'token.refLogprob': tokenColumn(batch, rows, await score(initial, rows)) })
  }
}

/** The scores of a batch, given to the wrong responses of their group. */
function withShuffledScores(batch: RolloutBatch, random: Random): RolloutBatch {
  const { values } = numbers(batch, 'rollout.score')
  const shuffled = Float64Array.from(values)
  for (let g = 0; g < batch.groupIds.length; g++) {
    const own = Array.from(values.subarray(batch.groupOffsets[g], batch.groupOffsets[g + 1]))
    shuffled.set(random.shuffle(own), batch.groupOffsets[g])
  }
  return withColumns(batch, { 'rollout.score': signal('rollout', shuffled) })
}

const perTask = 8

/**
 * What a policy answers to tasks it is not trained on, eight answers a task: mean utility, share of different answers among
 * those of a task, and mean log(π/π₀) of an answer, nats.
 */
async function examinePolicy(
  policy: Policy,
  initial: Policy,
  random: Random,
  answers: number,
): Promise<{ reward: number; unique: number; kl: number }> {
  const drawing = random.split('tasks')
  const starts = Array.from({ length: answers / perTask }, () => ({
    task: world.task(setting.level, drawing),
  })).flatMap(start => Array<typeof start>(perTask).fill(start))
  const episodes = await createEpisodeSampler(world, { config: setting.config })(
    policy,
    starts,
    random.split('answers'),
  )
  const groups = new Map<string, Set<string>>()
  for (const { groupId, tokens } of episodes)
    groups.set(groupId, (groups.get(groupId) ?? new Set()).add(tokens.join(' ')))
  const batch = episodeBatch(episodes)
  const rows = tokenRows(batch, { maximumLength: setting.config.maximumLength, widthStep: 32 })
  const known = await createTokenScorer(setting.config)(initial, rows)
  const before = tokenColumn(batch, rows, known).values
  const ratios = episodes.map(({ drawn, logProbs }, r) => {
    const first = batch.tokenOffsets[r]
    return drawn.reduce((sum, own, t) => sum + (own ? logProbs[t] - before[first + t] : 0), 0)
  })
  return {
    reward: mean(episodes.map(({ turns }) => turns.reduce((sum, { reward }) => sum + reward, 0))),
    unique: [...groups.values()].reduce((sum, different) => sum + different.size, 0) / episodes.length,
    kl: mean(ratios),
  }
}

const inEverySeed = { share: 1 }

/** RAFT with a transformer whose answers have a graded reward. */
export const trained = defineStudy<Settings>({
  setting: [
    'Preferences world with stated goals: the prompt names a topic and the attributes wanted; the reward is the gold utility of the answer, at most 4.',
    'Policy: a transformer (2 layers of 32), taught for 200 updates on 1500 answers of writers without a plan; the same for all arms of a seed.',
    '64 prompts a round, 12 rounds (quick: 4), 3 passes over the kept answers; every arm takes as many gradient steps.',
    'Rewards are of 256 fresh answers (quick: 64), eight a prompt, never of the kept ones.',
  ],
  metric: 'reward',
  direction: 'higher',
  alsoReport: ['startReward', 'rewardHalfway', 'unique', 'kl'],
  arms: [
    { id: 'k8', label: 'RAFT, K = 8', role: 'method', settings: { responses: 8 } },
    { id: 'k8-kl', label: 'RAFT, K = 8, KL-ranked', role: 'method', settings: { responses: 8, klWeight: 0.1 } },
    { id: 'k2', label: 'RAFT, K = 2', role: 'method', settings: { responses: 2 } },
    { id: 'k16', label: 'RAFT, K = 16', role: 'method', settings: { responses: 16 } },
    { id: 'k1', label: 'self-training, K = 1', role: 'baseline', settings: { responses: 1 } },
    { id: 'one-round', label: 'one round of K = 96', role: 'baseline', settings: { responses: 96, oneShot: true } },
    { id: 'shuffled', label: 'K = 8, scores shuffled', role: 'control', settings: { responses: 8, shuffled: true } },
  ],
  learningRates: { quick: [1e-3], full: [1e-3, 2e-3] },
  seeds: { quick: { selection: 1, confirmation: 1 }, full: { selection: 1, confirmation: 5 } },
  criteria: [
    {
      about: 'K = 8 is above K = 1 after half the rounds',
      arm: 'k8',
      against: 'k1',
      metric: 'rewardHalfway',
      atLeast: 0.3,
      over: inEverySeed,
    },
    { about: 'K = 2 above K = 1', arm: 'k2', against: 'k1', metric: 'rewardHalfway', atLeast: 0 },
    { about: 'K = 8 above K = 2', arm: 'k8', against: 'k2', metric: 'rewardHalfway', atLeast: 0 },
    { about: 'K = 16 above K = 8', arm: 'k16', against: 'k8', metric: 'rewardHalfway', atLeast: 0 },
    { about: 'rounds beat one round with as many samples', arm: 'k8', against: 'one-round', atLeast: 0.1 },
    { about: 'ranking with a KL term keeps more variety', arm: 'k8-kl', against: 'k8', metric: 'unique', atLeast: 0 },
  ],
  quickCriteria: [{ about: 'K = 8 beats K = 1', arm: 'k8', against: 'k1', atLeast: 0.1 }],
  axes: { reward: { x: 'round', y: 'mean utility of fresh answers' } },
  prepare: async ({ random, folder, signal }) =>
    saveStartPolicy(folder, await teachStartPolicy(setting, random, signal)),
  run: train,
})
