import { batchFromRollouts, bindStage, type ColumnData } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  baseScore,
  chooseTargetLengths,
  coverageByDifficulty,
  laserAdvantages,
  laserDEReward,
  laserDReward,
  laserReward,
  laserStage,
  lengthThresholds,
  repetitionStart,
  trainingBand,
  unifiedShaping,
} from './laser.ts'

describe('baseScore', () => {
  it.each([
    [{ correct: true, boxed: true, delimited: true }, 1, 1],
    [{ correct: false, boxed: true, delimited: true }, -0.5, 0],
    [{ correct: true, boxed: true, delimited: false }, -1, 1],
    [{ correct: false, boxed: false, delimited: true }, -1, 0],
  ])('%j', (response, score, plain) => {
    expect(baseScore(response)).toBe(score)
    expect(baseScore(response, { formatReward: false })).toBe(plain)
  })
})

describe('laserReward', () => {
  const data = { scores: [1, 1, -0.5, -1], lengths: [10, 11, 5, 0] }
  it.each([
    ['reward', [1.5, 1, -0.5, -1]],
    ['penalty', [1, 0.5, -0.5, -1]],
    ['hybrid', [1.5, 0.5, -0.5, -1]],
  ] as const)('%s', (type, expected) => {
    expect([...laserReward(data, { targetLength: 10, type }).scores]).toEqual(expected)
  })

  it('changes nothing for α = 0', () => {
    expect([...laserReward(data, { targetLength: 10, alpha: 0, type: 'hybrid' }).scores]).toEqual(data.scores)
  })

  it('goes by a field of correctness when there is one', () => {
    const shaped = laserReward({ scores: [0.7, 0.7], lengths: [1, 1], correct: [1, 0] }, { targetLength: 10 })
    expect([...shaped.scores]).toEqual([1.2, 0.7])
  })

  it('gives every correct response the bonus for a target of infinity, none for a negative one', () => {
    expect([...laserReward(data, { targetLength: Number.POSITIVE_INFINITY }).lengthScores]).toEqual([0.5, 0.5, 0, 0])
    expect([...laserReward(data, { targetLength: -1 }).lengthScores]).toEqual([0, 0, 0, 0])
  })
})

describe('lengthThresholds', () => {
  it.each([
    [{ lowerBound: 512, upperBound: 4096, interval: 1024 }, [512, 1024, 2048, 3072, 4096]],
    [{ lowerBound: 4096, upperBound: 6000, interval: 1024 }, [4096, 5120, 6144]],
    [{ lowerBound: 1000, upperBound: 3000, interval: 1000 }, [1000, 1024, 2024, 3024]],
  ])('%j', (options, expected) => {
    expect(lengthThresholds(options)).toEqual(expected)
  })

  it('has fifteen by default', () => {
    expect(lengthThresholds()).toHaveLength(15)
  })
})

describe('targets', () => {
  it('covers with all rollouts of a band, right or wrong', () => {
    const { coverage, proportion } = coverageByDifficulty(
      { groups: ['a', 'a', 'a', 'b'], correct: [1, 0, 0, 1], lengths: [5, 9, 20, 3] },
      [4, 10],
    )
    // "a" is right once in three: low; "b" always: high
    expect([...coverage.low]).toEqual([0, 2 / 3])
    expect([...coverage.high]).toEqual([1, 1])
    expect([...coverage.medium]).toEqual([0, 0])
    expect(proportion).toEqual({ low: 0.5, medium: 0, high: 0.5 })
  })

  it('has other boundaries for training prompts', () => {
    expect([1 / 3, 2 / 3, 0.3, 0.5].map(trainingBand)).toEqual(['medium', 'high', 'low', 'medium'])
  })

  it('needs P ≥ 0.2, ½ and 1 for eight rollouts', () => {
    const thresholds = [8, 16]
    const coverage = { low: [0.99, 1], medium: [0.49, 0.5], high: [0.19, 0.2] }
    expect(chooseTargetLengths(coverage, thresholds, 40)).toEqual({ low: 16, medium: 16, high: 16 })
    expect(chooseTargetLengths(coverage, thresholds, 12)).toEqual({ low: 12, medium: 12, high: 12 })
  })

  it('rounds the least number of correct rollouts up under ceil', () => {
    // k = 8: ⌈16/3⌉ = 6 and ⌈8/3⌉ = 3, so P ≥ 1/6 and 1/3 suffice
    const coverage = { low: [1], medium: [0.34], high: [0.17] }
    expect(chooseTargetLengths(coverage, [8], 40, { roundMethod: 'ceil' })).toEqual({ low: 8, medium: 8, high: 8 })
    expect(chooseTargetLengths(coverage, [8], 40)).toEqual({ low: 8, medium: 40, high: 40 })
  })

  it('fails loudly when a band lacks a threshold', () => {
    expect(() => chooseTargetLengths({ low: [1], medium: [1, 1], high: [1, 1] }, [8, 16], 40)).toThrow(
      /band low; got 1/,
    )
  })
})

describe('repetitionStart', () => {
  const counting = (length: number) => Array.from({ length }, (_, i) => i)

  it('leaves short and varied responses alone', () => {
    for (const length of [0, 1, 8, 29, 30, 99, 100, 250]) expect(repetitionStart(counting(length))).toBe(length)
    expect(repetitionStart([1, 1, 1, 1, 1, 1, 1, 1])).toBe(8)
  })

  it('finds a pattern at the end of a long response', () => {
    const tokens = [...counting(60), ...Array.from({ length: 12 }, (_, i) => 100 + (i % 3))]
    expect(repetitionStart(tokens)).toBeLessThan(tokens.length)
    expect(repetitionStart(tokens)).toBeGreaterThanOrEqual(60)
  })

  it('equals a direct transcription of the rule with text keys', () => {
    const short = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 })
    const long = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 95, maxLength: 260 })
    fc.assert(
      fc.property(fc.oneof(short, long), tokens => {
        expect(repetitionStart(tokens)).toBe(naiveRepetitionStart(tokens))
      }),
      { numRuns: 150 },
    )
  })
})

/** The rule word by word, with joined texts as keys; quadratic. */
function naiveRepetitionStart(tokens: readonly number[]): number {
  const length = tokens.length
  if (length <= 8) return length
  const n = length < 30 ? 2 : length < 100 ? 3 : 4
  const needed = length < 200 ? 2 : 3
  const positions = new Map<string, number[]>()
  for (let i = length - n; i >= 0; i--) {
    const gram = tokens.slice(i, i + n)
    if (n > 2 && new Set(gram).size === 1) continue
    const list = positions.get(gram.join()) ?? []
    list.push(i)
    positions.set(gram.join(), list)
    const ascending = list.toSorted((a, b) => a - b)
    if (list.length < needed) continue
    if (ascending.some((at, j) => j > 0 && at - ascending[j - 1] < Math.floor(length / 3))) return ascending[0]
  }
  const seen = new Set<string>()
  for (let i = length - 2 * n; i >= 0 && length >= 4 * n; i--) {
    const pattern = tokens.slice(i, i + 2 * n).join()
    if (seen.has(pattern)) return i
    seen.add(pattern)
  }
  return length
}

describe('dynamic targets', () => {
  const groups = ['easy', 'easy', 'hard', 'hard', 'hard', 'hard']
  const scores = [1, 1, 1, -0.5, -0.5, -0.5]
  const lengths = [5, 30, 30, 50, 50, 10]
  const coverage = { low: [0, 1], medium: [0, 0.5], high: [1, 1] }
  const options = { thresholds: [8, 40], coverage }

  it('holds each prompt to the target of its difficulty', () => {
    const shaped = laserDReward({ groups, scores, lengths }, options)
    expect([...shaped.targetLengths]).toEqual([8, 8, 40, 40, 40, 40])
    expect([...shaped.scores]).toEqual([1.5, 1, 1.5, -0.5, -0.5, -0.5])
  })

  it('uses the fall-back before the first monitor run, where it equals LASER', () => {
    const shaped = laserDReward({ groups, scores, lengths }, { fallbackTargetLength: 20, coverage: null })
    expect([...shaped.scores]).toEqual([...laserReward({ scores, lengths }, { targetLength: 20 }).scores])
  })

  it('pays wrong answers that explore, not those that repeat; the released code paid both', () => {
    const varied = Array.from({ length: 50 }, (_, i) => i)
    const stuck = Array.from({ length: 50 }, (_, i) => i % 2)
    const tokens = [[], [], [], varied, stuck, []].map((row, i) => (row.length ? row : Array(lengths[i]).fill(0)))
    const shaped = laserDEReward({ groups, scores, lengths, tokens }, options)
    expect([...shaped.scores.slice(3)]).toEqual([0, -0.5, -0.5])
    expect([...shaped.repeated]).toEqual([0, 0, 0, 0, 1, 0])
    const released = laserDEReward({ groups, scores, lengths, tokens }, { ...options, compat: 'released' })
    expect([...released.scores.slice(3)]).toEqual([0, 0, -0.5])
  })
})

describe('laserAdvantages', () => {
  it('sees the bonus, is 0 for equal scores, and keeps a lone score', () => {
    const advantages = laserAdvantages([1.5, 1, 1, 1, 0.5], ['a', 'a', 'b', 'b', 'c'])
    expect(advantages[0]).toBeGreaterThan(0)
    expect([...advantages.slice(2)]).toEqual([0, 0, 0.5])
  })
})

describe('the edges of group normalisation', () => {
  const one = (scores: ArrayLike<number>) => [
    ...laserAdvantages(
      scores,
      Array.from(scores, () => 'q'),
    ),
  ]
  it.each([
    ['15 × 0.98 in single precision', Float32Array.from({ length: 15 }, () => 0.98), 0],
    ['± huge', [1e150, -1e150], Math.SQRT1_2],
    ['one different by 1e-3', [1.001, 1, 1, 1], 1.5],
  ])('%s', (_, scores, first) => {
    expect(one(scores)[0]).toBeCloseTo(first, 2)
    expect(one(scores).every(Number.isFinite)).toBe(true)
  })

  it('knows no group, and names a missing score', () => {
    expect(laserAdvantages([], [])).toHaveLength(0)
    expect(() => laserAdvantages([1, Number.NaN], ['q', 'q'])).toThrow(/item 1/)
  })
})

describe('unifiedShaping', () => {
  it('shows who punishes a long right answer', () => {
    const shaping = unifiedShaping({ correct: [1, 1, 0], lengths: [10, 30, 10] }, { targetLength: 20 })
    expect([...shaping.laser]).toEqual([1.5, 1, -0.5])
    expect([...shaping.truncation]).toEqual([1, -1, -0.5])
    expect([...shaping.groupRelative]).toEqual([1.2, 0.8, -0.5])
    expect([...shaping.budget]).toEqual([0.9, 0.9, -0.1])
    expect([...shaping.budgetMax]).toEqual([0.6, 0.4, 0])
  })

  it('has no length part when all responses are equally long, and nothing for nothing', () => {
    expect([...unifiedShaping({ correct: [1, 0], lengths: [5, 5] }).groupRelative]).toEqual([1, -0.5])
    expect(unifiedShaping({ correct: [], lengths: [] }).laser).toHaveLength(0)
  })
})

describe('stage', () => {
  const rollout = (id: string, group: string, score: unknown, length: number, monitor = 0) => ({
    id,
    group,
    prompt: 'p',
    tokens: { ids: Array.from({ length }, (_, i) => i) },
    columns: { score, monitor },
  })

  it('monitors, keeps the coverage in its state, and holds training prompts to it', async () => {
    const stage = bindStage(laserStage, {
      variant: 'laser-d',
      lowerBound: 1024,
      upperBound: 1025,
      interval: 1,
      targetLength: 4,
    })
    const before = await stage.apply(
      batchFromRollouts([rollout('a', 'q', 1, 3), rollout('b', 'q', -0.5, 9)]),
      stage.initial(),
    )
    expect([...numbersIn(before.columns['rollout.reward'])]).toEqual([1.5, -0.5])
    const failure = { status: 'failed', failure: { class: 'timeout', message: 'verifier' } }
    const after = await stage.apply(
      batchFromRollouts([rollout('m', 'm', 1, 6, 1), rollout('c', 'q', 1, 7), rollout('d', 'q', failure, 2)]),
      before.state,
    )
    // every threshold is above the longest response, 7, which becomes the target
    expect([...numbersIn(after.columns['rollout.reward'])]).toEqual([NaN, 1.5, NaN])
    expect([...numbersIn(after.columns['rollout.laserTarget'])]).toEqual([NaN, 7, NaN])
    expect(JSON.parse(JSON.stringify(after.state))).toEqual(after.state)
  })

  it('explores under laser-de and fails rollouts without a length', async () => {
    const stage = bindStage(laserStage, { variant: 'laser-de', targetLength: 4 })
    const batch = batchFromRollouts([
      rollout('a', 'q', -0.5, 9),
      { id: 'b', group: 'q', prompt: 'p', columns: { score: 1, monitor: 0 } },
    ])
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...numbersIn(columns['rollout.reward'])]).toEqual([0, NaN])
  })

  it('reads correctness apart from the score', async () => {
    const stage = bindStage(laserStage, { targetLength: 10 })
    const batch = batchFromRollouts([{ ...rollout('a', 'q', 0.25, 3), outcome: 1 }])
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...numbersIn(columns['rollout.reward'])]).toEqual([0.75])
  })
})

function numbersIn(column: ColumnData): Float64Array {
  if (column.kind !== 'number') throw new Error('expected numbers')
  return column.values
}
