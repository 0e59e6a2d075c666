import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { choiceProbabilities, drawChoice } from './annotators.ts'
import { demonstrations } from './data.ts'
import {
  answerFeatures,
  attributes,
  bestAnswer,
  bestUtility,
  drawUsers,
  goalPairs,
  goalUser,
  judgedAnswer,
  maximumAnswerLength,
  meanWeights,
  preferencesWorld,
  preferenceTask,
  preferenceVocabulary,
  userPreferences,
  utilityOf,
} from './preferences.ts'
import { writeAction } from './turns.ts'

const write = (text: string): Int32Array => writeAction(preferenceVocabulary, text)
const formalNotPlayful = [1, 0, -1, 0, 0, 0]

describe('answers', () => {
  // Weights: formal +1, playful −1. On topic +1; off topic and praise −½ each; a repetition −0.1.
  it.each([
    ['travel regarding therefore', 2],
    ['travel regarding therefore sincerely', 2],
    ['travel regarding', 1.5],
    ['travel whee tada', 0],
    ['music regarding therefore', 0.5],
    ['travel brilliant wonderful', 0],
    ['travel regarding regarding', 1.9],
    ['and so', 0],
    ['', 0],
  ])('values "%s" at %d', (text, utility) => {
    expect(utilityOf(answerFeatures('travel', write(text)), formalNotPlayful)).toBeCloseTo(utility, 12)
  })

  it('takes a point off an answer without its end, and reads nothing after the end', () => {
    const answer = write('travel regarding')
    expect(utilityOf(answerFeatures('travel', answer.slice(0, -1)), formalNotPlayful)).toBeCloseTo(0.5, 12)
    expect(answerFeatures('travel', [...answer, ...write('music')])).toEqual(answerFeatures('travel', answer))
  })

  it('knows the best utility, and an answer that has it fits whatever is wanted', () => {
    const everything = attributes.map(() => 1)
    expect(bestUtility(everything)).toBe(7)
    const answer = write(bestAnswer('travel', everything))
    expect(answer.length).toBeLessThanOrEqual(maximumAnswerLength)
    expect(utilityOf(answerFeatures('travel', answer), everything)).toBe(7)
  })
})

describe('users', () => {
  it('come in opposite pairs, with two likes and dislikes, or in all directions', () => {
    const random = new Random(1)
    const [first, second] = drawUsers({ count: 2, kind: 'opposite', random })
    expect(second.weights).toEqual(first.weights.map(weight => 0 - weight))
    expect(meanWeights([first, second])).toEqual(attributes.map(() => 0))
    for (const { weights } of drawUsers({ count: 20, random })) {
      expect([...weights].sort((a, b) => a - b)).toEqual([-1, -1, 0, 0, 1, 1])
    }
    for (const { weights } of drawUsers({ count: 20, kind: 'directions', random })) {
      expect(Math.hypot(...weights)).toBeCloseTo(1, 12)
    }
    expect(drawUsers({ count: 10, random })[8].name).toBe('ana2')
    expect(() => drawUsers({ count: 0, random })).toThrow(/count/)
  })
})

describe('the world', () => {
  it('hides the user when told to, and then only the mean taste can be served', () => {
    const world = preferencesWorld({ hidden: true })
    const task = world.task(1, new Random(3))
    expect(preferenceVocabulary.decode(world.observe(world.start(task)))).toBe(`topic ${task.topic}`)
    const shown = demonstrations(world, { count: 30, random: new Random(4), levels: [1] })
    expect(shown.every(({ correct }) => !correct)).toBe(true)
    // Both users get exactly the point for the topic: the mean of opposite tastes is no taste.
    expect(new Set(shown.map(({ turns }) => turns[0].reward))).toEqual(new Set([1]))
  })

  it('tells the taste by the level', () => {
    const world = preferencesWorld()
    const read = (level: number): string =>
      preferenceVocabulary.decode(world.observe(world.start(world.task(level, new Random(5)))))
    expect(read(0)).toMatch(/^topic \w+ goal( \w+){1,3}$/)
    expect(read(1)).toMatch(/^topic \w+ user (ana|ben)$/)
    expect(read(3)).toMatch(/^topic \w+ liked \w+ \w+ disliked \w+ \w+$/)
  })
})

describe('annotators', () => {
  const answer = { utility: 1, length: 5, praise: 0, kind: 0 } as const
  const worse = { utility: 0, length: 9, praise: 2, kind: 1 } as const

  // σ(2) = 0.88079708; with η = 0.5: σ(1) = 0.73105858, σ(−3) = 0.04742587.
  it.each([
    [{}, 0.88079708, 0.11920292],
    [{ tieMargin: 0.5 }, 0.73105858, 0.04742587],
    [{ lengthBias: 0.25 }, 0.5, 0.5],
    [{ flattery: 0.5 }, 0.5, 0.5],
    [{ orderBias: -1 }, 0.5, 0.5],
    [{ flip: 0.5 }, 0.5, 0.5],
    [{ intransitive: 1 }, 1, 0],
    [{ flip: 1 }, 0.11920292, 0.88079708],
  ])('with %o say first with %d and second with %d', (options, first, second) => {
    const probabilities = choiceProbabilities(answer, worse, options)
    expect(probabilities.first).toBeCloseTo(first, 8)
    expect(probabilities.second).toBeCloseTo(second, 8)
    expect(probabilities.first + probabilities.second + probabilities.tie).toBeCloseTo(1, 12)
  })

  it('can prefer in circles', () => {
    const kinds = ([0, 1, 2] as const).map(kind => ({ utility: 0, length: 1, praise: 0, kind }))
    const beats = (a: number, b: number) => choiceProbabilities(kinds[a], kinds[b], { intransitive: 1 }).first
    expect([beats(0, 1), beats(1, 2), beats(2, 0), beats(1, 0), beats(1, 1)]).toEqual([1, 1, 1, 0, 0.5])
  })

  it('say what their probabilities promise', () => {
    const probabilities = choiceProbabilities(answer, worse, { tieMargin: 0.6, flip: 0.1, temperature: 1 })
    const random = new Random(8)
    const counts = { first: 0, second: 0, tie: 0 }
    for (let i = 0; i < 4000; i++) counts[drawChoice(probabilities, random)]++
    for (const choice of ['first', 'second', 'tie'] as const) {
      const p = probabilities[choice]
      expect(Math.abs(counts[choice] / 4000 - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 4000))
    }
  })

  it.each([[{ temperature: 0 }], [{ tieMargin: -1 }], [{ flip: 2 }], [{ intransitive: Number.NaN }]])(
    'refuse %o',
    options => expect(() => choiceProbabilities(answer, worse, options)).toThrow(/expected/),
  )
})

describe('pairs', () => {
  it('name their user and the exact margin, and are the same for the same seed', () => {
    const users = drawUsers({ count: 2, kind: 'opposite', random: new Random(1) })
    const options = { users, count: 300, annotator: { temperature: 0.25, tieMargin: 0.1, flip: 0.1 } }
    const pairs = userPreferences({ ...options, random: new Random(2) })
    expect(userPreferences({ ...options, random: new Random(2) })).toEqual(pairs)
    expect(JSON.parse(JSON.stringify(pairs))).toEqual(pairs)
    for (const { user, prompt, chosen, rejected, margin } of pairs) {
      const { weights } = users.find(({ name }) => name === user) ?? { weights: [] }
      const topic = preferenceVocabulary.tokens[prompt[1]]
      const worth = (tokens: readonly number[]) => utilityOf(answerFeatures(topic, tokens), weights)
      expect(margin).toBeCloseTo(worth(chosen) - worth(rejected), 12)
      expect(chosen).not.toEqual(rejected)
      expect(preferenceVocabulary.decode(prompt)).toBe(`topic ${topic}`)
    }
    // Opposite users: who is taken for the other is wrong far more often than not.
    const right = pairs.filter(({ tie, margin }) => !tie && margin > 0).length
    expect(right / pairs.filter(({ tie }) => !tie).length).toBeGreaterThan(0.75)
    expect(pairs.some(({ tie }) => tie)).toBe(true)
  })

  it('keep to a goal or leave it at a known place', () => {
    const pairs = goalPairs({ count: 200, random: new Random(3), focus: 1 })
    let margins = 0
    for (const { chosen, rejected, goal, turnedAt, margin } of pairs) {
      const serves = (token: number) => goal.some(i => answerFeatures('', [token]).attributes[i] > 0)
      expect(chosen.slice(1, -1).every(serves)).toBe(true)
      expect(rejected.slice(1, -1).map(serves)).toEqual(rejected.slice(1, -1).map((_, t) => t + 1 < turnedAt))
      margins += margin
    }
    expect(margins / pairs.length).toBeGreaterThan(0.5)
    expect(() => goalPairs({ count: 1, random: new Random(1), length: 16 })).toThrow(/length/)
  })

  it('judge goal-conditioned answers by the goal', () => {
    const task = preferenceTask({ user: goalUser(['formal']), reveal: 'goal', random: new Random(1) })
    expect(judgedAnswer(task, write(`${task.topic} regarding therefore`))).toEqual({
      utility: 2,
      length: 4,
      praise: 0,
      kind: 0,
    })
    expect(judgedAnswer(task, write('whee tada')).utility).toBe(-0.5)
  })
})
