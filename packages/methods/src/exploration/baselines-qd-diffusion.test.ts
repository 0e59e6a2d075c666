import { batchFromRollouts, bindStage, json, numbers, outcomeAt, withColumns } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addToGrid,
  archiveLocalCompetition,
  archiveNovelty,
  archiveStatistics,
  emptyGridArchive,
  gridIndex,
  mapElitesStage,
  visitStatistics,
} from './baselines-qd-diffusion.ts'

const unit = { dims: [2, 2], lower: [0, 0], upper: [1, 1] }
// Plain JSON has no −0.
const finite = fc.double({ min: -5, max: 5, noNaN: true }).map(value => value + 0)

describe('the grid archive', () => {
  it('puts edges into the upper cell and what lies outside into the border', () => {
    const { cells, flat } = gridIndex(
      [
        [0.5, 0.49],
        [-9, 9],
        [1, 1],
      ],
      unit,
    )
    expect(cells.map(cell => Array.from(cell))).toEqual([
      [1, 0],
      [0, 1],
      [1, 1],
    ])
    expect(Array.from(flat)).toEqual([2, 1, 3])
  })

  it('judges a batch against the archive before it, and keeps the first of equals', () => {
    const first = addToGrid<string>(emptyGridArchive(unit), {
      objectives: [1, 1, -2],
      measures: [
        [0.1, 0.1],
        [0.2, 0.2],
        [0.9, 0.9],
      ],
      solutions: ['a', 'b', 'c'],
    })
    expect(Array.from(first.status)).toEqual([2, 2, 2])
    expect(first.archive.elites.map(({ solution }) => solution)).toEqual(['a', 'c'])
    const second = addToGrid(first.archive, {
      objectives: [1, 3, -2],
      measures: [
        [0.1, 0.1],
        [0.3, 0.1],
        [0.9, 0.9],
      ],
      solutions: ['d', 'e', 'f'],
    })
    // An equal objective never enters: 1 and −2 are rejected with value 0.
    expect(Array.from(second.status)).toEqual([0, 1, 0])
    expect(Array.from(second.value)).toEqual([0, 2, 0])
    expect(second.archive.elites.map(({ solution }) => solution)).toEqual(['e', 'c'])
  })

  it('lets the QD score fall with negative objectives only without an offset', () => {
    const grow = (qdScoreOffset: number) => {
      const one = addToGrid(emptyGridArchive(unit, { qdScoreOffset }), { objectives: [1], measures: [[0, 0]] }).archive
      const two = addToGrid(one, { objectives: [-2], measures: [[1, 1]] }).archive
      return archiveStatistics(two).qdScore - archiveStatistics(one).qdScore
    }
    expect(grow(0)).toBe(-2)
    expect(grow(-3)).toBe(1)
  })

  it('moves thresholds by the batch rule of CMA-MAE', () => {
    const options = { learningRate: 0.5, thresholdMin: 0 }
    const first = addToGrid(emptyGridArchive(unit, options), {
      objectives: [4, 2, -1],
      measures: [
        [0, 0],
        [0, 0],
        [1, 1],
      ],
    })
    // Two enter: 0.25·0 + 3·0.75 = 2.25. −1 is below the first threshold, so its cell stays empty.
    expect(first.archive.elites).toHaveLength(1)
    expect(first.archive.elites[0].threshold).toBeCloseTo(2.25, 12)
    expect(Array.from(first.status)).toEqual([2, 2, 0])
    // 3 exceeds the threshold and replaces 4: the best ever is remembered apart.
    const second = addToGrid(first.archive, { objectives: [3], measures: [[0, 0]] })
    expect(second.archive.elites[0].objective).toBe(3)
    expect(second.value[0]).toBeCloseTo(0.75, 12)
    expect(archiveStatistics(second.archive).bestObjective).toBe(4)
  })

  it('never loses a cell or lowers an objective, whatever comes', () => {
    const batch = fc.array(fc.tuple(finite, fc.tuple(finite, finite)), { maxLength: 8 })
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 4 }), batches => {
        let archive = emptyGridArchive({ dims: [3, 3], lower: [-5, -5], upper: [5, 5] })
        for (const entries of batches) {
          const before = archive
          archive = addToGrid(archive, {
            objectives: entries.map(([objective]) => objective),
            measures: entries.map(([, measures]) => measures),
          }).archive
          for (const elite of before.elites) {
            const now = archive.elites.find(({ cell }) => cell === elite.cell)
            expect(now?.objective).toBeGreaterThanOrEqual(elite.objective)
          }
        }
        expect(JSON.parse(JSON.stringify(archive))).toEqual(archive)
      }),
      { numRuns: 30 },
    )
  })

  it('refuses what it cannot judge', () => {
    expect(() => emptyGridArchive({ dims: [2], lower: [1], upper: [1] })).toThrow(
      /lower < upper on axis 0; got 1 and 1/,
    )
    expect(() => emptyGridArchive(unit, { learningRate: 0.1 })).toThrow(/expected a thresholdMin/)
    expect(() => addToGrid(emptyGridArchive(unit), { objectives: [Number.NaN], measures: [[0, 0]] })).toThrow(
      /objectives\[0\]/,
    )
    expect(() => gridIndex([[0, Number.POSITIVE_INFINITY]], unit)).toThrow(/measures\[0\]\[1\]/)
    expect(archiveStatistics(emptyGridArchive(unit))).toMatchObject({ eliteCount: 0, meanObjective: null })
  })
})

describe('novelty against an archive', () => {
  it('averages the nearest and counts the worse ones', () => {
    const archive = [[0], [1], [3], [10]]
    expect(archiveNovelty([[0]], archive, { neighbours: 3 })[0]).toBeCloseTo(4 / 3, 12)
    expect(archiveNovelty([[0]], [], { aloneNovelty: 7 })[0]).toBe(7)
    expect(archiveLocalCompetition([[0]], archive, [2], [1, 2, 1.5, 0], { neighbours: 3 })[0]).toBe(2)
    expect(archiveLocalCompetition([[0]], [], [2], [], { neighbours: 3 })[0]).toBe(0)
  })
})

describe('visits', () => {
  it('are even in the uniform case and least even in one cell', () => {
    const grid = { bins: 2, lower: [0], upper: [1] }
    expect(visitStatistics([[0.2], [0.8]], grid).uniformity).toBeCloseTo(1, 12)
    // p = (1, 0), u = (½, ½): JSD = ½[ln(4/3) + ½·ln(2/3) + ½·ln 2] = 0.2157616.
    expect(visitStatistics([[0.2]], grid).uniformity).toBeCloseTo(1 - Math.sqrt(0.2157615543), 9)
  })

  it('give an edge to the lower cell and treat the outside as told', () => {
    const grid = { bins: 2, lower: [0], upper: [1] }
    expect(visitStatistics([[0.5], [0], [2]], grid)).toMatchObject({ cells: [[0], [0], [1]], outside: 1 })
    expect(visitStatistics([[0.5], [2]], { ...grid, outside: 'ignore' }).cells).toEqual([[0], null])
    expect(() => visitStatistics([[2]], { ...grid, outside: 'throw' })).toThrow(/inside the grid; got \[2\]/)
    expect(() => visitStatistics([], grid)).toThrow(/at least one point/)
  })
})

describe('the stage', () => {
  const stage = bindStage(mapElitesStage, { dims: [2], lower: [0], upper: [1] })
  const record = (id: string, columns: Record<string, unknown>) => ({ id, group: 'g', prompt: 'p', columns })

  it('rewards improvement, remembers it, and leaves what failed alone', async () => {
    const batch = batchFromRollouts([
      record('a', { score: 0.5, descriptor: [0.1] }),
      record('b', { score: { status: 'failed', failure: { class: 'timeout', message: 'late' } }, descriptor: [0.9] }),
      record('c', { score: 0.7 }),
      record('d', { score: -0.5, descriptor: [0.8] }),
    ])
    const first = await stage.apply(batch, stage.initial())
    const reward = numbers(withColumns(batch, first.columns), 'rollout.reward')
    expect(outcomeAt(reward, 0)).toEqual({ status: 'scored', value: 0.5 })
    expect(outcomeAt(reward, 1).status).toBe('failed')
    expect(outcomeAt(reward, 2)).toEqual({ status: 'abstained', reason: 'no descriptor' })
    expect(outcomeAt(reward, 3)).toEqual({ status: 'scored', value: 0 })
    expect(JSON.parse(JSON.stringify(first.state))).toEqual(first.state)
    const again = await stage.apply(batch, first.state)
    const status = numbers(withColumns(batch, again.columns), 'rollout.qdStatus')
    expect(status.values[0]).toBe(0)
    expect(json(batch, 'rollout.descriptor')[0]).toEqual([0.1])
  })

  it('names a rollout whose descriptor does not fit the grid', () => {
    const batch = batchFromRollouts([record('a', { score: 1, descriptor: [0.1, 0.2] })])
    expect(() => stage.apply(batch, stage.initial())).toThrow(/rollout "a" has 2/)
  })
})
