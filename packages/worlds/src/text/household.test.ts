import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { type HouseTask, householdWorld as world } from './household.ts'
import { writeAction } from './turns.ts'

const task: HouseTask = {
  id: 'a',
  level: 2,
  wishes: [{ object: 'apple', condition: 'hot', place: 'shelf' }],
  places: [
    { name: 'fridge', room: 'kitchen' },
    { name: 'oven', room: 'kitchen' },
    { name: 'shelf', room: 'hall' },
  ],
  objects: { apple: 'fridge', mug: 'shelf' },
  told: false,
}

/** Plays these actions and gives what was seen and the facts of each. */
function play(...actions: string[]) {
  let state = world.start(task)
  return actions.map(text => {
    const outcome = world.step(state, writeAction(world.vocabulary, text))
    state = outcome.state
    return { ...outcome, seen: world.vocabulary.decode(world.observe(state)) }
  })
}

const errand = [
  'go fridge',
  'open fridge',
  'take apple',
  'go oven',
  'heat apple',
  'enter hall',
  'go shelf',
  'put apple',
]

describe('household', () => {
  it('shows what can be seen from where one stands, and what is in hand', () => {
    expect(world.vocabulary.decode(world.observe(world.start(task)))).toBe(
      'put hot apple in shelf ; in kitchen see fridge oven',
    )
    expect(play(...errand).map(({ seen }) => seen)).toEqual([
      'at fridge closed',
      'at fridge see apple',
      'at fridge see nothing ; hold apple',
      'at oven closed ; hold apple',
      'at oven closed ; hold hot apple',
      'in hall see shelf ; hold hot apple',
      'at shelf see mug ; hold hot apple',
      'at shelf see hot apple mug',
    ])
  })

  it('counts subgoals and ends when all is done', () => {
    const turns = play(...errand)
    const found = ['none', 'found apple', 'taken apple', 'none', 'hot apple', 'none', 'none', 'placed apple']
    expect(turns.map(({ facts }) => facts['subgoal'])).toEqual(found)
    expect(turns.map(({ facts }) => facts['progress'])).toEqual([0, 0.25, 0.5, 0.5, 0.75, 0.75, 0.75, 1])
    expect(turns.map(({ reward }) => reward)).toEqual([0, 0, 0, 0, 0, 0, 0, 1])
    expect(turns[7]).toMatchObject({ terminated: true, correct: true })
    expect(new Set(turns.map(({ facts }) => facts['stateKey'])).size).toBe(8)
  })

  it.each([
    'go shelf',
    'enter study',
    'open fridge',
    'take apple',
    'put apple',
    'heat apple',
    'close oven',
    'go kitchen',
    'take',
    'look apple',
    'fridge',
    '',
  ])('answers "%s" at first by: nothing happens', action => {
    const [turn] = play(action)
    expect(turn.seen).toBe('nothing happens')
    expect(turn.facts).toMatchObject({ admissible: false, noop: false, revisited: false, subgoals: 0 })
  })

  it('tells actions that cannot be done from words that are no action', () => {
    expect(play('go shelf')[0].facts['wellFormed']).toBe(true)
    expect(play('go kitchen')[0].facts['wellFormed']).toBe(false)
    const cut = world.step(world.start(task), writeAction(world.vocabulary, 'go fridge').slice(0, -1))
    expect(cut.facts).toMatchObject({ wellFormed: false, admissible: false })
  })

  it('needs the right place, an open one, and a free hand', () => {
    const admissible = (...actions: string[]) => play(...actions).map(({ facts }) => facts['admissible'])
    expect(admissible('go fridge', 'take apple', 'open fridge', 'open fridge', 'take apple', 'heat apple')).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ])
    expect(admissible(...errand.slice(0, 3), 'enter hall', 'go shelf', 'take mug', 'put apple', 'take mug')).toEqual([
      ...[true, true, true, true, true],
      false,
      true,
      true,
    ])
    // Only what is in hand can be treated or put.
    expect(admissible(...errand.slice(0, 4), 'heat mug', 'open oven', 'put mug', 'put apple').slice(4)).toEqual([
      false,
      true,
      false,
      true,
    ])
    // Cold is not hot, and the last treatment counts.
    const cooled = play(...errand.slice(0, 5), 'go fridge', 'cool apple', 'enter hall', 'go shelf', 'put apple')
    expect(cooled[9]).toMatchObject({ terminated: false, reward: 0 })
  })

  it('knows actions that change nothing, and houses that have been before', () => {
    const facts = play('look', 'go fridge', 'go fridge', 'open fridge', 'close fridge', 'go oven', 'go fridge').map(
      turn => [turn.facts['noop'], turn.facts['revisited']],
    )
    expect(facts).toEqual([
      [true, false],
      [false, false],
      [true, false],
      [false, false],
      [false, true],
      [false, false],
      [false, true],
    ])
  })

  it('tells at the easiest level where the object is; elsewhere the expert searches as one who does not know', () => {
    const easy = world.start(world.task(0, new Random(1)))
    expect(world.vocabulary.decode(world.observe(easy))).toMatch(
      /^put \w+ in \w+ ; \w+ at \w+ ; in \w+ see \w+ \w+ \w+$/,
    )
    // Two houses that differ only in what has not been seen get the same first action.
    const hidden = { ...task, objects: { apple: 'oven', mug: 'fridge' } }
    for (let seed = 0; seed < 20; seed++) {
      const first = [task, hidden].map(one => world.expert(world.start(one), new Random(seed)))
      expect(first[0]).toEqual(first[1])
    }
  })

  it('is truncated, unsolved, when its turns run out', () => {
    const turns = play(...Array.from({ length: world.maximumTurns }, () => 'look'))
    expect(turns[turns.length - 1]).toMatchObject({ terminated: false, truncated: true, correct: false })
  })
})
