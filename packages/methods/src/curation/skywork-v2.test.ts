import { batchFromRollouts, bindStage, type ColumnData, Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  aggregateJudgments,
  annotationOrder,
  bestCheckpoint,
  completePairs,
  contradictions,
  curatePairs,
  dedupePairs,
  exploreRandomly,
  flipPair,
  labelAccuracy,
  ngramContaminated,
  remainingPool,
  retrievalCounts,
  retrievalPlan,
  retrieveSimilar,
  selectExemplars,
  skyworkV2Stage,
} from './skywork-v2.ts'

describe('retrieval', () => {
  it.each([
    [0, 8],
    [0.5, 8],
    [0.51, 4],
    [0.75, 2],
    [0.76, 2],
    [0.9, 1],
    [0.9999999, 1],
    [1, 0],
  ])('p = %f → %i', (p, k) => {
    expect([...retrievalCounts([p])]).toEqual([k])
  })

  it('counts an equal or missing score as incorrect, and flags what is not a number', () => {
    const { p, k, flagged } = retrievalPlan([1, Number.NaN, 800], [1, 0, -800])
    expect([...p]).toEqual([0.5, 0, 1])
    expect([...k]).toEqual([8, 8, 0])
    expect([...flagged]).toEqual([0, 1, 0])
  })

  it('never asks for more when the model is surer', () => {
    const probability = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(probability, probability, (a, b) => {
        const [low, high] = retrievalCounts([Math.min(a, b), Math.max(a, b)])
        expect(high).toBeLessThanOrEqual(low)
      }),
    )
  })

  it('ranks by cosine, ties to the lower index, whole pool when it is small', () => {
    const { perQuery, union } = retrieveSimilar(
      [
        [1, 0],
        [0, 2],
      ],
      [3, 1],
      [
        [0, 1],
        [2, 0],
        [5, 0],
        [0, 0],
      ],
    )
    expect(perQuery).toEqual([[1, 2, 0], [0]])
    expect(union).toEqual([1, 2, 0])
    expect(retrieveSimilar([[1]], [9], [[1], [-1]]).perQuery).toEqual([[0, 1]])
    expect(retrieveSimilar([[1]], [0], [[1]]).perQuery).toEqual([[]])
    expect(() => retrieveSimilar([[1]], [1], [[1, 2]])).toThrow(/same length/)
  })

  it('explores what no query found and takes labelled items out of the pool', () => {
    const explored = exploreRandomly([2], 5, 2, new Random(1))
    expect(explored).toHaveLength(3)
    expect(new Set(explored).size).toBe(3)
    expect(remainingPool(4, [2, 0])).toEqual([1, 3])
  })
})

describe('aggregateJudgments', () => {
  const a = { order: 'ab', choice: 1 } as const
  const aSwapped = { order: 'ba', choice: 2 } as const
  const b = { order: 'ba', choice: 1 } as const
  const none = { order: 'ab', choice: null } as const

  it.each([
    [[[a, aSwapped, b]], ['a'], 'a'],
    [[[a, b]], [null], null],
    [[[a], [b]], ['a', 'b'], null],
    [[[a, b], [a]], [null, 'a'], 'a'],
    [[[none]], [null], null],
    [[], [], null],
  ] as const)('%j', (votes, perModel, final) => {
    expect(aggregateJudgments(votes)).toEqual({ perModel, final })
  })

  it('takes a model that always picks the first place for undecided', () => {
    expect(aggregateJudgments([[a, b, a, b]]).final).toBeNull()
  })
})

describe('curatePairs', () => {
  it.each([
    // best, gold, judge → asked, kept
    [0.9, 0.8, null, false, true],
    [0.9, 0.3, true, false, false],
    [0.2, 0.8, true, true, true],
    [0.2, 0.8, false, true, false],
    [0.2, 0.8, null, true, false],
    [0.5, 0.8, null, true, false],
    [0.9, 0.5, null, false, false],
    [Number.NaN, 0.8, null, true, false],
  ])('best %f, gold %f, judge %s', (best, gold, judge, needsJudge, keep) => {
    const [decision] = curatePairs({ bestConfidence: [best], goldConfidence: [gold], judgeAgrees: [judge] })
    expect(decision).toEqual({ needsJudge, keep, flip: !keep })
  })
})

describe('pool hygiene', () => {
  const pair = { history: ['q'], chosen: 'a', rejected: 'b' }

  it('keeps contradictory pairs and shows them', () => {
    const pairs = [pair, pair, flipPair(pair), { ...pair, history: ['q', 'x'] }]
    expect(dedupePairs(pairs)).toEqual([0, 2, 3])
    expect(contradictions(pairs)).toEqual([[0, 2]])
    expect(flipPair(flipPair(pair))).toEqual(pair)
  })

  it('does not confuse texts with separators in them', () => {
    expect(
      dedupePairs([
        { history: ['a', 'b'], chosen: 'c', rejected: 'd' },
        { history: ['a'], chosen: 'b', rejected: 'd' },
      ]),
    ).toHaveLength(2)
  })

  it('drops pairs without a response', () => {
    expect(
      completePairs([
        { chosen: 'a', rejected: null },
        { chosen: '', rejected: 'b' },
      ]),
    ).toEqual([1])
  })

  it('finds shared n-grams', () => {
    const benchmark = [['a', 'b', 'c', 'd']]
    expect(ngramContaminated([['x', 'b', 'c'], ['a', 'c'], ['b']], benchmark, { n: 2 })).toEqual([true, false, false])
    expect(ngramContaminated([['a', 'b']], benchmark)).toEqual([false])
  })

  it('measures label accuracy', () => {
    expect(labelAccuracy(['a', 'b'], ['a', null])).toBe(0.5)
    expect(() => labelAccuracy([], [])).toThrow(/at least one/)
  })
})

describe('first-stage helpers', () => {
  it('puts objective, uncontroversial items first', () => {
    const items = [
      { objective: false, controversial: true },
      { objective: true, controversial: true },
      { objective: true, controversial: false },
    ]
    expect(annotationOrder(items)).toEqual([2, 1, 0])
  })

  it('chooses the earliest best checkpoint and refuses an empty verified set', () => {
    expect(bestCheckpoint([0.6, 0.7, 0.7])).toBe(1)
    expect(() => bestCheckpoint([])).toThrow(/at least one checkpoint/)
    expect(selectExemplars([1, 2, 3], { limit: 2 })).toEqual([1, 2])
  })
})

describe('stage', () => {
  const side = (id: string, group: string, label: string, best: unknown, gold: number, extra: object = {}) => ({
    id,
    group,
    prompt: 'p',
    columns: { label, bestScore: best, goldScore: gold },
    ...extra,
  })

  it('decides per pair and fails what is no pair', async () => {
    const failure = { status: 'failed', failure: { class: 'timeout', message: 'model' } }
    const batch = batchFromRollouts([
      side('a', 'kept', 'chosen', 2, 1),
      side('b', 'kept', 'rejected', 0, 0),
      side('c', 'asked', 'chosen', 0, 1, { groupColumns: { judgeAgrees: 1 } }),
      side('d', 'asked', 'rejected', 1, 0),
      side('e', 'alone', 'chosen', 1, 0),
      side('f', 'broken', 'chosen', failure, 1),
      side('g', 'broken', 'rejected', 1, 0),
    ])
    const stage = bindStage(skyworkV2Stage)
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...numbersIn(columns['group.skyworkKeep'])]).toEqual([1, 1, NaN, NaN])
    expect([...numbersIn(columns['group.skyworkNeedsJudge'])]).toEqual([0, 1, NaN, NaN])
    expect([...numbersIn(columns['group.skyworkRetrieve'])]).toEqual([1, 8, NaN, NaN])
  })
})

function numbersIn(column: ColumnData): Float64Array {
  if (column.kind !== 'number') throw new Error('expected numbers')
  return column.values
}
