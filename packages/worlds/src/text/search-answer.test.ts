import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { type SearchTask, searchAnswerWorld as world } from './search-answer.ts'
import { writeAction } from './turns.ts'

const says = (text: string) => {
  const words = text.split(' ')
  const rumour = words[0] === 'rumour'
  const [subject, relation, object] = rumour ? words.slice(1) : words
  return { subject, relation, object, rumour }
}

// Mira's teacher is jon, whose home is osk.
const task: SearchTask = {
  id: 'a',
  level: 1,
  start: 'mira',
  relations: ['teacher', 'home'],
  documents: [
    'rumour jon home tarn',
    'mira teacher jon',
    'jon teacher sol',
    'sol teacher mira',
    'mira home velm',
    'jon home osk',
    'sol home tarn',
  ].map(says),
  answer: 'osk',
}
const act = (text: string): Int32Array => writeAction(world.vocabulary, text)

/** Plays these actions and gives what was seen and the facts of each. */
function play(...actions: string[]) {
  let state = world.start(task)
  return actions.map(text => {
    const outcome = world.step(state, act(text))
    state = outcome.state
    return { ...outcome, heard: world.vocabulary.decode(world.observe(state)) }
  })
}

describe('search and answer', () => {
  it('finds the chain, hop by hop, among documents that share its words', () => {
    expect(world.vocabulary.decode(world.observe(world.start(task)))).toBe('home of teacher of mira ?')
    const turns = play('search mira teacher', 'search jon home', 'answer osk')
    expect(turns.map(({ heard }) => heard)).toEqual([
      'found mira teacher jon ; sol teacher mira',
      'found rumour jon home tarn ; jon home osk',
      'found nothing',
    ])
    expect(turns.map(({ facts }) => facts['evidence'])).toEqual([1, 1, 0])
    expect(turns.map(({ facts }) => facts['hops'])).toEqual([0.5, 1, 1])
    expect(turns[2]).toMatchObject({ reward: 1, terminated: true, correct: true, facts: { supported: true } })
  })

  // At first the teacher is jon or sol, and the home any of three towns.
  it.each([
    [['search mira teacher'], [3], [0]],
    [
      ['search mira teacher', 'search jon home'],
      [3, 1],
      [0, Math.log2(3)],
    ],
    // It is not mira's own home that is asked for.
    [['search mira home'], [2], [Math.log2(1.5)]],
    [
      ['search mira home', 'search sol home'],
      [2, 2],
      [Math.log2(1.5), 0],
    ],
    // Once the teacher is known to be jon, and where all others live, osk is all that is left.
    [
      ['search sol home', 'search mira home', 'search mira teacher'],
      [3, 2, 1],
      [0, Math.log2(1.5), 1],
    ],
  ])('counts the answers that are left after %j', (actions, candidates, gains) => {
    const turns = play(...actions)
    expect(turns.map(({ facts }) => facts['candidates'])).toEqual(candidates)
    turns.forEach(({ facts }, i) => {
      expect(facts['informationGain']).toBeCloseTo(gains[i], 12)
    })
  })

  it('says of a right answer whether the evidence supported it', () => {
    expect(play('answer osk')[0]).toMatchObject({ correct: true, reward: 1, facts: { supported: false, hops: 0 } })
    const rumour = play('search mira teacher', 'search jon home', 'answer tarn')
    expect(rumour[2]).toMatchObject({ correct: false, reward: 0, facts: { supported: false, answered: true } })
  })

  it('counts what is found again as nothing fresh, and word order as nothing', () => {
    const turns = play('search home jon', 'search jon home home', 'search eder')
    expect(turns.map(({ facts }) => [facts['found'], facts['fresh']])).toEqual([
      [2, 2],
      [2, 0],
      [0, 0],
    ])
    expect(turns[2].heard).toBe('found nothing')
  })

  it.each(['', 'search', 'answer', 'answer home', 'search mira jon sol ada', 'answer osk osk', 'search of', 'osk'])(
    'cannot read "%s"',
    text => {
      expect(play(text)[0]).toMatchObject({ terminated: false, heard: 'unclear', facts: { type: 'malformed' } })
    },
  )

  it('names the gold answer', () => {
    expect(world.vocabulary.decode(world.goldAnswer(task))).toBe('answer osk')
  })

  it('never counts the right answer out, and knows it alone when the chain is followed', () => {
    const random = new Random(4)
    for (let i = 0; i < 100; i++) {
      const drawn = world.task(i % world.levels, random)
      let state = world.start(drawn)
      while (!state.over) {
        expect(world.possibleAnswers(state).has(drawn.answer)).toBe(true)
        const followed = world.vocabulary.decode(world.expert(state, random)).startsWith('answer')
        if (followed) expect(world.possibleAnswers(state).size).toBe(1)
        const searches = world.actions(state).filter(action => action.length > 3)
        const action =
          random.bernoulli(0.5) || searches.length === 0 ? world.expert(state, random) : random.choice(searches)
        state = world.step(state, action).state
      }
    }
  })

  it('is truncated, unsolved, when its turns run out', () => {
    const turns = play(...Array.from({ length: world.maximumTurns }, () => 'search mira'))
    expect(turns[turns.length - 1]).toMatchObject({ terminated: false, truncated: true, correct: false })
  })
})
