import { describe, expect, it } from 'vitest'
import { type ToolTask, toolUseWorld as world } from './tool-use.ts'
import { writeAction } from './turns.ts'

const row = (name: string, role: string, friend: string, age: number, floor: number) => {
  return { name, role, friend, age, floor, badge: 1 }
}

// The baker is jon, his friend sol is 7: 7 × 3 = 21.
const task: ToolTask = {
  id: 'a',
  level: 3,
  question: {
    terms: [
      { attribute: 'age', friends: 1, of: 'baker' },
      { attribute: 'floor', friends: 0, of: 'mira' },
    ],
    operators: ['*'],
  },
  people: [row('mira', 'pilot', 'jon', 5, 3), row('jon', 'baker', 'sol', 30, 2), row('sol', 'nurse', 'jon', 7, 9)],
  busy: 1,
}
const act = (text: string): Int32Array => writeAction(world.vocabulary, text)
const heard = (state: ReturnType<typeof world.start>): string => world.vocabulary.decode(world.observe(state))
const search = '{ search : { role : baker } }'
const floor = '{ lookup : { who : mira , what : floor } }'
const friend = '{ lookup : { who : jon , what : friend } }'
const age = '{ lookup : { who : sol , what : age } }'
const product = '{ calculator : { left : 7 , operator : * , right : 3 } }'

/** Plays these actions and gives what was heard and the facts of each. */
function play(...actions: string[]) {
  let state = world.start(task)
  return actions.map(text => {
    const outcome = world.step(state, act(text))
    state = outcome.state
    return { ...outcome, heard: heard(state) }
  })
}

describe('tool use', () => {
  it('answers a question over several hops, an error on the way', () => {
    expect(heard(world.start(task))).toBe('age of friend of baker * floor of mira ?')
    const turns = play(search, search, `${floor} ${friend}`, age, product, '{ answer : 2 1 }')
    expect(turns.slice(0, -1).map(turn => turn.heard)).toEqual([
      'error busy',
      'result jon',
      'result 3 ; result sol',
      'result 7',
      'result 2 1',
    ])
    expect(turns.map(({ facts }) => facts['useful'])).toEqual([0, 1, 2, 1, 1, 0])
    expect(turns.map(({ facts }) => facts['error'])).toEqual(['busy', 'none', 'none', 'none', 'none', 'none'])
    expect(turns.every(({ facts }) => facts['parameterValueMatch'] === 1)).toBe(true)
    expect(turns.map(({ reward }) => reward)).toEqual([0, 0, 0, 0, 0, 1])
    expect(turns[5]).toMatchObject({ terminated: true, correct: true, facts: { answered: true, calls: 0 } })
    expect(turns[4].correct).toBeUndefined()
  })

  // At the start an expert searches for the baker or looks up the floor of mira.
  it.each([
    [search, 1, 1, 1, 'busy'],
    [floor, 1, 1, 1, 'none'],
    ['{ lookup : { what : floor , who : mira } }', 1, 1, 1, 'none'],
    ['{ search : { role : pilot } }', 1, 1, 0, 'busy'],
    ['{ search : { role : guard } }', 1, 1, 0, 'value'],
    ['{ lookup : { who : mira , what : age } }', 1, 1, 0.5, 'none'],
    ['{ lookup : { who : mira } }', 1, 0.5, 0.5, 'parameter'],
    ['{ lookup : { who : mira , role : floor } }', 1, 0.5, 0.5, 'parameter'],
    [product, 0, 0, 0, 'none'],
    ['{ baker : { role : baker } }', 0, 0, 0, 'tool'],
    [`${floor} ${product}`, 0.5, 0.5, 0.5, 'none'],
    ['{ answer : 2 1 }', 0, 0, 0, 'none'],
  ])('compares %s with what an expert would call', (text, name, names, values, error) => {
    const [{ facts }] = play(text)
    expect(facts).toMatchObject({
      wellFormed: true,
      error,
      nameMatch: name,
      parameterNameMatch: names,
      parameterValueMatch: values,
    })
  })

  it.each([
    '',
    'baker',
    '{ search : { role : baker }',
    '{ search : { role baker } }',
    '{ search : { } }',
    '{ lookup : { who : mira , who : jon } }',
    '{ answer : 2 1 } { answer : 2 1 }',
    `${floor} { answer : 2 1 }`,
    `${floor} ${floor} ${floor}`,
    '{ answer : 0 7 }',
    '{ answer : 1 2 3 4 5 }',
  ])('cannot read "%s"', text => {
    const [turn] = play(text)
    expect(turn).toMatchObject({ terminated: false, heard: 'error format', facts: { wellFormed: false, calls: 0 } })
  })

  it('does not take an action that was cut for a call', () => {
    const cut = world.step(world.start(task), act('{ answer : 2 1 }').slice(0, -1))
    expect(cut).toMatchObject({ terminated: false, facts: { error: 'format' } })
  })

  it('counts calls that were answered before, in the same action too', () => {
    expect(play(floor, floor).map(({ facts }) => facts['redundant'])).toEqual([0, 1])
    expect(play(`${floor} ${floor}`)[0].facts).toMatchObject({ redundant: 1, useful: 1 })
  })

  it('has a calculator that refuses what it cannot write', () => {
    const [below, above, word] = play(
      '{ calculator : { left : 3 , operator : - , right : 7 } }',
      '{ calculator : { left : 9 9 9 9 , operator : + , right : 1 } }',
      '{ calculator : { left : mira , operator : + , right : 1 } }',
    )
    for (const { facts } of [below, above, word]) expect(facts['error']).toBe('value')
  })

  it('gives its calls as data', () => {
    expect(world.calls(act(product))).toEqual([
      { name: 'calculator', parameters: { left: '7', operator: '*', right: '3' } },
    ])
    expect(world.calls(act('{ {'))).toBeUndefined()
    expect(world.goldCalls(world.start(task)).map(({ name }) => name)).toEqual(['search', 'lookup'])
  })

  it('is truncated, unsolved, when its turns run out', () => {
    const turns = play(...Array.from({ length: world.maximumTurns }, () => floor))
    expect(turns[turns.length - 1]).toMatchObject({ terminated: false, truncated: true, correct: false, reward: 0 })
  })
})
