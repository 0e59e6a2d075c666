import { Random } from '@guerdon/core'
import { expertEpisodes } from '@guerdon/learn'
import type { ArithmeticState, ArithmeticTask, Expression } from '@guerdon/worlds/text/arithmetic'
import { describe, expect, it } from 'vitest'
import { profSettings, stepsOf, summarise, writeCareless } from './careless.ts'
import { creditAnswers } from './trained.ts'

const { world, config } = profSettings.full
const tasks = new Random(1)
const starts = Array.from({ length: 300 }, () => ({ task: world.task(0, tasks) as ArithmeticTask }))
const answers = expertEpisodes<ArithmeticTask, ArithmeticState>(world, starts, new Random(2), config)

describe('a careless writer', () => {
  it('slips, is right all the same at times, and adds trivial steps', () => {
    const expression: Expression = ['-', ['+', 2, 2], 1]
    const written = Array.from({ length: 400 }, (_, seed) => writeCareless(expression, new Random(seed)))
    expect(written).toContain('2 + 2 = 4 ; 4 - 1 = 3 ; answer 3')
    expect(written).toContain('2 + 2 = 5 ; 5 - 1 = 4 ; answer 4')
    expect(written).toContain('2 + 2 = 5 ; 5 - 1 = 4 ; answer 3')
    expect(written).toContain('2 + 2 = 4 ; 4 - 1 = 3 ; 1 + 0 = 1 ; answer 3')
  })

  it('is read step by step: valid, planned, trivial', () => {
    const trivial = answers.flatMap(answer => stepsOf(answer, world)).filter(({ valid, planned }) => valid && !planned)
    const words = trivial.map(({ tokens }) => world.vocabulary.decode(tokens))
    expect(words.filter(step => step === '1 + 0 = 1').length).toBeGreaterThan(100)
    const { accuracy, flawed, steps, trivial: padding } = summarise(answers)
    // (0 + 0 + 0 + 1 + 3)/5 trivial steps and 1½ others; 0.6 or 0.36 without a slip, 0.85 of the rest right all the same
    expect(Math.abs(padding - 0.8)).toBeLessThan(0.3)
    expect(Math.abs(steps - padding - 1.5)).toBeLessThan(0.15)
    expect(Math.abs(accuracy - 0.922)).toBeLessThan(0.06)
    expect(Math.abs(flawed - 0.442 / 0.922)).toBeLessThan(0.12)
  })
})

describe('credit of judged answers', () => {
  const judged = {
    groups: ['a', 'a', 'a', 'a'],
    outcomes: [1, 1, 0, 0],
    stepScores: [
      [0.9, 0.9],
      [0.2, 0.4],
      [0.7, 0.9],
      [0.1, 0.1],
    ],
  }
  const credit = (settings: Parameters<typeof creditAnswers>[1], scores = judged.stepScores) =>
    creditAnswers({ ...judged, stepScores: scores }, settings, { maxSteps: 3, random: new Random(1) }).map(outcome =>
      outcome.status === 'scored' ? Math.round(outcome.value * 100) / 100 : outcome.status,
    )

  it('keeps the answers whose steps agree with their outcome', () => {
    expect(credit({ credit: 'prof', answers: 4 })).toEqual([0.71, 'abstained', 'abstained', -0.71])
  })

  it('drops an answer of too many steps first, however good they look', () => {
    const padded = [[0.9, 0.9, 1, 1], ...judged.stepScores.slice(1)]
    expect(credit({ credit: 'prof', answers: 4 }, padded)).toEqual(['abstained', 0.71, 'abstained', -0.71])
  })

  it('normalises outcomes of all without a filter, and adds the mean of the steps to them in the blend', () => {
    expect(credit({ credit: 'grpo', answers: 4 })).toEqual([0.87, 0.87, -0.87, -0.87])
    // rewards 1.72, 1.24, 0.64, 0.08: mean 0.92, spread √(1.5264/3)
    expect(credit({ credit: 'blend', answers: 4 })).toEqual([1.12, 0.45, -0.39, -1.18])
  })
})
