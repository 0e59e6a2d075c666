import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { expressionWords, operationCount } from './arithmetic/expression.ts'
import { type ArithmeticTask, arithmeticWorld, chain, type Expression } from './arithmetic.ts'
import { writeAction } from './turns.ts'

// ( 3 + 4 ) * ( 6 - 2 ) = 28
const expression: Expression = ['*', ['+', 3, 4], ['-', 6, 2]]
const task: ArithmeticTask = { id: '( 3 + 4 ) * ( 6 - 2 )', level: 2, expression }
const whole = arithmeticWorld()
const stepwise = arithmeticWorld({ turns: 'multi' })
const act = (text: string): Int32Array => writeAction(whole.vocabulary, text)
const shown = (state: ReturnType<typeof stepwise.start>): string => stepwise.vocabulary.decode(stepwise.observe(state))

describe('arithmetic in one action', () => {
  // Facts: steps, valid, planned, first invalid, progress, answered, derived, sound; then whether it is correct.
  it.each([
    ['3 + 4 = 7 ; 6 - 2 = 4 ; 7 * 4 = 2 8 ; answer 2 8', 3, 3, 3, -1, 1, true, true, true, true],
    ['6 - 2 = 4 ; 3 + 4 = 7 ; 7 * 4 = 2 8 ; answer 2 8', 3, 3, 3, -1, 1, true, true, true, true],
    ['answer 2 8', 0, 0, 0, -1, 0, true, false, false, true],
    ['3 + 4 = 8 ; 6 - 2 = 4 ; 8 * 4 = 3 2 ; answer 3 2', 3, 2, 3, 0, 1, true, true, false, false],
    // A second slip makes the first good, and the answer is derived: right by wrong reasoning.
    ['3 + 4 = 8 ; 6 - 2 = 4 ; 8 * 4 = 2 8 ; answer 2 8', 3, 1, 3, 0, 1, true, true, false, true],
    // Sound work, another answer.
    ['3 + 4 = 7 ; 6 - 2 = 4 ; 7 * 4 = 2 8 ; answer 2 7', 3, 3, 3, -1, 1, true, false, false, false],
    // A true sum nobody asked for moves nothing on.
    ['1 + 1 = 2 ; 3 + 4 = 7 ; answer 2 8', 2, 2, 1, -1, 1 / 3, true, false, false, true],
    // A slip taken back and done right.
    ['3 + 4 = 8 ; wait ; 3 + 4 = 7 ; 6 - 2 = 4 ; 7 * 4 = 2 8 ; answer 2 8', 4, 3, 4, 0, 1, true, true, true, true],
    ['3 + 4 = 7', 1, 1, 1, -1, 1 / 3, false, false, false, false],
  ])('%s', (text, steps, validSteps, plannedSteps, firstInvalid, progress, answered, derived, sound, correct) => {
    const outcome = whole.step(whole.start(task), act(text))
    expect(outcome).toMatchObject({ terminated: true, truncated: false, correct, reward: correct ? 1 : 0 })
    expect(outcome.facts).toMatchObject({ wellFormed: true, steps, validSteps, plannedSteps, firstInvalid })
    expect(outcome.facts).toMatchObject({ answered, derived, sound })
    expect(outcome.facts['progress']).toBeCloseTo(progress, 12)
  })

  it.each([
    '',
    '3 + = 7',
    '3 4 = 7',
    'answer',
    'answer 0 7',
    'answer 1 2 3 4 5',
    '3 + 4 = 7 ;',
    'answer 2 8 ; wait',
    '= 3 +',
  ])('reads "%s" as malformed, and as no right answer', text => {
    const outcome = whole.step(whole.start(task), act(text))
    expect(outcome.correct).toBe(false)
    expect(outcome.facts).toMatchObject({ wellFormed: false, answered: false })
  })

  it('does not take a number that was cut for an answer', () => {
    const cut = act('answer 2 8').slice(0, -1)
    expect(whole.step(whole.start(task), cut)).toMatchObject({ correct: false, facts: { wellFormed: false } })
  })

  it('says where each part stands and which is wrong', () => {
    const text = '3 + 4 = 8 ; wait ; 3 + 4 = 7 ; 9 ; answer 2 8'
    const parts = whole.steps(whole.start(task), act(text))
    const words = text.split(' ')
    expect(parts.map(({ start, end }) => words.slice(start, end).join(' '))).toEqual(text.split(' ; '))
    expect(parts.map(({ kind, valid, planned }) => [kind, valid, planned])).toEqual([
      ['step', false, true],
      ['wait', false, true],
      ['step', true, true],
      ['malformed', false, false],
      ['answer', true, false],
    ])
  })

  it('offers actions in which outcome and process disagree, both ways', () => {
    const outcomes = whole.actions(whole.start(task)).map(action => whole.step(whole.start(task), action))
    expect(outcomes.some(({ correct, facts }) => correct && facts['firstInvalid'] !== -1)).toBe(true)
    expect(outcomes.some(({ correct, facts }) => !correct && facts['derived'])).toBe(true)
    expect(outcomes.filter(({ correct, facts }) => correct && facts['sound'])).toHaveLength(1)
  })

  it('holds that sound work is always correct, under careless writers of every level', () => {
    const random = new Random(5)
    let wrong = 0
    let taken = 0
    for (let i = 0; i < 400; i++) {
      const drawn = whole.task(i % whole.levels, random)
      const action = act(chain(drawn.expression, { slip: 0.3, notice: 0.5, random }))
      expect(action.length).toBeLessThanOrEqual(whole.maximumActionLength)
      const { correct, facts } = whole.step(whole.start(drawn), action)
      if (facts['sound']) expect(correct).toBe(true)
      if (!correct) wrong++
      if (Number(facts['waits']) > 0) taken++
    }
    // With four steps a chain, 15 % of which slip and stay, about half go wrong; as many take something back.
    expect(wrong).toBeGreaterThan(100)
    expect(taken).toBeGreaterThan(100)
  })
})

describe('arithmetic a step at a time', () => {
  it('puts the policy’s own numbers into the expression, takes them back, and ends at the answer', () => {
    let state = stepwise.start(task)
    expect(shown(state)).toBe('( 3 + 4 ) * ( 6 - 2 ) ?')
    const turn = (text: string) => {
      const outcome = stepwise.step(state, act(text))
      state = outcome.state
      return outcome
    }
    expect(turn('3 + 4 = 8').facts).toMatchObject({ validSteps: 0, plannedSteps: 1, firstInvalid: 0 })
    expect(shown(state)).toBe('8 * ( 6 - 2 ) ?')
    expect(turn('3 + 4 = 7').facts).toMatchObject({ validSteps: 1, plannedSteps: 0 })
    expect(shown(state)).toBe('unchanged 8 * ( 6 - 2 ) ?')
    expect(turn('wait').facts).toMatchObject({ waits: 1, progress: 0 })
    expect(shown(state)).toBe('( 3 + 4 ) * ( 6 - 2 ) ?')
    expect(turn('3 + 4 = 7 ; 6 - 2 = 4').facts).toMatchObject({ wellFormed: false, progress: 0 })
    turn('6 - 2 = 4')
    turn('3 + 4 = 7')
    turn('7 * 4 = 2 8')
    expect(shown(state)).toBe('2 8 ?')
    expect(turn('answer 2 8')).toMatchObject({ terminated: true, correct: true, reward: 1, facts: { sound: true } })
  })

  it('is truncated, unsolved, when its turns run out', () => {
    let state = stepwise.start(task)
    for (let turn = 1; turn < stepwise.maximumTurns; turn++) state = stepwise.step(state, act('wait')).state
    const last = stepwise.step(state, act('wait'))
    expect(last).toMatchObject({ terminated: false, truncated: true, correct: false, reward: 0 })
  })

  it('has an expert who takes slips back', () => {
    const slipped = stepwise.step(stepwise.start(task), act('3 + 4 = 9')).state
    expect(stepwise.vocabulary.decode(stepwise.expert(slipped, new Random(1)))).toBe('wait')
  })
})

describe('arithmetic expressions', () => {
  it('have the size and numbers of their level, and chains work from the left', () => {
    const random = new Random(3)
    for (let i = 0; i < 50; i++) {
      const easy = whole.task(0, random).expression
      expect(expressionWords(easy)).toMatch(/^\( \d [+-] \d \) [+-] \d$/)
      expect(operationCount(whole.task(4, random).expression)).toBe(7)
    }
  })

  it('can be offered for the easy levels only, with shorter turns', () => {
    const easy = arithmeticWorld({ levels: 1 })
    expect(easy.levels).toBe(1)
    expect(easy.maximumActionLength).toBeLessThan(40)
    expect(() => easy.task(1, new Random(1))).toThrow('expected a level in 0 … 0; got 1')
    expect(() => arithmeticWorld({ levels: 6 })).toThrow(expect.objectContaining({ code: 'invalid_option' }))
    expect(() => chain(expression, { slip: 0.1 })).toThrow(expect.objectContaining({ code: 'invalid_option' }))
  })
})
