import { assertFinite, assertInteger, assertNotEmpty } from './checks.ts'
import { GuerdonError } from './errors.ts'
import { normalCdf, normalQuantile } from './normal.ts'
import type { Random } from './random.ts'

type Numbers = ArrayLike<number>

export interface BootstrapOptions {
  /** Where the resamples come from. Drawn resample by resample, sample by sample, one integer an observation. */
  random: Random
  /** Number of resamples. Default 2000. */
  resamples?: number
  /** Coverage in (0, 1). Default 0.95. */
  confidence?: number
  /** `percentile` (default), or `bca`: corrected for bias and skewness. */
  method?: 'percentile' | 'bca'
}

export interface Interval {
  /** The statistic of the data itself. */
  readonly estimate: number
  readonly low: number
  readonly high: number
}

/**
 * Bootstrap interval of a statistic of one sample: the observations are drawn again with replacement.
 * Throws `empty` for no values, `not_finite` for NaN or ±Infinity, `invalid_option` for options out of range.
 */
export function bootstrapInterval(
  values: Numbers,
  statistic: (values: Float64Array) => number,
  options: BootstrapOptions,
): Interval {
  return stratifiedBootstrapInterval([values], ([only]) => statistic(only), options)
}

/**
 * Bootstrap interval of a statistic of several samples, each drawn again on its own: tasks as strata of one benchmark
 * (Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice", NeurIPS 2021), or the two arms of
 * a comparison.
 *
 * `percentile`: the α/2 and 1 − α/2 quantiles (type 7) of the resampled statistic. `bca` (Efron 1987): the quantiles at
 * Φ(z₀ + (z₀ + z)/(1 − a(z₀ + z))) with z₀ from the share of resamples below the estimate (ties half) and a from the
 * jackknife over all observations; samples of one observation take no part in the jackknife.
 */
export function stratifiedBootstrapInterval(
  samples: readonly Numbers[],
  statistic: (samples: readonly Float64Array[]) => number,
  options: BootstrapOptions,
): Interval {
  const { random, resamples = 2000, confidence = 0.95, method = 'percentile' } = options
  assertNotEmpty(samples, 'samples')
  samples.forEach((sample, s) => {
    assertNotEmpty(sample, `samples[${s}]`)
    assertFinite(sample, `samples[${s}]`)
  })
  assertInteger(resamples, 'resamples', 1)
  if (!(confidence > 0 && confidence < 1)) {
    throw new GuerdonError('invalid_option', `expected a confidence inside (0, 1); got ${confidence}`, {
      path: ['confidence'],
    })
  }
  const data = samples.map(sample => Float64Array.from(sample))
  const estimate = statistic(data)
  const drawn = data.map(sample => new Float64Array(sample.length))
  const statistics = new Float64Array(resamples)
  for (let b = 0; b < resamples; b++) {
    data.forEach((sample, s) => {
      for (let i = 0; i < sample.length; i++) drawn[s][i] = sample[random.integer(sample.length)]
    })
    statistics[b] = statistic(drawn)
  }
  assertFinite(statistics, 'statistics of the resamples')
  statistics.sort()
  const tail = (1 - confidence) / 2
  const ends = method === 'percentile' ? [tail, 1 - tail] : correctedEnds(data, statistic, estimate, statistics, tail)
  return { estimate, low: sortedQuantile(statistics, ends[0]), high: sortedQuantile(statistics, ends[1]) }
}

function correctedEnds(
  data: readonly Float64Array[],
  statistic: (samples: readonly Float64Array[]) => number,
  estimate: number,
  sorted: Float64Array,
  tail: number,
): [number, number] {
  let below = 0
  for (const value of sorted) below += value < estimate ? 1 : value === estimate ? 0.5 : 0
  const bound = 0.5 / sorted.length
  const bias = normalQuantile(Math.min(1 - bound, Math.max(bound, below / sorted.length)))
  const acceleration = jackknifeAcceleration(data, statistic)
  const end = (p: number): number => {
    const shifted = bias + normalQuantile(p)
    return normalCdf(bias + shifted / (1 - acceleration * shifted))
  }
  return [end(tail), end(1 - tail)]
}

/** Σ(θ̄ − θᵢ)³ / (6·(Σ(θ̄ − θᵢ)²)^{3/2}) over leave-one-out statistics θᵢ; 0 when they are all equal. */
function jackknifeAcceleration(
  data: readonly Float64Array[],
  statistic: (samples: readonly Float64Array[]) => number,
): number {
  const leftOut: number[] = []
  data.forEach((sample, s) => {
    if (sample.length < 2) return
    for (let i = 0; i < sample.length; i++) {
      const rest = sample.filter((_, k) => k !== i)
      leftOut.push(statistic(data.map((other, k) => (k === s ? rest : other))))
    }
  })
  const centre = leftOut.reduce((total, value) => total + value, 0) / leftOut.length
  let squares = 0
  let cubes = 0
  for (const value of leftOut) {
    squares += (centre - value) ** 2
    cubes += (centre - value) ** 3
  }
  return squares > 0 ? cubes / (6 * squares ** 1.5) : 0
}

function sortedQuantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1)
  const below = Math.floor(position)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (position - below) * (sorted[above] - sorted[below])
}
