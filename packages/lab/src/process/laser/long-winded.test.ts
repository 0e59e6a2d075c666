import { Random } from '@guerdon/core'
import { expertEpisodes } from '@guerdon/learn'
import type { ArithmeticState, ArithmeticTask, Expression } from '@guerdon/worlds/text/arithmetic'
import { describe, expect, it } from 'vitest'
import { laserSettings, plainLength, readAnswers, summarise, writeLongWinded } from './long-winded.ts'

const expression: Expression = ['-', ['+', 2, 3], 1]
const written = Array.from({ length: 400 }, (_, seed) => writeLongWinded(expression, new Random(seed)))

describe('a long-winded writer', () => {
  it('answers bare at times, and else does steps once or twice', () => {
    expect(new Set(written)).toEqual(
      new Set([
        'answer 4',
        '2 + 3 = 5 ; 5 - 1 = 4 ; answer 4',
        '2 + 3 = 5 ; wait ; 2 + 3 = 5 ; 5 - 1 = 4 ; answer 4',
        '2 + 3 = 5 ; 5 - 1 = 4 ; wait ; 5 - 1 = 4 ; answer 4',
        '2 + 3 = 5 ; wait ; 2 + 3 = 5 ; 5 - 1 = 4 ; wait ; 5 - 1 = 4 ; answer 4',
      ]),
    )
    const bare = written.filter(answer => answer === 'answer 4').length / written.length
    expect(Math.abs(bare - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / written.length))
  })

  it('needs a known number of tokens for plain steps', () => {
    expect(plainLength(2)).toBe('2 + 3 = 5 ; 5 - 1 = 4 ; answer 4'.split(' ').length + 1)
    expect(plainLength(0)).toBe('answer 4'.split(' ').length + 1)
  })
})

describe('answers to questions of several difficulties', () => {
  const { world, config } = laserSettings.full
  const tasks = new Random(1)
  const starts = Array.from({ length: 200 }, () => ({ task: world.task(0, tasks) as ArithmeticTask }))
  const answers = expertEpisodes<ArithmeticTask, ArithmeticState>(world, starts, new Random(2), config)

  it('are right and sound when the writer gives them, twice done steps and all', () => {
    expect(answers.every(({ correct }) => correct)).toBe(true)
    expect(new Set(starts.map(({ task }) => task.level))).toEqual(new Set([1, 2, 3]))
    const { accuracy, hardAccuracy, easyLength, hardLength, length } = summarise(answers)
    expect([accuracy, hardAccuracy]).toEqual([1, 1])
    expect(easyLength).toBeLessThan(length)
    expect(length).toBeLessThan(hardLength)
  })

  it('are read with their lengths and LASER’s base scores', () => {
    const { scores, lengths, correct } = readAnswers(answers.slice(0, 5))
    expect(scores).toEqual([1, 1, 1, 1, 1])
    expect(correct).toEqual([true, true, true, true, true])
    expect(lengths).toEqual(
      answers
        .slice(0, 5)
        .map(
          ({ tokens, turns: [turn] }) =>
            world.vocabulary.decode(tokens.subarray(turn.actionStart)).split(' ').length + 1,
        ),
    )
    const wrong = { ...answers[0], correct: false }
    const silent = {
      ...wrong,
      turns: wrong.turns.map(turn => ({ ...turn, facts: { ...turn.facts, answered: false } })),
    }
    expect(readAnswers([wrong, silent]).scores).toEqual([-0.5, -1])
  })
})
