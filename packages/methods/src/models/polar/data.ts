import { assertFinite, assertInRange, assertNotEmpty, assertSameLength, GuerdonError, mean } from '@guerdon/core'

/** A ranked triple as POLAR is fine-tuned on it. */
export interface PolarTriple<T> {
  readonly reference: T
  readonly chosen: T
  readonly rejected: T
}

/**
 * Reference = best, chosen = second, rejected = worst of three ranked candidates; undefined when ranks tie (such a triple
 * is dropped).
 *
 * @param ranks 1 is best
 * @throws shape_mismatch unless there are three of each
 */
export function rankedTriple<T>(candidates: readonly T[], ranks: readonly number[]): PolarTriple<T> | undefined {
  assertSameLength(candidates, 'candidates', ranks, 'ranks')
  if (candidates.length !== 3) {
    throw new GuerdonError('shape_mismatch', `expected three ranked candidates; got ${candidates.length}`, {
      path: ['candidates'],
    })
  }
  assertFinite(ranks, 'ranks')
  if (new Set(ranks).size < 3) return undefined
  const [best, second, worst] = [0, 1, 2].sort((a, b) => ranks[a] - ranks[b])
  return { reference: candidates[best], chosen: candidates[second], rejected: candidates[worst] }
}

/** Sizes of a pre-training run, in parameters and tokens. */
export interface PolarRunSize {
  readonly modelParameters: number
  /** Tokens the base model was pre-trained on. */
  readonly baseTokens: number
  /** Tokens of reward-model pre-training. */
  readonly rewardTokens: number
}

/**
 * Learning rate 0.0002306·N^0.01125·D_p^−0.66587·D_rm^0.33916 and batch size 31.9032·N^0.06944·D_rm^0.52997 with N in units
 * of 2²⁰ and D in units of 2³⁰: the units that give the paper's own figures (1.4e-5 and 1940; 1.67e-5 and 4343), though its
 * text says millions.
 */
export function polarHyperparameters(size: PolarRunSize): {
  readonly learningRate: number
  readonly batchSize: number
} {
  const parameters = positive(size.modelParameters, 'modelParameters') / 2 ** 20
  const base = positive(size.baseTokens, 'baseTokens') / 2 ** 30
  const reward = positive(size.rewardTokens, 'rewardTokens') / 2 ** 30
  return {
    learningRate: 0.0002306 * parameters ** 0.01125 * base ** -0.66587 * reward ** 0.33916,
    batchSize: 31.9032 * parameters ** 0.06944 * reward ** 0.52997,
  }
}

/** y = coefficient·x^exponent. */
export interface PowerLaw {
  readonly coefficient: number
  readonly exponent: number
}

/** Validation loss over model parameters, and over compute in FLOP (Eq. 9 and 10). */
export const polarScalingLaws = {
  parameters: { coefficient: 0.9, exponent: -0.0425 },
  compute: { coefficient: 2.4, exponent: -0.0342 },
} as const satisfies Record<string, PowerLaw>

/** coefficient·x^exponent for x > 0. */
export function powerLawAt(x: number, law: PowerLaw): number {
  return law.coefficient * positive(x, 'x') ** law.exponent
}

/**
 * Ordinary least squares of log y on log x.
 *
 * @returns the law and R² in log–log space
 * @throws invalid_input for fewer than two different x
 */
export function fitPowerLaw(x: ArrayLike<number>, y: ArrayLike<number>): PowerLaw & { readonly r2: number } {
  assertNotEmpty(x, 'x')
  assertSameLength(x, 'x', y, 'y')
  const logX = Float64Array.from(x, (value, i) => Math.log(positive(value, `x[${i}]`)))
  const logY = Float64Array.from(y, (value, i) => Math.log(positive(value, `y[${i}]`)))
  const meanX = mean(logX)
  const meanY = mean(logY)
  let xx = 0
  let xy = 0
  let yy = 0
  for (let i = 0; i < logX.length; i++) {
    xx += (logX[i] - meanX) ** 2
    xy += (logX[i] - meanX) * (logY[i] - meanY)
    yy += (logY[i] - meanY) ** 2
  }
  if (xx === 0)
    throw new GuerdonError('invalid_input', 'expected at least two different x to fit a line', { path: ['x'] })
  const exponent = xy / xx
  return { coefficient: Math.exp(meanY - exponent * meanX), exponent, r2: yy === 0 ? 1 : (xy * xy) / (xx * yy) }
}

function positive(value: number, name: string): number {
  assertInRange(value, name, Number.MIN_VALUE, Number.MAX_VALUE)
  return value
}
