import { batchFromRollouts, bindStage, numbers, outcomeAt, Random } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  blendedRewards,
  blendedTokenRewards,
  filterTrajectories,
  paperConsistencyScores,
  penaliseStepCounts,
  profAdvantages,
  profStage,
  removalCounts,
  stepConsistencyScores,
  storedStepScores,
} from './prof.ts'

describe('stepConsistencyScores', () => {
  // μ = (0.9 + 0.7 + 0.2)/3 = 0.6; correct: 2·(0.8 − 0.6) = 0.4; wrong: −2·(0.2 − 0.6) = 0.8
  const data = { stepScores: [[0.9, 0.7], [0.2], []], outcomes: [1, 0, 1] }

  it('measures steps against the mean of the whole batch and flips the sign of wrong answers', () => {
    const { scores, stepCounts, centre } = stepConsistencyScores(data)
    expect(centre).toBeCloseTo(0.6, 12)
    expect(scores[0]).toBeCloseTo(0.4, 12)
    expect(scores[1]).toBeCloseTo(0.8, 12)
    expect(scores[2]).toBe(0)
    expect([...stepCounts]).toEqual([2, 1, 0])
  })

  it('takes the least step or the sum of centred steps when asked', () => {
    // min: 2·(0.7 − 0.6); sum: 2·((0.9 − 0.6) + (0.7 − 0.6))
    expect(stepConsistencyScores(data, { reduction: 'min' }).scores[0]).toBeCloseTo(0.2, 12)
    expect(stepConsistencyScores(data, { reduction: 'sum' }).scores[0]).toBeCloseTo(0.8, 12)
    expect(stepConsistencyScores(data, { centre: 0.5 }).scores[0]).toBeCloseTo(0.6, 12)
  })

  it('gives 0 when no rollout has a step', () => {
    expect([...stepConsistencyScores({ stepScores: [[], []], outcomes: [1, 0] }).scores]).toEqual([0, 0])
  })

  it('refuses NaN steps and outcomes of neither class', () => {
    expect(() => stepConsistencyScores({ stepScores: [[Number.NaN]], outcomes: [1] })).toThrow(/stepScores\[0\]\[0\]/)
    expect(() => stepConsistencyScores({ stepScores: [[0.5]], outcomes: [0.5] })).toThrow(/0 or 1; got 0.5/)
  })

  it('stays within ±2 for step values in [0, 1]', () => {
    const row = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 })
    fc.assert(
      fc.property(fc.array(fc.tuple(row, fc.constantFrom(0, 1)), { minLength: 1 }), rows => {
        const { scores } = stepConsistencyScores({ stepScores: rows.map(r => r[0]), outcomes: rows.map(r => r[1]) })
        for (const score of scores) expect(Math.abs(score)).toBeLessThanOrEqual(2)
      }),
    )
  })
})

describe('removalCounts', () => {
  it.each([
    [5, 3, 4, 3, 1],
    [8, 0, 4, 4, 0],
    [0, 8, 4, 0, 4],
    [4, 3, 4, 2, 2], // (1 + 4)/2 = 2.5 → 2, half to even
    [2, 1, 2, 2, 0], // 1.5 → 2
    [1, 0, 3, 1, 0],
    [3, 3, 0, 0, 0],
    [0, 0, 4, 0, 0],
  ])('%i correct, %i wrong, remove %i → %i and %i', (correct, incorrect, remove, fromCorrect, fromIncorrect) => {
    expect(removalCounts({ correct, incorrect }, remove)).toEqual({ correct: fromCorrect, incorrect: fromIncorrect })
  })

  it('rounds up as the paper prints it when asked', () => {
    expect(removalCounts({ correct: 4, incorrect: 3 }, 4, { rounding: 'up' })).toEqual({ correct: 3, incorrect: 1 })
  })

  it('removes exactly R and never more of a class than it has', () => {
    const size = fc.integer({ min: 0, max: 20 })
    fc.assert(
      fc.property(size, size, size, (correct, incorrect, remove) => {
        const counts = removalCounts({ correct, incorrect }, remove)
        expect(counts.correct + counts.incorrect).toBe(Math.min(remove, correct + incorrect))
        expect(counts.correct).toBeLessThanOrEqual(correct)
        expect(counts.incorrect).toBeLessThanOrEqual(incorrect)
      }),
    )
  })
})

describe('filterTrajectories', () => {
  const data = {
    groups: ['q', 'q', 'q', 'q', 'q', 'q'],
    scores: [0.5, -0.2, 0.1, 0.3, -0.4, 0.2],
    stepCounts: [3, 3, 3, 3, 3, 3],
    outcomes: [1, 1, 1, 0, 0, 0],
  }

  it('drops the least consistent of each class', () => {
    expect([...filterTrajectories(data, { remove: 2 })]).toEqual([0, 2, 3, 5])
  })

  it('drops rollouts of one step or too many first, in both classes', () => {
    expect([...filterTrajectories({ ...data, stepCounts: [1, 3, 3, 31, 3, 3] }, { remove: 2 })]).toEqual([1, 2, 4, 5])
    expect([...penaliseStepCounts([0, 0, 0, 0], [1, 2, 30, 31])]).toEqual([-10, 0, 0, -10])
  })

  it('without separation takes the smallest of the whole group', () => {
    expect([
      ...filterTrajectories({ ...data, scores: [0.5, 0.4, 0.3, -0.1, -0.2, 0] }, { remove: 2, mode: 'pooled' }),
    ]).toEqual([0, 1, 2, 5])
  })

  it('thins the unranked class at random, the same way for the same seed', () => {
    const once = filterTrajectories(data, { remove: 2, mode: 'correct', random: new Random(3) })
    const again = filterTrajectories(data, { remove: 2, mode: 'correct', random: new Random(3) })
    expect([...once]).toEqual([...again])
    expect([...once].filter(i => i < 3)).toEqual([0, 2])
    expect(() => filterTrajectories(data, { remove: 2, mode: 'correct' })).toThrow(/generator/)
  })

  it('needs no generator when there is nothing to choose', () => {
    const allCorrect = { ...data, outcomes: [1, 1, 1, 1, 1, 1] }
    expect([...filterTrajectories(allCorrect, { remove: 2, mode: 'correct' })]).toEqual([0, 2, 3, 5])
  })

  it('keeps everything for R = 0 and nothing of a group of R', () => {
    expect(filterTrajectories(data, { remove: 0 })).toHaveLength(6)
    expect(filterTrajectories(data, { remove: 6 })).toHaveLength(0)
    expect(filterTrajectories({ groups: [], scores: [], stepCounts: [], outcomes: [] })).toHaveLength(0)
  })

  it('does not depend on the order of distinct rollouts', () => {
    const order = [3, 0, 5, 1, 4, 2]
    const permuted = {
      groups: data.groups,
      scores: order.map(i => data.scores[i]),
      stepCounts: data.stepCounts,
      outcomes: order.map(i => data.outcomes[i]),
    }
    const kept = [...filterTrajectories(permuted, { remove: 2 })].map(i => order[i])
    expect(kept.toSorted()).toEqual([0, 2, 3, 5])
  })
})

describe('paper form and code form', () => {
  it('disagree about incorrect rollouts of one step', () => {
    const stepScores = [[0.9], [0.2, 0.2, 0.2]]
    // paper: −(0.9 − 10) = 9.1 is the most consistent; code: penalised, removed first
    const paper = paperConsistencyScores({ stepScores, signs: [-1, -1] })
    expect(paper[0]).toBeGreaterThan(paper[1])
    const { scores, stepCounts } = stepConsistencyScores({ stepScores, outcomes: [0, 0] })
    const code = penaliseStepCounts(scores, stepCounts)
    expect(code[0]).toBeLessThan(code[1])
  })
})

describe('profAdvantages', () => {
  const judged = {
    groups: ['a', 'a', 'a', 'a'],
    stepScores: [
      [0.9, 0.9],
      [0.1, 0.1],
      [0.8, 0.8],
      [0.3, 0.3],
    ],
  }

  it('takes group statistics after the filter', () => {
    // kept: 0 (right) and 3 (wrong) → mean ½, std √½
    const { kept, advantages } = profAdvantages({ ...judged, outcomes: [1, 1, 0, 0] }, { remove: 2 })
    expect([...kept]).toEqual([0, 3])
    expect(advantages[0]).toBeCloseTo(0.5 / (Math.SQRT1_2 + 1e-6), 12)
    expect(advantages[1]).toBe(-advantages[0])
  })

  it('is GRPO when nothing is removed', () => {
    const { advantages } = profAdvantages({ ...judged, outcomes: [1, 0, 0, 0] }, { remove: 0 })
    // mean ¼, squares ¾, std ½ with ddof 1
    expect([...advantages].map(a => +a.toFixed(4))).toEqual([1.5, -0.5, -0.5, -0.5])
  })

  it('normalises groups of uneven size apart', () => {
    const groups = ['a', 'b', 'a', 'b', 'b']
    const stepScores = groups.map(() => [0.5, 0.5])
    const { advantages } = profAdvantages({ groups, stepScores, outcomes: [1, 1, 0, 0, 0] }, { remove: 0 })
    expect(advantages[0]).toBeCloseTo(Math.SQRT1_2, 5)
    expect(advantages[1]).toBeCloseTo(2 / Math.sqrt(3), 5)
  })

  it('gives 0 when every kept outcome is equal, and the outcome to a lone survivor', () => {
    expect([...profAdvantages({ ...judged, outcomes: [1, 1, 1, 1] }, { remove: 2 }).advantages]).toEqual([0, 0])
    expect([...profAdvantages({ ...judged, outcomes: [1, 1, 1, 1] }, { remove: 3 }).advantages]).toEqual([1])
  })
})

describe('the blended rival', () => {
  it('adds β times the mean step value', () => {
    const data = { stepScores: [[0.5, 1], []], outcomes: [0, 1] }
    expect([...blendedRewards(data)]).toEqual([0.8 * 0.75, 1])
    expect(blendedTokenRewards(data, [3, 1]).map(row => [...row])).toEqual([[0.8 * 0.75, 0, 0], [1]])
    expect(blendedTokenRewards(data, [0, 1])[0]).toHaveLength(0)
  })
})

it('reads stored rows up to the sentinel and the limit', () => {
  expect(storedStepScores([[0.1, 0.2, -99, -99], [0.3]], { limit: 1 }).map(row => [...row])).toEqual([[0.1], [0.3]])
})

describe('stage', () => {
  const rollout = (id: string, outcome: unknown, steps: unknown[]) => ({
    id,
    group: 'q',
    prompt: 'p',
    outcome,
    turns: steps.map(score => ({ action: 'step', columns: { processScore: score } })),
  })
  const failure = { status: 'failed', failure: { class: 'timeout', message: 'verifier' } }

  it('scores the kept, abstains on the filtered, and leaves the failed out of everything', async () => {
    const records = [
      rollout('a', 1, [0.9, 0.9]),
      rollout('b', 1, [0.1, 0.1]),
      rollout('c', 0, [0.8, 0.8]),
      rollout('d', 0, [0.2, 0.2]),
      rollout('e', failure, [0.9, 0.9]),
      rollout('f', 0.5, [0.9, 0.9]),
      rollout('g', 1, [failure, failure]),
    ]
    const batch = batchFromRollouts(records)
    const stage = bindStage(profStage, { remove: 2 })
    const { columns, state } = await stage.apply(batch, stage.initial())
    const advantage = columns['rollout.advantage']
    if (advantage.kind !== 'number') throw new Error('expected numbers')
    const status = batch.rolloutIds.map((_, r) => outcomeAt(advantage, r).status)
    expect(status).toEqual(['scored', 'abstained', 'abstained', 'scored', 'failed', 'failed', 'failed'])
    const alone = batchFromRollouts(records.slice(0, 4))
    const without = (await stage.apply(alone, stage.initial())).columns['rollout.advantage']
    expect([...advantage.values].slice(0, 4)).toEqual([...without.values])
    expect(JSON.parse(JSON.stringify(state))).toEqual(state)
  })

  it('thresholds partial credit when told to', async () => {
    const stage = bindStage(profStage, { remove: 0, correctFrom: 0.5 })
    const batch = batchFromRollouts([rollout('a', 0.7, [0.5, 0.5]), rollout('b', 0.2, [0.5, 0.5])])
    const { columns } = await stage.apply(batch, stage.initial())
    expect((columns['rollout.advantage'].values[0] as number) > 0).toBe(true)
  })

  it('names the column it misses', () => {
    const stage = bindStage(profStage)
    const batch = batchFromRollouts([{ id: 'a', prompt: 'p', outcome: 1, turns: [{ action: 'x' }] }])
    expect(() => stage.apply(batch, stage.initial())).toThrow(/turn.processScore/)
    expect(() => numbers(batch, 'rollout.outcome')).not.toThrow()
  })
})
