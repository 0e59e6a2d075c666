import type { Random } from '@guerdon/core'
import { longFormLabels } from './long-form/labels.ts'
import { isUnsupported, longFormReward } from './long-form/reward.ts'
import {
  type LongFormTask,
  longFormLevels,
  longFormPrompt,
  longFormTask,
  longFormVocabulary,
  placeSentence,
} from './long-form/tasks.ts'
import { type AnsweredState, type Judgement, singleTurnWorld } from './single-turn.ts'
import type { TextWorld } from './text-world.ts'
import type { ActionWords } from './turns.ts'

export * from './long-form/annotate.ts'
export * from './long-form/data.ts'
export * from './long-form/labels.ts'
export * from './long-form/reward.ts'
export * from './long-form/tasks.ts'

/**
 * Long answers with exact labels of every segment. A passage tells of places; the answer describes those asked for, in
 * clauses `PLACE is QUALITY near PLACE`, parted by commas and closed by full stops. Levels add places, places asked for,
 * and rumours that nothing supports.
 *
 * Three categories of errors at three densities: a clause is irrelevant (incoherent, not asked, repeated), a sentence is
 * unsupported, the answer is incomplete; each clause also has its atomic facts of three kinds. The reward is
 * `longFormReward`; `correct` means no error of any category.
 */
export function longFormWorld(): TextWorld<LongFormTask, AnsweredState<LongFormTask>> {
  return singleTurnWorld<LongFormTask>({
    name: 'long-form',
    about: 'Describe places from a passage: completely, nothing beside the question, nothing the passage does not say.',
    vocabulary: longFormVocabulary,
    levels: longFormLevels,
    maximumActionLength: 48,
    maximumObservationLength: 56,
    task: longFormTask,
    prompt: longFormPrompt,
    judge: judgeLongForm,
    expert: expertAnswer,
    gold: task => sentencesOf(task).join(' '),
    question: task => `Describe ${task.asked.join(', ')}. ${task.passage.map(placeSentence).join(' ')}`,
  })
}

function judgeLongForm(task: LongFormTask, words: ActionWords): Judgement {
  const labels = longFormLabels(task, words)
  const { clauses, sentences, required, missing, finished } = labels
  const facts = clauses.flatMap(clause => clause.facts)
  const refuted = facts.filter(({ consistent }) => consistent === false).length
  const unverified = facts.filter(({ consistent }) => consistent === null).length
  const irrelevant = clauses.filter(clause => clause.irrelevant).length
  return {
    reward: longFormReward(labels),
    correct: finished && missing.length === 0 && irrelevant === 0 && !clauses.some(isUnsupported),
    facts: {
      clauses: clauses.length,
      irrelevant,
      sentences: sentences.length,
      unsupported: sentences.filter(sentence => sentence.unsupported).length,
      required: required.length,
      missing: missing.length,
      claims: facts.length,
      refuted,
      unverified,
      finished,
    },
  }
}

function sentencesOf(task: LongFormTask): string[] {
  return task.asked.flatMap(asked => task.passage.filter(({ place }) => place === asked).map(placeSentence))
}

/** The whole answer, each place in one clause or, as often, in two. */
function expertAnswer(task: LongFormTask, random: Random): string {
  return sentencesOf(task)
    .map(sentence => {
      const [place, is, quality, relation, other] = sentence.split(' ')
      const split = random.bernoulli(0.5) && other !== undefined
      return split ? `${place} ${is} ${quality} , ${place} ${relation} ${other} .` : sentence
    })
    .join(' ')
}
