import { batchFromRollouts, bindStage, type ColumnData } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  capoAdvantages,
  capoStage,
  capoTokenRewards,
  critiqueMessages,
  critiqueVotes,
  keepsOutcomeOrder,
  parseCritique,
  tokenReward,
  voteWrongSteps,
} from './capo.ts'

describe('parseCritique', () => {
  it.each([
    ['Wrong step list: [1,3]', true, [1, 3]],
    ['steps [1] then [0, 2]', true, [0, 2]],
    ['fine: []', true, []],
    ['fine: [ ]', true, []],
    ['[3, 1, 1, 9, -1]', true, [1, 3]],
    ['[a]', false, []],
    ['[1.5]', false, []],
    ['[1,]', false, []],
    ['no list', false, []],
  ])('%s', (text, valid, wrongSteps) => {
    expect(parseCritique(text, 4)).toEqual({ valid, wrongSteps })
  })

  it('shifts the numbers of a judge that counts from 1', () => {
    expect(parseCritique('[1, 4, 5]', 4, { firstStep: 1 }).wrongSteps).toEqual([0, 3])
  })
})

it('asks for the list it can read', () => {
  const [system, user] = critiqueMessages({ question: 'Q', steps: ['a', 'b'], reference: '7' })
  expect(parseCritique(system.content, 2)).toEqual({ valid: true, wrongSteps: [] })
  expect(user.content).toContain('<step 1> b')
  expect(user.content).toContain('Reference answer: 7')
  expect(critiqueMessages({ question: 'Q', steps: [] })[1].content).not.toContain('Reference')
})

describe('voteWrongSteps', () => {
  // counts: step 1 three, step 2 two, step 3 four of four
  const figure = [
    [1, 3],
    [1, 2, 3],
    [1, 3],
    [2, 3],
  ]
  it.each([
    ['intersection', [3]],
    ['union', [1, 2, 3]],
    ['majority', [1, 3]],
    ['majorityInclusive', [1, 2, 3]],
    ['average', [1, 2, 3]],
    ['greedy', [1, 3]],
  ] as const)('%s', (vote, expected) => {
    expect(voteWrongSteps(figure, 4, { vote }).wrongSteps).toEqual(expected)
  })

  it('weights by the share of critiques under average', () => {
    expect([...voteWrongSteps(figure, 4, { vote: 'average' }).wrongFraction]).toEqual([0, 0.75, 0.5, 1])
  })

  it('discards invalid critiques instead of counting them as "nothing wrong"', () => {
    expect(voteWrongSteps([[1], null, [1]], 2, { vote: 'intersection' })).toMatchObject({
      wrongSteps: [1],
      critiques: 2,
    })
    expect(voteWrongSteps([null, null], 2)).toMatchObject({ wrongSteps: [], critiques: 0 })
  })

  it('orders the votes from strict to lenient and agrees for one critique', () => {
    const critique = fc.array(fc.integer({ min: -1, max: 5 }))
    fc.assert(
      fc.property(fc.array(critique, { maxLength: 5 }), critiques => {
        const sets = (['intersection', 'majority', 'majorityInclusive', 'union'] as const).map(
          vote => new Set(voteWrongSteps(critiques, 4, { vote }).wrongSteps),
        )
        for (let i = 1; i < sets.length; i++) expect([...sets[i - 1]].every(step => sets[i].has(step))).toBe(true)
      }),
    )
    for (const vote of critiqueVotes) expect(voteWrongSteps([[2, 0]], 3, { vote }).wrongSteps).toEqual([0, 2])
  })
})

describe('token rewards', () => {
  it('has four levels', () => {
    expect([tokenReward(1, 0), tokenReward(1, 1), tokenReward(0, 0), tokenReward(0, 1)]).toEqual([2, 1, 0, -1])
  })

  it('pays the penalty once where steps overlap and not at all between them', () => {
    const row = capoTokenRewards({
      outcome: 1,
      stepSpans: [
        [0, 2],
        [1, 3],
      ],
      wrongFraction: [1, 0.5],
      length: 5,
    })
    expect([...row]).toEqual([1, 1, 1.5, 2, 2])
  })

  it('names a span outside the response', () => {
    expect(() => capoTokenRewards({ outcome: 1, stepSpans: [[0, 9]], wrongFraction: [1], length: 5 })).toThrow(
      /\[0, 9\)/,
    )
  })

  it('knows when the outcome order holds', () => {
    expect(keepsOutcomeOrder()).toBe(true)
    expect(keepsOutcomeOrder({ wProcess: 2 })).toBe(false)
  })
})

describe('capoAdvantages', () => {
  it('pools all tokens, so long responses weigh more', () => {
    // tokens 2, 0, 0, 0: mean ½, squares 2.25 + 3·0.25 = 3, std 1
    const { mean, std, tokenAdvantages } = capoAdvantages([[2], [0, 0, 0]], { epsilon: 0 })
    expect([mean, std]).toEqual([0.5, 1])
    expect(tokenAdvantages.map(row => [...row])).toEqual([[1.5], [-0.5, -0.5, -0.5]])
  })

  it('spreads the outcome evenly when no step is flagged', () => {
    const row = (outcome: number, length: number) =>
      capoTokenRewards({ outcome, stepSpans: [[0, length]], wrongFraction: [0], length })
    const { tokenAdvantages } = capoAdvantages([row(1, 2), row(0, 2)])
    expect(new Set(tokenAdvantages[0]).size).toBe(1)
    expect(tokenAdvantages[0][0]).toBe(-tokenAdvantages[1][0])
  })

  it('gives 0 for equal rewards, a single token, and nothing', () => {
    const equal = Float32Array.from({ length: 15 }, () => 0.98)
    expect(capoAdvantages([equal]).tokenAdvantages[0].every(value => value === 0)).toBe(true)
    expect([...capoAdvantages([[2]]).tokenAdvantages[0]]).toEqual([0])
    expect(capoAdvantages([[], []])).toMatchObject({ mean: 0, std: 0 })
    expect(capoAdvantages([])).toMatchObject({ tokenAdvantages: [] })
  })

  it('keeps the differences inside a group of one', () => {
    expect(capoAdvantages([[2, 1]]).tokenAdvantages[0][1]).toBeLessThan(0)
  })

  it('leaves masked tokens out of the statistics', () => {
    const masked = capoAdvantages([[2, 100], [0]], {}, [[1, 0], [1]])
    expect(masked.tokenAdvantages[0][0]).toBe(capoAdvantages([[2], [0]]).tokenAdvantages[0][0])
    expect(masked.tokenAdvantages[0][1]).toBe(0)
  })

  it('sums to zero, moves with neither shift nor scale, and permutes with the group', () => {
    const rows = fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 5 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(rows, fc.integer({ min: -5, max: 5 }), (group, shift) => {
        const plain = capoAdvantages(group, { epsilon: 0 }).tokenAdvantages
        const moved = capoAdvantages(
          group.map(row => row.map(value => 2 * value + shift)),
          { epsilon: 0 },
        ).tokenAdvantages
        const turned = capoAdvantages(group.toReversed(), { epsilon: 0 }).tokenAdvantages.toReversed()
        let total = 0
        plain.forEach((row, i) => {
          row.forEach((value, t) => {
            total += value
            expect(moved[i][t]).toBeCloseTo(value, 9)
            expect(turned[i][t]).toBeCloseTo(value, 9)
          })
        })
        expect(total).toBeCloseTo(0, 9)
      }),
    )
  })
})

describe('stage', () => {
  const rollout = (id: string, outcome: unknown, critiques: unknown) => ({
    id,
    group: 'q',
    prompt: 'p',
    outcome,
    tokens: { ids: [1, 2, 3] },
    turns: [
      { action: 's0', span: [0, 1] },
      { action: 's1', span: [1, 3] },
    ],
    columns: { critiques },
  })

  it('reads texts and lists, and keeps failures out of the pool', async () => {
    const failure = { status: 'failed', failure: { class: 'timeout', message: 'verifier' } }
    const batch = batchFromRollouts([
      rollout('a', 1, ['wrong: [1]', [1], null]),
      rollout('b', failure, []),
      rollout('c', 0, ['unreadable']),
      rollout('d', 7, []),
    ])
    const stage = bindStage(capoStage)
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...numbersIn(columns['token.reward'])]).toEqual([2, 1, 1, NaN, NaN, NaN, 0, 0, 0, NaN, NaN, NaN])
    expect([...numbersIn(columns['rollout.capoCritiques'])]).toEqual([2, NaN, 0, NaN])
    const direct = capoAdvantages([
      [2, 1, 1],
      [0, 0, 0],
    ]).tokenAdvantages
    expect([...numbersIn(columns['token.advantage']).slice(0, 3)]).toEqual([...direct[0]])
  })

  it('refuses weights that turn the order around unless told', () => {
    expect(() => bindStage(capoStage, { wProcess: 2 })).toThrow(/wProcess/)
    expect(() => bindStage(capoStage, { wProcess: 2, allowInversion: true })).not.toThrow()
  })
})

function numbersIn(column: ColumnData): Float64Array {
  if (column.kind !== 'number') throw new Error('expected numbers')
  return column.values
}
