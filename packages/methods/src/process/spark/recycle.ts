import { assertInteger, assertProbability, assertSameLength, GuerdonError, type Random } from '@guerdon/core'

/** What a label of a yes/no-type question looks like: Yes/No, or A = correct and B = incorrect. */
export type PointwiseLabelType = 'yesno' | 'ab'

/** A verified group of responses to one prompt. */
export interface VerifiedGroup {
  /** [G] extracted short answers; null when there is none. */
  readonly answers: readonly (string | null)[]
  /** [G] 1 = verified correct, 0 = wrong. */
  readonly rewards: ArrayLike<number>
  /** Gold answer: the label of reflection items. */
  readonly label: string
}

/** A small verifiable task made from a group; its label is checked by the ordinary verifier. */
export type RecycledItem =
  | {
      readonly kind: 'pointwise'
      readonly promptIndex: number
      readonly template: number
      readonly label: string
      readonly answer: string
    }
  | {
      readonly kind: 'pairwise'
      readonly promptIndex: number
      readonly template: number
      readonly label: 'A' | 'B'
      readonly answerA: string
      readonly answerB: string
    }
  | {
      readonly kind: 'reflectReasoning'
      readonly promptIndex: number
      readonly template: number
      readonly label: string
      readonly rolloutIndex: number
    }
  | {
      readonly kind: 'reflectAnswer'
      readonly promptIndex: number
      readonly template: number
      readonly label: string
      readonly answer: string
    }

/** Choices of `recycleRollouts`. */
export interface RecycleOptions {
  /** Label type of each pointwise template. Default 12 `yesno` and 12 `ab`. */
  readonly pointwiseTemplates?: readonly PointwiseLabelType[]
  /** Number of pairwise templates. Default 20. */
  readonly pairwiseTemplates?: number
  /** Number of reflection templates of each kind. Default 30. */
  readonly reflectionTemplates?: number
  /** Probability of a pointwise item for a group with both outcomes; otherwise pairwise. Default 0.3. */
  readonly pointwiseProbability?: number
  /** Largest number of judgement items, and of reflection items; more are thinned at random. Default 32. */
  readonly cap?: number
}

/** Items and how many draws made them. */
export interface Recycled {
  /** Judgement items, then reflection items. */
  readonly items: readonly RecycledItem[]
  readonly drawsUsed: number
}

/** The released template set: 12 yes/no and 12 A/B questions. */
export const releasedPointwiseTemplates: readonly PointwiseLabelType[] = [
  ...Array.from({ length: 12 }, (): PointwiseLabelType => 'yesno'),
  ...Array.from({ length: 12 }, (): PointwiseLabelType => 'ab'),
]

/**
 * Turns verified groups into training tasks for the same model: "is this answer right?", "which of these two?" and "here is a
 * wrong attempt, solve it properly".
 *
 * Every random choice takes one uniform u in [0, 1) and picks entry ⌊u·n⌋, a choice of one included. Order of draws, prompt
 * by prompt:
 *
 * 1. judgement: all correct → template (first answer). All wrong → answer among those present, template; nothing if none is.
 *    Mixed → u < pointwiseProbability ? class (wrong, correct), rollout of it, template : correct rollout, wrong rollout,
 *    order (< ½ shows the correct one as A), template. An item whose answer is missing is dropped after its draws.
 * 2. reflection, in a second pass: first half of the prompts → a wrong rollout, template, shown with its reasoning; second
 *    half → a wrong rollout that has an answer, template, shown with its short answer only. None → nothing drawn.
 * 3. only when a part exceeds the cap: one draw an item kept (judgements first), order preserved.
 *
 * Source: new_data_gen in InternLM/Spark. Its stale index after an all-wrong group without answers is not reproduced.
 *
 * @param draws a generator, or the uniforms themselves
 * @throws invalid_input for a reward other than 0 and 1, or when the uniforms run out
 */
export function recycleRollouts(
  groups: readonly VerifiedGroup[],
  draws: Random | ArrayLike<number>,
  options: RecycleOptions = {},
): Recycled {
  const { pointwiseTemplates = releasedPointwiseTemplates, pairwiseTemplates = 20 } = options
  const { reflectionTemplates = 30, pointwiseProbability = 0.3, cap = 32 } = options
  assertProbability(pointwiseProbability, 'pointwiseProbability')
  assertInteger(cap, 'cap')
  const source = drawSource(draws)
  const judgements: RecycledItem[] = []
  const reflections: RecycledItem[] = []
  const pointwise = (promptIndex: number, answer: string | null, correct: boolean) => {
    const template = source.below(pointwiseTemplates.length)
    if (answer === null) return
    const label = pointwiseTemplates[template] === 'yesno' ? (correct ? 'Yes' : 'No') : correct ? 'A' : 'B'
    judgements.push({ kind: 'pointwise', promptIndex, template, label, answer })
  }
  groups.forEach(({ answers, rewards }, promptIndex) => {
    checkGroup(answers, rewards, promptIndex)
    const right = indices(answers, i => rewards[i] === 1)
    const wrong = indices(answers, i => rewards[i] === 0)
    if (answers.length === 0) return
    if (wrong.length === 0) pointwise(promptIndex, answers[0], true)
    else if (right.length === 0) {
      const present = indices(answers, i => answers[i] !== null)
      if (present.length > 0) pointwise(promptIndex, answers[source.choice(present)], false)
    } else if (source.uniform() < pointwiseProbability) {
      const correct = source.below(2) === 1
      pointwise(promptIndex, answers[source.choice(correct ? right : wrong)], correct)
    } else {
      const good = answers[source.choice(right)]
      const bad = answers[source.choice(wrong)]
      const goodFirst = source.uniform() < 0.5
      const template = source.below(pairwiseTemplates)
      if (good === null || bad === null) return
      const shown = goodFirst ? { answerA: good, answerB: bad } : { answerA: bad, answerB: good }
      judgements.push({ kind: 'pairwise', promptIndex, template, label: goodFirst ? 'A' : 'B', ...shown })
    }
  })
  groups.forEach(({ answers, rewards, label }, promptIndex) => {
    const withReasoning = promptIndex < groups.length / 2
    const wrong = indices(answers, i => rewards[i] === 0 && (withReasoning || answers[i] !== null))
    if (wrong.length === 0) return
    const rolloutIndex = source.choice(wrong)
    const template = source.below(reflectionTemplates)
    const answer = answers[rolloutIndex]
    if (withReasoning) reflections.push({ kind: 'reflectReasoning', promptIndex, template, label, rolloutIndex })
    else if (answer !== null) reflections.push({ kind: 'reflectAnswer', promptIndex, template, label, answer })
  })
  const items = [...thinned(judgements, cap, source), ...thinned(reflections, cap, source)]
  return { items, drawsUsed: source.used() }
}

interface DrawSource {
  uniform(): number
  below(count: number): number
  choice<T>(values: readonly T[]): T
  used(): number
}

function drawSource(draws: Random | ArrayLike<number>): DrawSource {
  let used = 0
  const uniform = () => {
    if (!('length' in draws)) {
      used++
      return draws.float()
    }
    if (used >= draws.length) {
      throw new GuerdonError('invalid_input', `expected more than ${draws.length} uniform draws`, {
        path: ['draws'],
        hint: 'at most five draws a prompt are used before capping',
      })
    }
    return draws[used++]
  }
  const below = (count: number) => Math.floor(uniform() * count)
  return { uniform, below, choice: values => values[below(values.length)], used: () => used }
}

/** A random subset of at most `cap` items in their order: selection sampling without replacement. */
function thinned<T>(items: readonly T[], cap: number, source: DrawSource): readonly T[] {
  if (items.length <= cap) return items
  const pool = items.map((_, i) => i)
  const chosen: number[] = []
  for (let k = 0; k < cap; k++) chosen.push(...pool.splice(source.below(pool.length), 1))
  return chosen.toSorted((a, b) => a - b).map(i => items[i])
}

function indices(values: ArrayLike<unknown>, keep: (index: number) => boolean): number[] {
  return Array.from({ length: values.length }, (_, i) => i).filter(keep)
}

function checkGroup(answers: readonly unknown[], rewards: ArrayLike<number>, promptIndex: number): void {
  assertSameLength(answers, `groups[${promptIndex}].answers`, rewards, `groups[${promptIndex}].rewards`)
  for (let i = 0; i < rewards.length; i++) {
    if (rewards[i] === 0 || rewards[i] === 1) continue
    throw new GuerdonError('invalid_input', `expected verified rewards of 0 or 1; got ${rewards[i]}`, {
      path: ['groups', promptIndex, 'rewards', i],
    })
  }
}
