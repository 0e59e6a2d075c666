import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '@guerdon/core'
import {
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
  type Sampler,
  saveCheckpoint,
  trainRewardModel,
  trainSupervised,
} from '@guerdon/learn'
import type { NdArray } from '@guerdon/tensor'
import {
  allPrompts,
  demonstrate,
  goldReward,
  maximumResponseLength,
  type NotePrompt,
  preferenceProbability,
  promptLength,
  tokenIds,
  vocabulary,
} from '@guerdon/worlds/text/keyword-notes'
import type { Budget, JobContext } from '../../harness/experiment.ts'
import { writeAtomic } from '../../harness/results.ts'
import { hackingSizes } from './settings.ts'

const width = promptLength + maximumResponseLength

/** Size of the policies and of the reward model. */
export const modelConfig = { vocabularySize: vocabulary.length, maximumLength: width, width: 32, layers: 2, heads: 2 }
const layout = { width, padToken: tokenIds.pad }
const prompts = allPrompts()

/** The sampler of the experiment's policies. */
export function createNoteSampler(): Sampler {
  return createSampler({
    config: modelConfig,
    endToken: tokenIds.end,
    padToken: tokenIds.pad,
    maximumResponseLength,
  })
}

/** What the arms of a seed share, beside the checkpoints. */
export interface SharedFacts {
  /** Scores of reference responses by prompt id. */
  readonly referenceScores: Readonly<Record<string, readonly number[]>>
  readonly modelAccuracy: number
  readonly modelGoldAccuracy: number
}

/** The models a seed's arms share. */
export interface SharedModels {
  readonly reference: PolicyParameters<NdArray>
  readonly rewardModel: RewardModelParameters<NdArray>
  readonly facts: SharedFacts
}

/** Reads what `prepare` left in the folder. */
export function loadShared(folder: string): SharedModels {
  return {
    reference: loadPolicy(folder, 'policy'),
    rewardModel: loadCheckpoint(
      readFileSync(join(folder, 'reward-model.safetensors')),
      initialRewardModel(modelConfig, new Random(0)),
    ),
    facts: JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8')) as SharedFacts,
  }
}

/** Reads a policy from the folder: `policy` is the reference, an arm's id the policy it trained. */
export function loadPolicy(folder: string, name: string): PolicyParameters<NdArray> {
  return loadCheckpoint(readFileSync(join(folder, `${name}.safetensors`)), initialPolicy(modelConfig, new Random(0)))
}

/** Reference policy, preferences, reward model and reference scores of one seed. */
export async function prepare(seed: number, budget: Budget, { folder, signal: cancelled }: JobContext): Promise<void> {
  const sizes = hackingSizes(budget)
  const random = new Random(seed).split('hacking/prepare')
  const training = { config: modelConfig, signal: cancelled, maximumGradientNorm: 1 }

  const demonstrated = drawPrompts(sizes.demonstrations, random.split('prompts'))
  const writer = random.split('writer')
  const notes = demonstrated.map(prompt => demonstrate(prompt, writer))
  const { parameters: reference } = await trainSupervised(
    initialPolicy(modelConfig, random.split('policy')),
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

/** Responses to any number of prompts, sampled in batches of one size. */
async function sampleAll(
  sampler: Sampler,
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

/** Prompts drawn with replacement. */
export function drawPrompts(count: number, random: Random): NotePrompt[] {
  return Array.from({ length: count }, () => random.choice(prompts))
}
