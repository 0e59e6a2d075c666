import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import {
  colours,
  conceptCooccurrences,
  conceptWords,
  directionFrom,
  imageWords,
  judgeScene,
  kinds,
  matchedIous,
  type SceneQuestion,
  type SceneTask,
  sceneReference,
  scenesWorld,
  sceneTask,
  sceneVocabulary,
} from './scenes.ts'
import { readAction, writeAction } from './turns.ts'

// Red cups at (0,0)–(2,2) and (4,0)–(5,1), a blue ball at (0,4)–(1,6), a green box at (4,4)–(6,6).
const objects = [
  { colour: 0, kind: 0, box: [0, 0, 2, 2] },
  { colour: 1, kind: 1, box: [0, 4, 1, 6] },
  { colour: 0, kind: 0, box: [4, 0, 5, 1] },
  { colour: 2, kind: 2, box: [4, 4, 6, 6] },
] as const
const asking = (question: SceneQuestion): SceneTask => ({ id: 'by hand', level: 1, side: 6, objects, question })
const judge = (question: SceneQuestion, text: string) =>
  judgeScene(asking(question), readAction(sceneVocabulary, writeAction(sceneVocabulary, text)))
const find = { kind: 'find', colour: 0, object: 0 } as const
const describeAll = { kind: 'describe' } as const

describe('images', () => {
  it('are rows of cells', () => {
    expect(imageWords(asking(describeAll))).toBe(
      [
        'red:cup red:cup . . red:cup . /',
        'red:cup red:cup . . . . /',
        '. . . . . . /',
        '. . . . . . /',
        'blue:ball . . . green:box green:box /',
        'blue:ball . . . green:box green:box /',
      ].join(' '),
    )
  })

  it('tell their boxes: filling cells of one look from their corner gives every object back', () => {
    for (let seed = 0; seed < 200; seed++) {
      const task = sceneTask(seed % 4, new Random(seed))
      const rows = imageWords(task)
        .split(' / ')
        .map(row => row.replace(' /', '').split(' '))
      const seen = new Set<string>()
      rows.forEach((row, y) => {
        row.forEach((cell, x) => {
          if (cell === '.' || row[x - 1] === cell || rows[y - 1]?.[x] === cell) return
          let [x2, y2] = [x, y]
          while (row[x2] === cell) x2++
          while (rows[y2]?.[x] === cell) y2++
          seen.add(`${cell} ${[x, y, x2, y2].join()}`)
        })
      })
      const real = task.objects.map(({ colour, kind, box }) => `${colours[colour][0]}:${kinds[kind][0]} ${box.join()}`)
      expect(seen).toEqual(new Set(real))
    }
  })

  it('know which side an object lies on, unless two gaps are equal', () => {
    const [cup, ball, , box] = objects
    expect(directionFrom(cup, ball)).toBe('above')
    expect(directionFrom(box, ball)).toBe('right')
    expect(directionFrom(ball, box)).toBe('left')
    expect(directionFrom(cup, box)).toBeUndefined()
    expect(directionFrom(cup, cup)).toBeUndefined()
  })
})

describe('boxes', () => {
  it.each([
    ['( 0 0 2 2 ) ( 4 0 5 1 )', 1, '1 1', 1, 1],
    ['( 4 0 5 1 ) ( 0 0 2 2 )', 1, '1 1', 1, 1],
    ['( 0 0 2 2 )', 0.5, '1 0', 0.5, 1],
    ['( 0 0 2 1 ) ( 4 0 5 1 ) ( 3 3 4 4 )', 0.5, '0.5 1', 1, 2 / 3],
    ['( 0 0 2 2 ) ( 0 0 2 2 )', 0.5, '1 0', 0.5, 0.5],
  ])('"%s" are worth %d', (text, reward, ious, recall50, precision50) => {
    const judged = judge(find, text)
    expect(judged.reward).toBeCloseTo(reward, 12)
    expect(judged.correct).toBe(reward === 1)
    expect(judged.facts).toMatchObject({ ious, recall50, wellFormed: true, wanted: 2 })
    expect(judged.facts['precision50']).toBeCloseTo(precision50, 12)
  })

  it.each(['( 0 0 2 )', '0 0 2 2', '( 2 0 0 2 )', '( 0 0 2 2', '( 0 0 2 2 ) (', '', '( red 0 2 2 )'])(
    '"%s" are none',
    text => expect(judge(find, text)).toMatchObject({ reward: 0, correct: false, facts: { wellFormed: false } }),
  )

  it('are matched one to one, best overlap first', () => {
    // The second prediction overlaps the first box by ½ and the second by 1: it goes to the second.
    expect(
      matchedIous(
        [
          [0, 0, 2, 2],
          [0, 0, 2, 1],
        ],
        [[0, 0, 2, 1]],
      ),
    ).toEqual([0, 1])
    expect(matchedIous([], [[0, 0, 1, 1]])).toEqual([])
  })
})

describe('answers in words', () => {
  it.each<[SceneQuestion, string, number]>([
    [{ kind: 'count', colour: 0 }, '2', 1],
    [{ kind: 'count', colour: 0 }, '3', 0],
    [{ kind: 'count', colour: 5 }, '0', 1],
    [{ kind: 'where', of: 3, from: 1 }, 'right', 1],
    [{ kind: 'where', of: 3, from: 1 }, 'left', 0],
    [{ kind: 'where', of: 3, from: 1 }, 'right right', 0],
    [describeAll, 'red cup and blue ball and green box', 1],
    [describeAll, 'there is a crimson mug with the azure orb and a crate', 0.8],
    [describeAll, 'emerald crate azure orb crimson mug', 1],
    [describeAll, 'cup red ball blue', 0],
    [describeAll, 'red cup white tree', 0.4],
    [describeAll, 'red cup left', 0],
  ])('%o by "%s" are worth %d', (question, text, reward) => {
    expect(judge(question, text).reward).toBeCloseTo(reward, 12)
  })

  it('mean the same in other words, which word overlap does not see', () => {
    const { facts } = judge(describeAll, 'crimson mug azure orb emerald crate')
    expect(facts).toMatchObject({ lookF1: 1, wordF1: 0, verifiable: false })
    expect(judge(describeAll, sceneReference(asking(describeAll))).facts).toMatchObject({ lookF1: 1, wordF1: 1 })
  })

  it('have no worth when they are cut', () => {
    expect(judgeScene(asking({ kind: 'count', colour: 0 }), { words: ['2'], complete: false }).reward).toBe(0)
  })
})

describe('the world', () => {
  it('asks what it is told to, in the wording it is told to', () => {
    const world = scenesWorld({ questions: ['describe'], wording: 'second' })
    const task = world.task(3, new Random(1))
    const answer = sceneVocabulary.decode(world.expert(world.start(task), new Random(1)))
    expect(world.step(world.start(task), writeAction(sceneVocabulary, answer))).toMatchObject({
      correct: true,
      facts: { lookF1: 1 },
    })
    const first = new Set([...colours, ...kinds].map(([word]) => word as string))
    expect(answer.split(' ').some(word => first.has(word))).toBe(false)
    expect(() => world.task(0, new Random(1))).toThrow(expect.objectContaining({ path: ['questions'] }))
  })

  it('draws objects, the boxes of an answer, and its words', () => {
    const world = scenesWorld()
    const { state } = world.step(world.start(asking(find)), writeAction(sceneVocabulary, '( 0 0 2 2 ) ( 4 0 5 1 )'))
    expect(world.svg(state).match(/stroke="#2f6fb2"/g)).toHaveLength(2)
    expect(world.text(state)).toContain('reward: 1')
  })
})

describe('co-occurrences', () => {
  it('put the two words of a concept side by side', () => {
    const counts = conceptCooccurrences({ random: new Random(1) })
    const cosine = (a: number[], b: number[]): number => {
      const dot = (x: number[], y: number[]) => x.reduce((total, value, i) => total + value * y[i], 0)
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
    }
    expect(counts).toHaveLength(conceptWords.length)
    expect(counts.every(row => row.reduce((a, b) => a + b, 0) === 400)).toBe(true)
    for (let i = 0; i < counts.length; i += 2) {
      const partner = cosine(counts[i], counts[i + 1])
      // Two samples of 400 from p have a cosine of about Σp²/(Σp² + (1 − Σp²)/400), at least 0.955 as Σp² ≥ 1/20.
      expect(partner).toBeGreaterThan(0.93)
      counts.forEach((row, j) => {
        if (j !== i && j !== i + 1) expect(cosine(counts[i], row)).toBeLessThan(partner)
      })
    }
  })
})
