import { assertInteger, assertProbability, GuerdonError, type Random } from '@guerdon/core'
import { type AnnotatorOptions, choiceProbabilities, drawChoice, type JudgedAnswer } from './annotators.ts'
import type { TextWorld } from './text-world.ts'

/** One labelled pair of answers to one prompt; plain JSON. */
export interface PreferencePair {
  /** Id of the task both answer. */
  readonly task: string
  /** Who judged, where there are several. */
  readonly user?: string
  readonly prompt: readonly number[]
  readonly chosen: readonly number[]
  readonly rejected: readonly number[]
  /** The annotator saw no difference; `chosen` is then simply the first answer. */
  readonly tie: boolean
  /** Gold utility of chosen minus rejected: negative where the annotator erred. */
  readonly margin: number
}

/** Where pairs come from. */
export interface PairSource<Task extends { readonly id: string }> {
  task(random: Random): Task
  user?(task: Task): string
  prompt(task: Task): ArrayLike<number>
  candidate(task: Task, random: Random): ArrayLike<number>
  judged(task: Task, answer: ArrayLike<number>): JudgedAnswer
}

const candidateTries = 100

/**
 * Pairs of different answers, labelled by a simulated annotator. A pair draws its task, then two candidates (the second
 * again while it equals the first), then the verdict.
 *
 * @throws invalid_input when a hundred candidates in a row are equal
 */
export function preferencePairs<Task extends { readonly id: string }>(
  source: PairSource<Task>,
  options: { readonly count: number; readonly random: Random; readonly annotator?: AnnotatorOptions },
): PreferencePair[] {
  const { count, random, annotator } = options
  assertInteger(count, 'count')
  return Array.from({ length: count }, () => {
    const task = source.task(random)
    const first = Array.from(source.candidate(task, random))
    const second = otherCandidate(source, task, first, random)
    const judged = [source.judged(task, first), source.judged(task, second)] as const
    const choice = drawChoice(choiceProbabilities(judged[0], judged[1], annotator), random)
    const swapped = choice === 'second'
    const gain = judged[0].utility - judged[1].utility
    return {
      task: task.id,
      ...(source.user && { user: source.user(task) }),
      prompt: Array.from(source.prompt(task)),
      chosen: swapped ? second : first,
      rejected: swapped ? first : second,
      tie: choice === 'tie',
      margin: swapped ? 0 - gain : gain,
    }
  })
}

function otherCandidate<Task extends { readonly id: string }>(
  source: PairSource<Task>,
  task: Task,
  first: readonly number[],
  random: Random,
): number[] {
  for (let attempt = 0; attempt < candidateTries; attempt++) {
    const candidate = Array.from(source.candidate(task, random))
    if (candidate.length !== first.length || candidate.some((token, t) => token !== first[t])) return candidate
  }
  throw new GuerdonError(
    'invalid_input',
    `expected candidates that differ; got ${candidateTries} equal ones for task ${task.id}`,
    { path: ['candidate'] },
  )
}

/** One turn of a recorded episode. */
export interface DemonstratedTurn {
  readonly observation: readonly number[]
  readonly action: readonly number[]
  readonly reward: number
  readonly facts: Readonly<Record<string, number | boolean | string>>
  /** Whether the action was the expert's; a mistake of `mistakes` is not. */
  readonly expert: boolean
}

/** A recorded episode; plain JSON. */
export interface Demonstration {
  readonly task: string
  readonly level: number
  readonly turns: readonly DemonstratedTurn[]
  readonly correct: boolean
}

/** Options of `demonstrations`. */
export interface DemonstrationOptions {
  readonly count: number
  readonly random: Random
  /** Levels the tasks are drawn from, all equally likely. Default all. */
  readonly levels?: readonly number[]
  /**
   * Probability that a turn takes one of the world's `actions` at random instead of the expert's, as careless
   * demonstrators do. Default 0.
   */
  readonly mistakes?: number
}

/**
 * Episodes played by the world's expert.
 *
 * @throws unsupported for mistakes in a world that lists no actions
 */
export function demonstrations<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  options: DemonstrationOptions,
): Demonstration[] {
  const { count, random, mistakes = 0 } = options
  const levels = options.levels ?? Array.from({ length: world.levels }, (_, level) => level)
  assertInteger(count, 'count')
  assertProbability(mistakes, 'mistakes')
  if (mistakes > 0 && !world.actions) {
    throw new GuerdonError('unsupported', `expected a world that lists its actions; got ${world.name}`, {
      path: ['mistakes'],
    })
  }
  return Array.from({ length: count }, () => {
    const level = random.choice(levels)
    return demonstrate(world, world.task(level, random), { level, mistakes, random })
  })
}

function demonstrate<Task extends { readonly id: string }, State>(
  world: TextWorld<Task, State>,
  task: Task,
  options: { readonly level: number; readonly mistakes: number; readonly random: Random },
): Demonstration {
  const { level, mistakes, random } = options
  const turns: DemonstratedTurn[] = []
  let state = world.start(task)
  let correct = false
  for (let over = false; !over; ) {
    const others = mistakes > 0 && random.bernoulli(mistakes) ? (world.actions?.(state) ?? []) : []
    const action = others.length > 0 ? random.choice(others) : world.expert(state, random)
    const step = world.step(state, action)
    turns.push({
      observation: Array.from(world.observe(state)),
      action: Array.from(action),
      reward: step.reward,
      facts: step.facts,
      expert: others.length === 0,
    })
    over = step.terminated || step.truncated
    correct = step.correct === true
    state = step.state
  }
  return { task: task.id, level, turns, correct }
}
