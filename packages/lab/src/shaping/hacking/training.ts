import { join } from 'node:path'
import { bindStage, defineRecipe, jsonColumn, numbers, Random, type Recipe, signal } from '@guerdon/core'
import {
  advantageRows,
  createPolicyTrainer,
  createScorer,
  type PolicyParameters,
  responseOf,
  rolloutBatch,
  type SampledSequences,
  saveCheckpoint,
} from '@guerdon/learn'
import { findStage } from '@guerdon/methods'
import { parStage, type Shape } from '@guerdon/methods/shaping/par'
import type { NdArray } from '@guerdon/tensor'
import { goldReward, type NotePrompt, praiseCount } from '@guerdon/worlds/text/keyword-notes'
import type { Arm, Budget, JobContext, RunRecord } from '../../harness/experiment.ts'
import { writeAtomic } from '../../harness/results.ts'
import { createNoteSampler, drawPrompts, loadShared, modelConfig, type SharedFacts } from './models.ts'
import { type HackingSettings, type HackingSizes, hackingSizes } from './settings.ts'

/** Trains one policy under one reward design and KL weight; its last parameters stay in the folder. */
export async function run(
  arm: Arm<HackingSettings>,
  seed: number,
  budget: Budget,
  context: JobContext,
): Promise<RunRecord> {
  // All arms of a seed meet the same prompts and the same sampling noise.
  const random = new Random(seed).split('hacking/run')
  const { record, parameters } = await trainOnProxy(arm.settings, { sizes: hackingSizes(budget), random }, context)
  writeAtomic(join(context.folder, `${arm.id}.safetensors`), saveCheckpoint(parameters))
  return record
}

/** What is learnt from the reward model's scores. */
export interface ProxyTraining {
  readonly design: Shape
  /** Weight of the KL penalty towards the reference policy. */
  readonly klWeight: number
  /** References the relative designs use. Default 10. */
  readonly maxReferences?: number
  /** −1 learns from negated scores, references and all. Default 1. */
  readonly sign?: 1 | -1
}

/** Trains a policy on the shaped scores of the folder's reward model, by groups without division by their spread. */
export async function trainOnProxy(
  settings: ProxyTraining,
  {
    sizes,
    random,
  }: {
    readonly sizes: Pick<HackingSizes, 'policyUpdates' | 'prompts' | 'groupSize' | 'learningRate'>
    readonly random: Random
  },
  { folder, signal: cancelled, progress }: JobContext,
): Promise<{ readonly record: RunRecord; readonly parameters: PolicyParameters<NdArray> }> {
  const { klWeight, sign = 1 } = settings
  const { reference, rewardModel, facts } = loadShared(folder)
  const score = createScorer(rewardModel, modelConfig)
  const sampler = createNoteSampler()
  const trainer = createPolicyTrainer(reference, reference, {
    config: modelConfig,
    klWeight,
    learningRate: sizes.learningRate,
    maximumGradientNorm: 1,
    aggregation: { aggregation: 'seq-mean-token-sum' },
  })
  const recipe = rewardRecipe(settings)
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
        'rollout.score': signal(
          'rollout',
          scores.map(value => sign * value),
        ),
        'rollout.referenceScores': jsonColumn(
          'rollout',
          asked.map(prompt => facts.referenceScores[prompt.id].map(value => sign * value)),
        ),
      },
    )
    const result = await recipe.run(sampled, state)
    state = result.state
    const measured = await trainer.update(
      advantageRows(result.batch, numbers(result.batch, 'token.advantage'), sequences),
    )
    record(trace, asked, sequences, scores, measured.kl)
    progress((update + 1) / sizes.policyUpdates)
  }
  return {
    record: runRecord(trace, facts, sizes.policyUpdates * sizes.prompts * sizes.groupSize),
    parameters: trainer.parameters(),
  }
}

/**
 * Raw score → shaped reward → advantage. The group mean is subtracted and nothing is divided: dividing by the group's
 * spread would undo the scale that shaping chose.
 */
function rewardRecipe({ design, maxReferences = 10 }: ProxyTraining): Recipe {
  return defineRecipe({
    name: `hacking-${design}`,
    records: [
      { name: 'rollout.score', kind: 'number' },
      { name: 'rollout.referenceScores', kind: 'json' },
    ],
    steps: [
      bindStage(parStage, { shape: design, maxReferences }),
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

function average(values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]
  return total / values.length
}
