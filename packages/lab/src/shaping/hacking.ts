import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bindStage, defineRecipe, jsonColumn, numbers, Random, type Recipe, signal } from '@guerdon/core'
import {
  advantageRows,
  createPolicyTrainer,
  createSampler,
  createScorer,
  initialPolicy,
  initialRewardModel,
  loadCheckpoint,
  type PolicyParameters,
  packSequences,
  pairwiseAccuracy,
  type RewardModelParameters,
  responseOf,
  rolloutBatch,
  type SampledSequences,
  saveCheckpoint,
  trainRewardModel,
  trainSupervised,
} from '@guerdon/learn'
import { findStage } from '@guerdon/methods'
import { parStage } from '@guerdon/methods/shaping/par'
import type { NdArray } from '@guerdon/tensor'
import {
  allPrompts,
  demonstrate,
  goldReward,
  maximumResponseLength,
  type NotePrompt,
  praiseCount,
  preferenceProbability,
  promptLength,
  tokenIds,
  vocabulary,
} from '@guerdon/worlds/text/keyword-notes'
import type { Arm, Budget, Experiment, JobContext, RunRecord } from '../harness/experiment.ts'
import { writeAtomic } from '../harness/results.ts'
import { reportHacking } from './hacking-report.ts'
import { type HackingSettings, hackingArms, hackingSizes, type RewardDesign } from './hacking-settings.ts'

const width = promptLength + maximumResponseLength
const policyConfig = { vocabularySize: vocabulary.length, maximumLength: width, width: 32, layers: 2, heads: 2 }
const modelConfig = { ...policyConfig }
const layout = { width, padToken: tokenIds.pad }
const prompts = allPrompts()
const createNoteSampler = () =>
  createSampler({ config: policyConfig, endToken: tokenIds.end, padToken: tokenIds.pad, maximumResponseLength })

/** What the arms of a seed share, beside the checkpoints. */
interface SharedFacts {
  /** Scores of reference responses by prompt id. */
  readonly referenceScores: Readonly<Record<string, readonly number[]>>
  readonly modelAccuracy: number
  readonly modelGoldAccuracy: number
}

/**
 * Is this reward being hacked? A reward model learns from annotators who like praise more than it is worth; policies are
 * then trained against it under several reward designs and KL weights, and the verifiable gold reward, which no policy
 * sees, tells what became of them.
 */
export const hacking: Experiment<HackingSettings> = {
  slug: 'hacking',
  title: 'Is this reward being hacked?',
  question: 'Which shaping of a learnt reward keeps the gold reward rising when a policy optimises it?',
  version: 1,
  arms: () => hackingArms,
  seeds: budget => (budget === 'quick' ? 2 : 5),
  prepare,
  run,
  report: results => reportHacking(hackingArms, results),
}

/** Reference policy, preferences, reward model and reference scores of one seed. */
async function prepare(seed: number, budget: Budget, { folder, signal: cancelled }: JobContext): Promise<void> {
  const sizes = hackingSizes(budget)
  const random = new Random(seed).split('hacking/prepare')
  const training = { config: policyConfig, signal: cancelled, maximumGradientNorm: 1 }

  const demonstrated = drawPrompts(sizes.demonstrations, random.split('prompts'))
  const writer = random.split('writer')
  const notes = demonstrated.map(prompt => demonstrate(prompt, writer))
  const { parameters: reference } = await trainSupervised(
    initialPolicy(policyConfig, random.split('policy')),
    packSequences(
      demonstrated.map(prompt => prompt.tokens),
      notes,
      layout,
    ),
    { ...training, updates: sizes.supervisedUpdates, learningRate: 5e-3 },
    random.split('supervised'),
  )

  const sampler = createNoteSampler()
  const heldOut = 400
  const asked = drawPrompts(sizes.preferencePairs + heldOut, random.split('asked'))
  const [first, second] = [
    await sampleAll(sampler, reference, asked, random.split('first')),
    await sampleAll(sampler, reference, asked, random.split('second')),
  ]
  const annotator = random.split('annotator')
  const pairs = asked.map((prompt, i) => {
    const prefersFirst = annotator.bernoulli(preferenceProbability(prompt, first[i], second[i]))
    const [chosen, rejected] = prefersFirst ? [first[i], second[i]] : [second[i], first[i]]
    const goldAgrees = goldReward(prompt, chosen).total - goldReward(prompt, rejected).total
    return { prompt, chosen, rejected, goldAgrees }
  })
  const pack = (part: typeof pairs, side: 'chosen' | 'rejected') =>
    packSequences(
      part.map(pair => pair.prompt.tokens),
      part.map(pair => pair[side]),
      layout,
    )
  const taught = pairs.slice(0, sizes.preferencePairs)
  const { parameters: model } = await trainRewardModel(
    initialRewardModel(modelConfig, random.split('model'), { body: reference.body }),
    { chosen: pack(taught, 'chosen'), rejected: pack(taught, 'rejected') },
    { ...training, updates: sizes.rewardModelUpdates, learningRate: 3e-3 },
    random.split('preferences'),
  )

  const score = createScorer(model, modelConfig)
  const tested = pairs.slice(sizes.preferencePairs)
  const [chosenScores, rejectedScores] = [await score(pack(tested, 'chosen')), await score(pack(tested, 'rejected'))]
  const decided = tested.flatMap((pair, i) => (pair.goldAgrees === 0 ? [] : [i]))
  const [better, worse] = [
    decided.map(i => (tested[i].goldAgrees > 0 ? chosenScores[i] : rejectedScores[i])),
    decided.map(i => (tested[i].goldAgrees > 0 ? rejectedScores[i] : chosenScores[i])),
  ]

  const repeated = prompts.flatMap(prompt => Array<NotePrompt>(sizes.references).fill(prompt))
  const references = await sampleAll(sampler, reference, repeated, random.split('references'))
  const scores = await score(
    packSequences(
      repeated.map(prompt => prompt.tokens),
      references,
      layout,
    ),
  )
  const facts: SharedFacts = {
    referenceScores: Object.fromEntries(
      prompts.map((prompt, i) => [
        prompt.id,
        Array.from(scores.subarray(i * sizes.references, (i + 1) * sizes.references)),
      ]),
    ),
    modelAccuracy: pairwiseAccuracy(chosenScores, rejectedScores),
    modelGoldAccuracy: pairwiseAccuracy(better, worse),
  }
  writeAtomic(join(folder, 'policy.safetensors'), saveCheckpoint(reference))
  writeAtomic(join(folder, 'reward-model.safetensors'), saveCheckpoint(model))
  writeAtomic(join(folder, 'facts.json'), JSON.stringify(facts))
}

/** Trains one policy under one reward design and KL weight. */
async function run(
  arm: Arm<HackingSettings>,
  seed: number,
  budget: Budget,
  { folder, signal: cancelled, progress }: JobContext,
): Promise<RunRecord> {
  const sizes = hackingSizes(budget)
  const { design, klWeight } = arm.settings
  // All arms of a seed meet the same prompts and the same sampling noise.
  const random = new Random(seed).split('hacking/run')
  const like = new Random(0)
  const reference = loadCheckpoint(readFileSync(join(folder, 'policy.safetensors')), initialPolicy(policyConfig, like))
  const model = loadCheckpoint(
    readFileSync(join(folder, 'reward-model.safetensors')),
    initialRewardModel(modelConfig, like),
  )
  const facts = JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8')) as SharedFacts

  const score = createScorer(model as RewardModelParameters<NdArray>, modelConfig)
  const sampler = createNoteSampler()
  const trainer = createPolicyTrainer(reference, reference, {
    config: policyConfig,
    klWeight,
    learningRate: sizes.learningRate,
    maximumGradientNorm: 1,
    aggregation: { aggregation: 'seq-mean-token-sum' },
  })
  const recipe = rewardRecipe(design)
  let state = recipe.initialState()

  const drawing = random.split('prompts')
  const sampling = random.split('sampling')
  const trace: Record<'gold' | 'proxy' | 'kl' | 'length' | 'praise', number[]> = {
    gold: [],
    proxy: [],
    kl: [],
    length: [],
    praise: [],
  }
  for (let update = 0; update < sizes.policyUpdates; update++) {
    cancelled.throwIfAborted()
    const chosen = drawPrompts(sizes.prompts, drawing)
    const asked = chosen.flatMap(prompt => Array<NotePrompt>(sizes.groupSize).fill(prompt))
    const groupIds = chosen.flatMap((prompt, i) => Array<string>(sizes.groupSize).fill(`${i}:${prompt.id}`))
    const sequences = await sampler(
      trainer.parameters(),
      asked.map(prompt => prompt.tokens),
      sampling,
    )
    const scores = await score(sequences)
    const sampled = rolloutBatch(
      { sequences, groupIds },
      {
        'rollout.score': signal('rollout', scores),
        'rollout.referenceScores': jsonColumn(
          'rollout',
          asked.map(prompt => facts.referenceScores[prompt.id]),
        ),
      },
    )
    const result = await recipe.run(sampled, state)
    state = result.state
    const laidOut = advantageRows(result.batch, numbers(result.batch, 'token.advantage'), sequences)
    const measured = await trainer.update(sequences, laidOut.advantages, laidOut.mask)
    record(trace, asked, sequences, scores, measured.kl)
    progress((update + 1) / sizes.policyUpdates)
  }
  return runRecord(trace, facts, sizes.policyUpdates * sizes.prompts * sizes.groupSize)
}

/**
 * Raw score → shaped reward → advantage. The group mean is subtracted and nothing is divided: dividing by the group's
 * spread would undo the scale that shaping chose.
 */
function rewardRecipe(design: RewardDesign): Recipe {
  return defineRecipe({
    name: `hacking-${design}`,
    records: [
      { name: 'rollout.score', kind: 'number' },
      { name: 'rollout.referenceScores', kind: 'json' },
    ],
    steps: [
      bindStage(parStage, { shape: design }),
      {
        stage: bindStage(findStage('drGrpo'), { place: 'tokens' }),
        columns: { 'rollout.score': 'rollout.reward' },
      },
    ],
    final: 'token.advantage',
  })
}

function record(
  trace: Record<string, number[]>,
  asked: readonly NotePrompt[],
  sequences: SampledSequences,
  scores: Float64Array,
  klPerToken: number,
): void {
  const golds = asked.map((prompt, i) => goldReward(prompt, responseOf(sequences, i)).total)
  const length = average(sequences.responseLengths)
  trace.gold.push(average(golds))
  trace.proxy.push(average(scores))
  trace.kl.push(klPerToken * length)
  trace.length.push(length)
  trace.praise.push(average(asked.map((_, i) => praiseCount(responseOf(sequences, i)))))
}

function runRecord(trace: Record<string, number[]>, facts: SharedFacts, rollouts: number): RunRecord {
  const updates = trace.gold.length
  const window = Math.max(1, Math.floor(updates / 60))
  const x = Array.from({ length: Math.floor(updates / window) }, (_, i) => (i + 1) * window)
  const curve = (values: readonly number[]) => ({ x, y: x.map(end => average(values.slice(end - window, end))) })
  const last = Math.max(1, Math.floor(updates / 10))
  const final = (values: readonly number[]): number => average(values.slice(-last))
  return {
    metrics: {
      ...Object.fromEntries(Object.entries(trace).map(([name, values]) => [name, final(values)])),
      modelAccuracy: facts.modelAccuracy,
      modelGoldAccuracy: facts.modelGoldAccuracy,
    },
    curves: Object.fromEntries(Object.entries(trace).map(([name, values]) => [name, curve(values)])),
    spent: { rollouts, updates, rewardModelCalls: rollouts },
  }
}

/** Responses to any number of prompts, sampled in batches of one size. */
async function sampleAll(
  sampler: ReturnType<typeof createNoteSampler>,
  policy: PolicyParameters<NdArray>,
  asked: readonly NotePrompt[],
  random: Random,
): Promise<Int32Array[]> {
  const responses: Int32Array[] = []
  const size = 200
  for (let start = 0; start < asked.length; start += size) {
    const part = Array.from({ length: size }, (_, i) => asked[Math.min(start + i, asked.length - 1)].tokens)
    const sequences = await sampler(policy, part, random)
    for (let i = 0; i < size && start + i < asked.length; i++) responses.push(responseOf(sequences, i).slice())
  }
  return responses
}

function drawPrompts(count: number, random: Random): NotePrompt[] {
  return Array.from({ length: count }, () => random.choice(prompts))
}

function average(values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]
  return total / values.length
}
