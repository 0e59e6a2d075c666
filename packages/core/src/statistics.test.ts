import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addMoment,
  averageRanks,
  bootstrapInterval,
  interquartileMean,
  logSigmoid,
  logSumExp,
  maskedDeviation,
  maskedMean,
  maskedSum,
  maskedVariance,
  maskedWhiten,
  mean,
  meanProbabilityOfImprovement,
  median,
  mergeMoments,
  momentsOf,
  momentsVariance,
  noMoments,
  normalCdf,
  normalQuantile,
  pearsonCorrelation,
  probabilityOfImprovement,
  quantile,
  Random,
  sigmoid,
  softmax,
  softplus,
  spearmanCorrelation,
  standardDeviation,
  stratifiedBootstrapInterval,
  sum,
  variance,
} from './index.ts'

const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true })

describe('plain statistics', () => {
  it('sums without losing small terms', () => {
    expect(sum([1, 1e100, 1, -1e100])).toBe(2)
    expect(sum([])).toBe(0)
  })
  it.each([
    [[2, 4, 4, 4, 5, 5, 7, 9], 0, 5, 4],
    [[2, 4, 4, 4, 5, 5, 7, 9], 1, 5, 32 / 7],
    [[3], 0, 3, 0],
    [[-1e9, 1e9], 0, 0, 1e18],
  ] as const)('mean and variance of %o with ddof %d', (values, ddof, expectedMean, expectedVariance) => {
    expect(mean(values)).toBe(expectedMean)
    expect(variance(values, { ddof })).toBeCloseTo(expectedVariance, 12)
    expect(standardDeviation(values, { ddof })).toBeCloseTo(Math.sqrt(expectedVariance), 12)
  })
  it('has no spread where all are equal, in float32 too', () => {
    const same = new Float32Array(15).fill(0.98)
    expect(mean(same)).toBe(Math.fround(0.98))
    expect(variance(same, { ddof: 1 })).toBe(0)
    same[3] += 1e-3
    expect(variance(same, { ddof: 1 })).toBeGreaterThan(0)
  })
  it('refuses a spread of too few', () => {
    expect(() => mean([])).toThrow(/at least one/)
    expect(() => variance([1], { ddof: 1 })).toThrow(/more than 1/)
  })
  it('interpolates quantiles', () => {
    expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75)
    expect(quantile([10, 20], 1)).toBe(20)
    expect(median([5, 1, 3])).toBe(3)
    expect(() => quantile([1], 1.5)).toThrow(/\[0, 1\]/)
  })
  it('correlates, and says nothing of constants', () => {
    // Deviations (−1, 0, 1) and (−1, −1, 2): 3 / √(2·6).
    expect(pearsonCorrelation([1, 2, 3], [1, 1, 4])).toBeCloseTo(3 / Math.sqrt(12), 12)
    expect(pearsonCorrelation([1, 1], [1, 2])).toBeUndefined()
    expect([...averageRanks([10, 20, 10, 30])]).toEqual([1.5, 3, 1.5, 4])
    expect(spearmanCorrelation([1, 2, 3, 4], [1, 8, 27, 64])).toBeCloseTo(1, 12)
    expect(() => pearsonCorrelation([1], [1, 2])).toThrow(/one length/)
  })
  it('keeps its feet at both ends', () => {
    expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.log(2), 12)
    expect(logSumExp([])).toBe(Number.NEGATIVE_INFINITY)
    expect([...softmax([0, Math.log(3)])]).toEqual([expect.closeTo(0.25, 12), expect.closeTo(0.75, 12)])
    expect(sigmoid(-800)).toBe(0)
    expect(sigmoid(800)).toBe(1)
    expect(softplus(1000)).toBe(1000)
    expect(logSigmoid(-1000)).toBe(-1000)
    expect(logSigmoid(0)).toBeCloseTo(-Math.log(2), 12)
  })
})

describe('normal distribution', () => {
  it.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [3, 0.9986501019683699],
  ])('Φ(%d) = %d and back', (x, p) => {
    expect(normalCdf(x)).toBeCloseTo(p, 14)
    expect(normalQuantile(p)).toBeCloseTo(x, 10)
  })
  it('inverts itself', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), p => {
        expect(normalCdf(normalQuantile(p))).toBeCloseTo(p, 13)
      }),
      { seed: 1 },
    )
    expect(() => normalQuantile(0)).toThrow(/inside \(0, 1\)/)
  })
})

describe('interquartile mean and probability of improvement', () => {
  it.each([
    [[1, 2, 3, 4, 5, 6, 50, 100], 4.5], // 2 cut at each end: 3 4 5 6
    [[100, 1, 2, 3, 4], 3], // 1 cut at each end: 2 3 4
    [[1, 2, 9], 4],
    [[7], 7],
  ])('of %o is %d', (values, expected) => {
    expect(interquartileMean(values)).toBe(expected)
  })
  it('counts wins and half the ties', () => {
    // Pairs (1,0) (1,1) (3,0) (3,1): 1 + ½ + 1 + 1 of 4.
    expect(probabilityOfImprovement([1, 3], [0, 1])).toBe(3.5 / 4)
    expect(meanProbabilityOfImprovement([[1, 3], [0]], [[0, 1], [1]])).toBe(3.5 / 8)
  })
  it('of both directions adds up to 1', () => {
    const scores = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1 })
    fc.assert(
      fc.property(scores, scores, (a, b) => {
        expect(probabilityOfImprovement(a, b) + probabilityOfImprovement(b, a)).toBeCloseTo(1, 12)
      }),
      { seed: 2 },
    )
  })
})

describe('bootstrap', () => {
  const average = (values: ArrayLike<number>) => mean(values)
  it('is a function of its seed', () => {
    const interval = () => bootstrapInterval([1, 2, 3, 4, 5], average, { random: new Random(3), resamples: 200 })
    expect(interval()).toEqual(interval())
    expect(interval().estimate).toBe(3)
  })
  it.each(['percentile', 'bca'] as const)('collapses where nothing varies (%s)', method => {
    const interval = bootstrapInterval([2, 2, 2], average, { random: new Random(1), resamples: 50, method })
    expect(interval).toEqual({ estimate: 2, low: 2, high: 2 })
  })
  it('has the exact percentile ends of two values', () => {
    // Means of resamples of {0, 1}: 0, ½, 1 with chances ¼, ½, ¼; the 30 % and 70 % quantiles are ½.
    const { low, high } = bootstrapInterval([0, 1], average, {
      random: new Random(5),
      resamples: 4000,
      confidence: 0.4,
    })
    expect([low, high]).toEqual([0.5, 0.5])
    const wide = bootstrapInterval([0, 1], average, { random: new Random(5), resamples: 4000, confidence: 0.6 })
    expect([wide.low, wide.high]).toEqual([0, 1])
  })
  it.each(['percentile', 'bca'] as const)('covers the mean of a normal about as often as it says (%s)', method => {
    const random = new Random(11)
    let covered = 0
    for (let trial = 0; trial < 200; trial++) {
      const interval = bootstrapInterval(random.normals(40), average, {
        random: random.split(trial),
        resamples: 200,
        confidence: 0.9,
        method,
      })
      if (interval.low <= 0 && interval.high >= 0) covered++
    }
    // 180 expected of 200, standard error 4.2; four of them either side.
    expect(covered).toBeGreaterThan(163)
    expect(covered).toBeLessThan(197)
  })
  it('shifts a skewed interval towards the tail with bca', () => {
    const skewed = Array.from({ length: 40 }, (_, i) => Math.exp(i / 8))
    const ends = (method: 'percentile' | 'bca') =>
      bootstrapInterval(skewed, average, { random: new Random(2), resamples: 2000, method })
    expect(ends('bca').low).toBeGreaterThan(ends('percentile').low)
    expect(ends('bca').high).toBeGreaterThan(ends('percentile').high)
  })
  it('counts half of the resamples that equal the estimate as below it', () => {
    // Means of three draws from −1, 0, 1 lie at −1, −⅔ … 1 with chances 1, 3, 6, 7, 6, 3, 1 of 27: no bias, no skewness, and
    // the 10 % and 90 % quantiles at ∓⅔.
    const { low, high } = bootstrapInterval([-1, 0, 1], average, {
      random: new Random(4),
      resamples: 4000,
      confidence: 0.8,
      method: 'bca',
    })
    expect([low, high]).toEqual([expect.closeTo(-2 / 3, 12), expect.closeTo(2 / 3, 12)])
  })
  it('agrees with the bca interval of SciPy', () => {
    // scipy.stats.bootstrap with 100 000 resamples of the mean of e^{i/8}, i < 40: [18.74, 40.38].
    const skewed = Array.from({ length: 40 }, (_, i) => Math.exp(i / 8))
    const { low, high } = bootstrapInterval(skewed, average, {
      random: new Random(0),
      resamples: 20_000,
      method: 'bca',
    })
    expect(Math.abs(low - 18.74)).toBeLessThan(0.5)
    expect(Math.abs(high - 40.38)).toBeLessThan(0.5)
  })
  it('draws each sample from itself alone', () => {
    const seen = new Set<number>()
    stratifiedBootstrapInterval(
      [
        [1, 2],
        [10, 20],
      ],
      ([first, second]) => {
        for (const value of first) expect([1, 2]).toContain(value)
        for (const value of second) seen.add(value)
        return mean(first) + mean(second)
      },
      { random: new Random(1), resamples: 50 },
    )
    expect([...seen].sort()).toEqual([10, 20])
  })
  it('refuses nothing, NaN and options out of range', () => {
    const random = new Random(1)
    expect(() => bootstrapInterval([], average, { random })).toThrow(/at least one/)
    expect(() => bootstrapInterval([Number.NaN], average, { random })).toThrow(/finite/)
    expect(() => bootstrapInterval([1], average, { random, confidence: 1 })).toThrow(/inside \(0, 1\)/)
    expect(() => bootstrapInterval([1], average, { random, resamples: 0 })).toThrow(/≥ 1/)
  })
})

describe('masked statistics', () => {
  const values = [1, Number.NaN, 3, 5]
  const mask = [1, 0, 1, 1]
  it('looks at unmasked entries only', () => {
    expect(maskedSum(values, mask)).toBe(9)
    expect(maskedMean(values, mask)).toBe(3)
    expect(maskedMean(values, mask, { epsilon: 3 })).toBe(1.5)
    expect(maskedVariance(values, mask, { ddof: 1 })).toBe(4)
    expect(maskedVariance(values, mask, { ddof: 0 })).toBeCloseTo(8 / 3, 12)
    expect(maskedDeviation(values, mask, { ddof: 1 })).toBe(2)
    expect([...maskedWhiten(values, mask, { ddof: 1 })]).toEqual([-1, 0, 0, 1])
    expect([...maskedWhiten(values, mask, { ddof: 1, epsilon: 2 })]).toEqual([-0.5, 0, 0, 0.5])
    expect([...maskedWhiten(values, mask, { ddof: 1, epsilon: 12, epsilonAt: 'variance' })]).toEqual([-0.5, 0, 0, 0.5])
    expect([...maskedWhiten(values, mask, { ddof: 1, centre: false })]).toEqual([0.5, 0, 1.5, 2.5])
  })
  it('has an answer for too few only when told one', () => {
    expect(() => maskedMean([1], [0])).toThrow(/more than 0 unmasked/)
    expect(maskedMean([1], [0], { empty: 0 })).toBe(0)
    expect(() => maskedVariance([1], [1], { ddof: 1 })).toThrow(/more than 1 unmasked/)
    expect([...maskedWhiten([4], [1], { ddof: 1, empty: 1 })]).toEqual([0])
    expect([...maskedWhiten([4, 4], [1, 1], { ddof: 1 })]).toEqual([0, 0])
    expect(() => maskedSum(values, [1, 1, 1, 1])).toThrow(/index 1/)
    expect(() => maskedSum(values, [1])).toThrow(/same length/)
  })
  it('equals the plain statistics under a full mask', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 2, maxLength: 20 }), given => {
        const all = given.map(() => 1)
        expect(maskedMean(given, all)).toBeCloseTo(mean(given), 6)
        const expected = variance(given, { ddof: 1 })
        expect(Math.abs(maskedVariance(given, all, { ddof: 1 }) - expected)).toBeLessThanOrEqual(1e-9 * (1 + expected))
      }),
      { seed: 3 },
    )
  })
})

describe('running moments', () => {
  it('agree with the statistics of all values, however they are split and ordered', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 2, maxLength: 30 }), fc.nat(30), (given, cut) => {
        const first = momentsOf(given.slice(0, cut))
        const second = momentsOf(given.slice(cut))
        const merged = mergeMoments(second, first)
        const stepwise = given.reduce(addMoment, noMoments)
        const expected = variance(given, { ddof: 1 })
        for (const moments of [merged, stepwise, momentsOf(given)]) {
          expect(moments.count).toBe(given.length)
          expect(moments.mean).toBeCloseTo(mean(given), 6)
          expect(Math.abs(momentsVariance(moments, { ddof: 1 }) - expected)).toBeLessThanOrEqual(1e-9 * (1 + expected))
          expect([moments.minimum, moments.maximum]).toEqual([Math.min(...given), Math.max(...given)])
        }
      }),
      { seed: 4 },
    )
  })
  it('are plain JSON', () => {
    expect(JSON.parse(JSON.stringify(momentsOf([1, 3])))).toEqual({
      count: 2,
      mean: 2,
      squares: 2,
      minimum: 1,
      maximum: 3,
    })
    expect(momentsOf([])).toBe(noMoments)
    expect(() => momentsVariance(noMoments, { ddof: 0 })).toThrow(/more than 0/)
    expect(() => momentsOf([1, Number.NaN])).toThrow(/finite/)
  })
})
