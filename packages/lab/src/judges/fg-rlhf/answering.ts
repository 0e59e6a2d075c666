import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '@guerdon/core'
import { createEpisodeSampler, type Episode, type TransformerConfig } from '@guerdon/learn'
import { type DraftOptions, type LongFormTask, longFormVocabulary } from '@guerdon/worlds/text/long-form'
import type { AnsweredState } from '@guerdon/worlds/text/single-turn'
import type { Study } from '../../claims/claim.ts'
import type { Budget } from '../../harness/experiment.ts'
import { writeAtomic } from '../../harness/results.ts'
import type { TextSetting } from '../../text-policy/setting.ts'
import { type Policy, saveStartPolicy, teachStartPolicy } from '../../text-policy/start-policy.ts'
import { type AnnotatedAnswers, type Answer, type JudgeTraining, teachJudges } from './answer-judges.ts'
import { draftAnswer, drawQuestions, drawTown, townWorld } from './long-answers.ts'

/** How much is learnt and looked at. */
export interface AnswerSizes extends JudgeTraining {
  /** Updates of the policy by rewards. */
  readonly updates: number
  /** Answers of an update. */
  readonly answers: number
  /** Questions of a town. */
  readonly questions: number
  /** Updates of the start policy by drafts. */
  readonly teaching: number
  /** Times that annotators see four answers to a question. */
  readonly annotated: number
  /** Answers that a policy is judged by. */
  readonly examined: number
}

/** Sizes by budget. */
export const answerSizes: Readonly<Record<Budget, AnswerSizes>> = {
  quick: {
    updates: 16,
    answers: 16,
    questions: 1,
    teaching: 120,
    annotated: 100,
    sentenceUpdates: 130,
    wholeUpdates: 20,
    examined: 96,
  },
  full: {
    updates: 60,
    answers: 32,
    questions: 3,
    teaching: 200,
    annotated: 500,
    sentenceUpdates: 700,
    wholeUpdates: 300,
    examined: 512,
  },
}

/** Policy and judges are of one size. */
export const answerTransformer: TransformerConfig = {
  vocabularySize: longFormVocabulary.size,
  maximumLength: 56,
  width: 32,
  layers: 2,
  heads: 4,
}

/** Knows what a sentence is, and nothing of the town. */
const ignorantWriter: DraftOptions = { omit: 0.2, unsupported: 1, irrelevant: 0.3, repeat: 0.15 }

/** The questions of a seed as a setting for policies. */
export function answerSetting(questions: readonly LongFormTask[], budget: Budget): TextSetting {
  return {
    world: townWorld(questions, ignorantWriter),
    level: 0,
    config: answerTransformer,
    // never reached: drafts are learnt for as long as there are looks
    startSuccess: 2,
    teaching: {
      demonstrations: 2000,
      learningRate: 4e-3,
      stepsBetweenLooks: answerSizes[budget].teaching,
      mostLooks: 1,
    },
  }
}

const questionsFile = 'questions.json'

/** The questions of a seed. */
export function loadQuestions(folder: string): LongFormTask[] {
  return JSON.parse(readFileSync(join(folder, questionsFile), 'utf8')) as LongFormTask[]
}

/** A town and its questions, a start policy that imitates an ignorant writer, and judges taught on annotated answers. */
export async function prepareAnswers(trial: Parameters<NonNullable<Study['prepare']>>[0]): Promise<void> {
  const { budget, random, folder, signal } = trial
  const sizes = answerSizes[budget]
  const questions = drawQuestions(drawTown(random.split('town')), sizes.questions, random.split('questions'))
  writeAtomic(join(folder, questionsFile), JSON.stringify(questions))
  const setting = answerSetting(questions, budget)
  const start = await teachStartPolicy(setting, random.split('start'), signal)
  saveStartPolicy(folder, start)
  const annotating = random.split('annotated')
  const taught = await annotatedAnswers(start, setting, { questions, count: sizes.annotated, random: annotating })
  const tested = await annotatedAnswers(start, setting, { questions, count: 50, random: annotating })
  const teaching = { ...sizes, folder, random: random.split('judges'), signal }
  await teachJudges({ taught, tested }, answerTransformer, teaching)
}

/** Four answers at a time to one question: two of the start policy, and two drafts of any quality. */
async function annotatedAnswers(
  start: Policy,
  setting: TextSetting,
  options: { readonly questions: readonly LongFormTask[]; readonly count: number; readonly random: Random },
): Promise<AnnotatedAnswers> {
  const { questions, count, random } = options
  const asked = Array.from({ length: count }, () => random.choice(questions))
  const sampled = await sampleAnswers(start, setting, [...asked, ...asked], random)
  const draft = (task: LongFormTask): Answer => ({ task, tokens: draftAnswer(task, random, drawWriter(random)) })
  return asked.map((task, i) => [sampled[i], sampled[i + count], draft(task), draft(task)])
}

/** Anyone from a careful writer to one who errs more often than the start policy does. */
function drawWriter(random: Random): DraftOptions {
  return {
    omit: 0.3 * random.float(),
    unsupported: random.float(),
    irrelevant: 0.4 * random.float(),
    repeat: 0.4 * random.float(),
  }
}

/** An episode of the world: a question and its answer. */
export type AnswerEpisode = Episode<LongFormTask, AnsweredState<LongFormTask>>

/** The answer of an episode. */
export function answerOf({ task, tokens, turns: [{ actionStart, actionEnd }] }: AnswerEpisode): Answer {
  return { task, tokens: tokens.slice(actionStart, actionEnd) }
}

/** One answer of a policy to each task at temperature 1, [tasks]. */
export async function sampleAnswers(
  policy: Policy,
  { world, config }: TextSetting,
  tasks: readonly LongFormTask[],
  random: Random,
): Promise<Answer[]> {
  const sampler = createEpisodeSampler<LongFormTask, AnsweredState<LongFormTask>>(world, { config })
  const answers: Answer[] = []
  const size = 128
  for (let start = 0; start < tasks.length; start += size) {
    const starts = tasks.slice(start, start + size).map((task, i) => ({ task, groupId: `${start + i}` }))
    answers.push(...(await sampler(policy, starts, random)).map(answerOf))
  }
  return answers
}
