import type { Random } from '@guerdon/core'
import { judgeScene, sceneReference } from './scenes/answers.ts'
import { colours, kinds, largestImage, sceneVocabulary, wordConcept } from './scenes/concepts.ts'
import { scenePicture } from './scenes/picture.ts'
import {
  imageWords,
  type QuestionKind,
  questionKinds,
  questionWords,
  type SceneTask,
  sceneLevels,
  sceneTask,
} from './scenes/tasks.ts'
import { type AnsweredState, singleTurnWorld } from './single-turn.ts'
import type { TextWorld } from './text-world.ts'

export * from './scenes/answers.ts'
export * from './scenes/concepts.ts'
export * from './scenes/tasks.ts'

/** Options of `scenesWorld`. */
export interface ScenesOptions {
  /** Questions that are asked, where the level has them. Default all: count, find, where, describe. */
  readonly questions?: readonly QuestionKind[]
  /** Which of the two words for a concept the expert uses in descriptions; references use the first. Default first. */
  readonly wording?: 'first' | 'second' | 'mixed'
}

/**
 * Images as grids of symbols, and questions about them: how many things have a colour, where all objects of a look are
 * (boxes), on which side of another an object lies, what is to be seen. Levels enlarge the image from 4×4 to 10×10, add
 * objects, and add kinds of questions. Boxes are `( x1 y1 x2 y2 )` in cells, x2 and y2 just past the last.
 *
 * The reward is `judgeScene`'s; facts hold overlaps, precision and recall at thresholds, form, and the overlap of words
 * and of meanings with the reference.
 */
export function scenesWorld(options: ScenesOptions = {}): TextWorld<SceneTask, AnsweredState<SceneTask>> {
  const { questions = questionKinds, wording = 'first' } = options
  return singleTurnWorld<SceneTask>({
    name: 'scenes',
    about: 'Look at an image of symbols and count, find, compare or describe the objects in it.',
    vocabulary: sceneVocabulary,
    levels: sceneLevels,
    maximumActionLength: 48,
    maximumObservationLength: 1 + largestImage * (largestImage + 1) + 7,
    task: (level, random) => sceneTask(level, random, questions),
    prompt: task => `image ${imageWords(task)} ${questionWords(task)}`,
    judge: judgeScene,
    expert: (task, random) =>
      task.question.kind === 'describe' ? reworded(sceneReference(task), wording, random) : sceneReference(task),
    gold: sceneReference,
    question: task => `${questionWords(task)}: ${imageWords(task)}`,
    svg: scenePicture,
  })
}

function reworded(text: string, wording: 'first' | 'second' | 'mixed', random: Random): string {
  return text
    .split(' ')
    .map(word => {
      const words = [...colours, ...kinds].find(([first]) => first === wordConcept(word))
      const second = wording === 'mixed' ? random.bernoulli(0.5) : wording === 'second'
      return words && second ? words[1] : word
    })
    .join(' ')
}
