import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import {
  bestChoices,
  componentCoverage,
  componentRecallOf,
  type Hypothesis,
  type HypothesisState,
  hypothesesWorld,
  hypothesisLandscape,
  hypothesisScore,
  hypothesisText,
  hypothesisVocabulary,
  judgeHypotheses,
  type LandscapeSpec,
  pickFirstProbability,
  proposeEdit,
  readHypothesis,
} from './hypotheses.ts'
import { writeAction } from './turns.ts'

const small: LandscapeSpec = { levels: 3, sites: 2, options: 3, ruggedness: 1, seed: 5 }

/** Every hypothesis of a landscape. */
function* everyHypothesis({ levels, sites, options }: LandscapeSpec): Generator<Hypothesis> {
  for (let code = 0; code < options ** (levels * sites); code++) {
    let rest = code
    yield Array.from({ length: levels }, () =>
      Array.from({ length: sites }, () => {
        const choice = rest % options
        rest = Math.floor(rest / options)
        return choice
      }),
    )
  }
}

describe('landscapes', () => {
  it('score by hand what hangs together', () => {
    // Two levels of two sites; the second level counts half.
    const tables = {
      sites: 2,
      options: 2,
      weights: [1, 0.5],
      byParent: [
        [
          [
            [1, 2],
            [0, 0],
          ],
          [
            [0, 3],
            [0, 0],
          ],
        ],
        [
          [
            [4, 0],
            [0, 6],
          ],
          [
            [2, 0],
            [0, 8],
          ],
        ],
      ],
      byNeighbour: [
        [
          [
            [0, 0],
            [0, 0],
          ],
          [
            [0, 0],
            [0, -4],
          ],
        ],
        [
          [
            [0, 0],
            [0, 0],
          ],
          [
            [0, 0],
            [1, 0],
          ],
        ],
      ],
    }
    // (0,1) then (0,1): 1 + 3 + ½(4 + 8) = 10; (1,1) then (1,1): 2 + 3 − 4 + ½(6 + 8) = 8; (1,0): 2 + 0 + ½(6 + 2 + 1) = 6.5.
    expect(bestChoices(tables)).toEqual({
      choices: [
        [0, 1],
        [0, 1],
      ],
      score: 10,
    })
    const landscape = { ...hypothesisLandscape({ ...small, levels: 2, options: 2 }), ...tables }
    expect(
      hypothesisScore(landscape, [
        [1, 1],
        [1, 1],
      ]),
    ).toBe(8)
    expect(
      hypothesisScore(landscape, [
        [1, 0],
        [1, 0],
      ]),
    ).toBe(6.5)
    expect(
      hypothesisScore(
        landscape,
        [
          [1, 0],
          [1, 0],
        ],
        { upTo: 0 },
      ),
    ).toBe(2)
    expect(
      hypothesisScore(landscape, [
        [1, null],
        [null, 1],
      ]),
    ).toBe(2)
  })

  it.each([
    [3, 2, 3, 0],
    [3, 2, 3, 0.5],
    [3, 3, 2, 1],
    [2, 3, 3, 1],
  ])('of %i × %i components with %i choices know their optimum, checked against every hypothesis', (...sizes) => {
    const [levels, sites, options, ruggedness] = sizes
    for (let seed = 0; seed < 5; seed++) {
      const landscape = hypothesisLandscape({ levels, sites, options, ruggedness, seed })
      let best = Number.NEGATIVE_INFINITY
      for (const hypothesis of everyHypothesis(landscape.spec)) {
        best = Math.max(best, hypothesisScore(landscape, hypothesis))
      }
      expect(landscape.optimumScore).toBeCloseTo(best, 10)
      expect(hypothesisScore(landscape, landscape.optimum)).toBeCloseTo(best, 10)
    }
  })

  it('mix a smooth and a rugged landscape of the same seed', () => {
    const [smooth, mixed, rugged] = [0, 0.3, 1].map(ruggedness => hypothesisLandscape({ ...small, ruggedness }))
    const cells = (table: typeof smooth.byParent): number[] => table.flat(3)
    cells(mixed.byParent).forEach((value, i) => {
      expect(value).toBeCloseTo(0.7 * cells(smooth.byParent)[i] + 0.3 * cells(rugged.byParent)[i], 12)
    })
    expect(Math.max(...cells(smooth.byParent))).toBe(1)
    // Pure chance: 1500 standard normal cells have a mean square of 1 with standard error √(2/1500); four of them.
    const chance = cells(hypothesisLandscape({ levels: 5, sites: 3, options: 10, ruggedness: 1, seed: 2 }).byParent)
    const meanSquare = chance.reduce((sum, value) => sum + value * value, 0) / chance.length
    expect(Math.abs(meanSquare - 1)).toBeLessThan(0.15)
    expect(cells(smooth.byNeighbour).every(value => value === 0)).toBe(true)
    expect(cells(rugged.byNeighbour).some(value => value !== 0)).toBe(true)
  })

  it('can be climbed one choice at a time where they are smooth, and trap where they are rugged', () => {
    const climbs = (ruggedness: number): number => {
      let reached = 0
      for (let seed = 0; seed < 20; seed++) {
        const landscape = hypothesisLandscape({ levels: 4, sites: 3, options: 6, ruggedness, seed })
        const random = new Random(seed)
        let current: Hypothesis = landscape.optimum.map(row => row.map(() => random.integer(6)))
        for (let fails = 0; fails < 400; fails++) {
          const edited = proposeEdit(landscape, current, { levels: [0, 1, 2, 3], random })
          if (judgeHypotheses(landscape, current, edited, { random }) === 1) continue
          current = edited
          fails = 0
        }
        if (componentRecallOf(landscape, current) === 1) reached++
      }
      return reached
    }
    expect(climbs(0)).toBe(20)
    expect(climbs(1)).toBeLessThan(5)
  })

  it.each([{ levels: 6 }, { sites: 0 }, { options: 1 }, { ruggedness: 2 }, { options: 2.5 }])('refuse %o', part => {
    expect(() => hypothesisLandscape({ ...small, ...part })).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
  })

  it('refuse hypotheses that do not fit', () => {
    const landscape = hypothesisLandscape(small)
    expect(() => hypothesisScore(landscape, [[0, 0]])).toThrow(/3 levels of 2/)
    expect(() =>
      hypothesisScore(landscape, [
        [0, 0],
        [0, 3],
        [0, 0],
      ]),
    ).toThrow(/got 3/)
  })
})

describe('judges', () => {
  const landscape = hypothesisLandscape(small)
  const worse = landscape.optimum.map(row => row.map(choice => ((choice ?? 0) + 1) % 3))
  const lead = landscape.optimumScore - hypothesisScore(landscape, worse)

  it('pick the better one without noise, and the first of equals', () => {
    expect(pickFirstProbability(landscape, landscape.optimum, worse)).toBe(1)
    expect(pickFirstProbability(landscape, worse, landscape.optimum)).toBe(0)
    expect(pickFirstProbability(landscape, worse, worse)).toBe(1)
    expect(pickFirstProbability(landscape, worse, worse, { noise: 1 })).toBe(0.5)
    expect(() => pickFirstProbability(landscape, worse, worse, { noise: -1 })).toThrow(/noise/)
  })

  it('pick as often as their probability says', () => {
    // Φ(1) = 0.841345.
    const options = { noise: 2 * lead, orderBias: lead }
    const p = pickFirstProbability(landscape, landscape.optimum, worse, options)
    expect(p).toBeCloseTo(0.841345, 6)
    const random = new Random(3)
    let firsts = 0
    for (let i = 0; i < 2000; i++) {
      if (judgeHypotheses(landscape, landscape.optimum, worse, { ...options, random }) === 1) firsts++
    }
    expect(Math.abs(firsts / 2000 - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 2000))
  })

  it('grade components by how near they are', () => {
    const { optimum } = landscape
    expect(componentRecallOf(landscape, optimum)).toBe(1)
    expect(componentRecallOf(landscape, worse)).toBe(0)
    expect(componentCoverage(landscape, [[null, optimum[0][1]], optimum[1], optimum[2]])).toEqual([0, 3, 3, 3, 3, 3])
    expect(componentCoverage(landscape, worse)).toEqual(optimum.flat().map(choice => (choice === 2 ? 1 : 2)))
  })
})

describe('proposals', () => {
  const landscape = hypothesisLandscape(small)
  const start: Hypothesis = [
    [0, 0],
    [0, 0],
    [null, null],
  ]
  const differences = (a: Hypothesis, b: Hypothesis): number =>
    a.flat().filter((choice, i) => choice !== b.flat()[i]).length

  it('change one choice of the levels they may', () => {
    const random = new Random(1)
    for (let i = 0; i < 100; i++) {
      const edited = proposeEdit(landscape, start, { levels: [1], random })
      expect(differences(edited, start)).toBe(1)
      expect(edited[1]).not.toEqual(start[1])
      expect(proposeEdit(landscape, start, { levels: [2], random })[2].filter(choice => choice !== null)).toHaveLength(
        1,
      )
    }
  })

  it('recombine what optima have, and go on alone when there is nothing left', () => {
    const random = new Random(1)
    const optima: Hypothesis[] = [
      [
        [0, 2],
        [0, 0],
        [null, null],
      ],
    ]
    const edited = proposeEdit(landscape, start, { levels: [0], random, optima })
    expect(edited).toEqual(optima[0])
    expect(differences(proposeEdit(landscape, edited, { levels: [0], random, optima }), edited)).toBe(1)
  })

  it('go through words and back', () => {
    expect(hypothesisText(start)).toBe('mechanism a a ; concept a a ; component - -')
    expect(readHypothesis(hypothesisText(start), small)).toEqual(start)
    for (const text of [
      '',
      'mechanism a a',
      'mechanism a d ; concept a a ; component a a',
      'concept a a ; mechanism a a',
    ]) {
      expect(() => readHypothesis(text, small)).toThrow(expect.objectContaining({ code: 'parse' }))
    }
  })
})

describe('the world', () => {
  const task = hypothesesWorld.task(1, new Random(4))
  const start = hypothesesWorld.start(task)
  const act = (state: HypothesisState, text: string) =>
    hypothesesWorld.step(state, writeAction(hypothesisVocabulary, text))
  const read = (state: HypothesisState) => hypothesisVocabulary.decode(hypothesesWorld.observe(state))

  it('tells the background once, then what the judge says', () => {
    expect(read(start)).toBe(`background ${hypothesisText(task.background)} hypothesis ${hypothesisText(task.start)}`)
    const other = task.start[0][0] === 0 ? 'b' : 'a'
    const changed = act(start, `set mechanism first ${other}`)
    const better = Number(changed.facts['gain']) > 0
    expect(changed.facts).toMatchObject({ changed: true, verdict: better ? 'better' : 'worse' })
    expect(read(changed.state)).toBe(
      `${better ? 'better' : 'worse'} hypothesis ${hypothesisText(changed.state.hypothesis)}`,
    )
    const undone = act(changed.state, 'undo')
    expect(undone.state.hypothesis).toEqual(task.start)
    expect(undone.facts).toMatchObject({ changed: true, verdict: 'none', progress: 0 })
    expect(read(act(start, 'undo').state)).toMatch(/^unchanged hypothesis/)
  })

  it('pays the way made, at the end only', () => {
    expect(act(start, 'finish')).toMatchObject({ reward: 0, terminated: true, correct: false, facts: { progress: 0 } })
    let outcome = act(start, hypothesisVocabulary.decode(hypothesesWorld.expert(start, new Random(1))))
    expect(outcome.reward).toBe(0)
    while (!outcome.terminated) {
      const action = hypothesesWorld.expert(outcome.state, new Random(1))
      outcome = hypothesesWorld.step(outcome.state, action)
    }
    expect(outcome).toMatchObject({ correct: true, facts: { recall: 1 } })
    expect(outcome.reward).toBeCloseTo(1, 12)
  })

  it.each([
    'set',
    'set mechanism first',
    'set mechanism third a',
    'set condition first a',
    'set mechanism first j',
    'a',
    '',
  ])('changes nothing for "%s"', text =>
    expect(act(start, text)).toMatchObject({ facts: { wellFormed: false, changed: false }, reward: 0 }),
  )

  it('truncates for want of turns, and pays what was reached', () => {
    let outcome = act(start, 'undo')
    for (let turn = 1; turn < hypothesesWorld.maximumTurns; turn++) outcome = act(outcome.state, 'undo')
    expect(outcome).toMatchObject({ truncated: true, terminated: false, correct: false, reward: 0 })
  })

  it('has a judge whose noise depends on the turn and the change alone', () => {
    const noisy = hypothesesWorld.task(3, new Random(1))
    const verdicts = Array.from({ length: 10 }, (_, i) => {
      const state = { ...hypothesesWorld.start(noisy), turn: i }
      return act(state, 'set condition first a , set condition second b , set condition third c').state.verdict
    })
    const again = Array.from({ length: 10 }, (_, i) => {
      const state = JSON.parse(JSON.stringify({ ...hypothesesWorld.start(noisy), turn: i }))
      return act(state, 'set condition first a , set condition second b , set condition third c').state.verdict
    })
    expect(again).toEqual(verdicts)
  })
})
