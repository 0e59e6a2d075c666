import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mean, Random, standardDeviation } from '@guerdon/core'
import {
  createGradientLearner,
  type GradientTask,
  initialPairModel,
  initialSegmentModel,
  loadCheckpoint,
  type PairParameters,
  type PairRows,
  type PairSpec,
  packInputs,
  pairModel,
  pairTask,
  type RewardModel,
  type SegmentParameters,
  type SegmentSpec,
  saveCheckpoint,
  segmentModel,
  segmentTask,
  type TransformerConfig,
} from '@guerdon/learn'
import type { CompletenessScale } from '@guerdon/methods/judges/fg-rlhf'
import type { Evaluated, NdArray } from '@guerdon/tensor'
import type { LongFormTask } from '@guerdon/worlds/text/long-form'
import { writeAtomic } from '../../harness/results.ts'
import { fullStop, promptOf, truthOf } from './long-answers.ts'

/** An answer to a task. */
export interface Answer {
  readonly task: LongFormTask
  readonly tokens: Int32Array
}

/** What annotators labelled: answers, several to a question. */
export type AnnotatedAnswers = readonly (readonly Answer[])[]

/** A judge of whole answers. */
export interface WholeJudge {
  readonly model: RewardModel
  /** How its scores were spread over the answers it was taught on, and its weight. */
  readonly scale: CompletenessScale
  /** Share of comparisons it was not taught on that it gets right. */
  readonly accuracy: number
}

/** The learnt judges of a seed. */
export interface Judges {
  /** Relevance and factuality of every sentence that ends with a full stop. */
  readonly sentences: RewardModel
  /** Which answer covers more. */
  readonly completeness: WholeJudge
  /** Which answer is better as a whole. */
  readonly preference: WholeJudge
  readonly labels: LabelCounts
}

/** What annotators were asked for: labels of sentences, and comparisons by either question. */
export interface LabelCounts {
  readonly sentences: number
  readonly completeness: number
  readonly preference: number
}

/** Updates of the sentence heads, and of each judge of whole answers. */
export interface JudgeTraining {
  readonly sentenceUpdates: number
  readonly wholeUpdates: number
}

/** Heads of the judge of sentences. */
export const headNames = ['relevance', 'factuality'] as const

function sentenceSpec(transformer: TransformerConfig): SegmentSpec {
  return {
    kind: 'segments',
    transformer,
    separator: fullStop,
    heads: headNames.map(name => ({ name, classes: 2, errorId: 0, okId: 1 })),
  }
}

function wholeSpec(transformer: TransformerConfig): PairSpec {
  return { kind: 'pairs', encoder: { kind: 'tokens', transformer } }
}

/** An answer as judges read it. */
export function readable({ task, tokens }: Answer): { prompt: number[]; candidate: number[] } {
  return { prompt: Array.from(promptOf(task)), candidate: Array.from(tokens) }
}

const files = {
  sentences: 'sentence-heads.safetensors',
  completeness: 'completeness.safetensors',
  preference: 'preference.safetensors',
  facts: 'judges.json',
}

type WholeName = 'completeness' | 'preference'

type Facts = Record<WholeName, { readonly mean: number; readonly std: number; readonly accuracy: number }> & {
  readonly labels: LabelCounts
}

/** Weight of completeness, the paper's; a preference-trained reward stands alone, with weight 1. */
const wholeWeights: Readonly<Record<WholeName, number>> = { completeness: 0.3, preference: 1 }

/** What answers are compared by. */
const worths: Readonly<Record<WholeName, (answer: Answer) => number>> = {
  completeness: ({ task, tokens }) => truthOf(task, tokens).coverage,
  preference: ({ task, tokens }) => truthOf(task, tokens).reward,
}

/** Trains all judges on answers that are annotated, and keeps them in the folder. */
export async function teachJudges(
  { taught, tested }: { readonly taught: AnnotatedAnswers; readonly tested: AnnotatedAnswers },
  transformer: TransformerConfig,
  options: JudgeTraining & { readonly folder: string; readonly random: Random; readonly signal: AbortSignal },
): Promise<void> {
  const { folder, random, signal, sentenceUpdates, wholeUpdates } = options
  const examples = sentenceExamples(taught.flat())
  const heads = await minimise(segmentTask(sentenceSpec(transformer), examples), {
    updates: sentenceUpdates,
    random: random.split('sentences'),
    signal,
  })
  writeAtomic(join(folder, files.sentences), saveCheckpoint(heads))

  const whole = wholeSpec(transformer)
  const teachWhole = async (name: WholeName) => {
    const pairs = comparedPairs(taught, worths[name])
    const task = pairTask(whole, pairRows(pairs, whole))
    const parameters = await minimise(task, { updates: wholeUpdates, random: random.split(name), signal })
    writeAtomic(join(folder, files[name]), saveCheckpoint(parameters))
    const model = pairModel(whole, parameters)
    const scores = await scoresOf(model, taught.flat())
    const fresh = comparedPairs(tested, worths[name])
    const better = await scoresOf(
      model,
      fresh.map(([answer]) => answer),
    )
    const worse = await scoresOf(
      model,
      fresh.map(([, answer]) => answer),
    )
    const accuracy = mean(better.map((score, i) => Number(score > worse[i])))
    return { mean: mean(scores), std: standardDeviation(scores, { ddof: 0 }), accuracy, comparisons: pairs.length }
  }
  const completeness = await teachWhole('completeness')
  const preference = await teachWhole('preference')
  const labels: LabelCounts = {
    sentences: examples.reduce((sum, example) => sum + example.labels[0].length, 0),
    completeness: completeness.comparisons,
    preference: preference.comparisons,
  }
  writeAtomic(join(folder, files.facts), JSON.stringify({ completeness, preference, labels } satisfies Facts))
}

async function scoresOf(model: RewardModel, answers: readonly Answer[]): Promise<number[]> {
  return (await model.scoreAll(answers.map(readable))).map(({ score }) => score)
}

function pairRows(pairs: readonly (readonly [Answer, Answer])[], { encoder }: PairSpec): PairRows {
  return {
    first: packInputs(
      pairs.map(([better]) => readable(better)),
      encoder,
    ),
    second: packInputs(
      pairs.map(([, worse]) => readable(worse)),
      encoder,
    ),
    label: pairs.map(() => 1),
    margin: pairs.map(() => 0),
    strength: pairs.map(() => 1),
  }
}

/** The judges of a seed. */
export function loadJudges(folder: string, transformer: TransformerConfig): Judges {
  const spec = sentenceSpec(transformer)
  const whole = wholeSpec(transformer)
  const read = (file: string) => readFileSync(join(folder, file))
  const facts = JSON.parse(read(files.facts).toString()) as Facts
  const heads: SegmentParameters<NdArray> = loadCheckpoint(
    read(files.sentences),
    initialSegmentModel(spec, new Random(0)),
  )
  const wholeJudge = (name: WholeName): WholeJudge => {
    const parameters: PairParameters<NdArray> = loadCheckpoint(
      read(files[name]),
      initialPairModel(whole, new Random(0)),
    )
    const { mean, std, accuracy } = facts[name]
    const scale = { mean, std, scale: wholeWeights[name], bias: 0 }
    return { model: pairModel(whole, parameters), scale, accuracy }
  }
  return {
    sentences: segmentModel(spec, heads),
    completeness: wholeJudge('completeness'),
    preference: wholeJudge('preference'),
    labels: facts.labels,
  }
}

/** Answers with at least one closed sentence, and a label of each head for every one. */
export function sentenceExamples(answers: readonly Answer[]) {
  return answers.flatMap(answer => {
    const closed = truthOf(answer.task, answer.tokens).sentences.filter(sentence => sentence.closed)
    if (closed.length === 0) return []
    const labels = [closed.map(({ relevant }) => Number(relevant)), closed.map(({ factual }) => Number(factual))]
    return [{ ...readable(answer), labels }]
  })
}

/** All pairs of answers to one question, the better one first; ties are dropped. */
export function comparedPairs(
  groups: AnnotatedAnswers,
  worth: (answer: Answer) => number,
): (readonly [better: Answer, worse: Answer])[] {
  return groups.flatMap(group => {
    const worths = group.map(worth)
    return group.flatMap((better, i) =>
      group.flatMap((worse, j) => (worths[i] > worths[j] ? [[better, worse] as const] : [])),
    )
  })
}

async function minimise<P, B>(
  task: GradientTask<P, B>,
  { updates, random, signal }: { readonly updates: number; readonly random: Random; readonly signal: AbortSignal },
): Promise<Evaluated<P>> {
  const learner = createGradientLearner(task, {
    seed: random.integer(2 ** 31),
    learningRate: 6e-3,
    maximumGradientNorm: 1,
  })
  for (let update = 0; update < updates; update++) {
    signal.throwIfAborted()
    await learner.update()
  }
  return learner.parameters()
}
