import { interpret, mul, sum, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pairLoss } from '../shared/pair-loss.ts'
import {
  type DenoisedLossOptions,
  denoisedPairLoss,
  differenceFeatures,
  flipLowest,
  inverseSquareRootMultiplier,
  meanScoreSpread,
  metaStep,
  partitionByStrength,
  preferenceStrength,
  rewardTrainerLoss,
  scoreSpread,
  simcseLoss,
  sinkhornCodes,
  swavLoss,
} from './rlhf-secrets-2.ts'

describe('strength', () => {
  it('is mean and population deviation of the differences', () => {
    // differences of pair 0: 1 and 3; of pair 1: −1 and −1
    const { mean, std } = preferenceStrength(
      [
        [1, 0],
        [4, 0],
      ],
      [
        [0, 1],
        [1, 1],
      ],
    )
    expect([...mean]).toEqual([2, -1])
    expect([...std]).toEqual([1, 0])
  })

  it('one model has no spread; ragged models are refused', () => {
    expect([...preferenceStrength([[1]], [[0]]).std]).toEqual([0])
    expect(() => preferenceStrength([[1, 2]], [[0]])).toThrow(/rejectedByModel\[0\] to have the length/)
    expect(() => preferenceStrength([[Number.NaN]], [[0]])).toThrow(/finite/)
  })

  it('gives the first groups one more, keeps the order of ties', () => {
    const { order, groupOfPair } = partitionByStrength([0, 0, 1, -1, 2], { groups: 2 })
    expect([...order]).toEqual([3, 0, 1, 2, 4])
    expect([...groupOfPair]).toEqual([0, 0, 1, 0, 1])
  })

  it('flips ⌊q·n⌋ of the weakest', () => {
    expect([...flipLowest([3, -1, 0, 2], { fraction: 0.49 })]).toEqual([0, 1, 0, 0])
    expect([...flipLowest([3, -1], { fraction: 0 })]).toEqual([0, 0])
    expect(() => flipLowest([1], { fraction: 1.5 })).toThrow(/fraction in \[0, 1\]/)
  })

  it.each([
    [0, 0.1],
    [50, 0.5],
    [100, 1],
    [400, 0.5],
    [1e18, 1e-8],
  ])('learning-rate multiplier at %d', (step, expected) => {
    expect(inverseSquareRootMultiplier(step, { warmup: 100 })).toBeCloseTo(expected, 12)
  })
})

describe('denoised losses', () => {
  const loss = (d: number, mu: number, options: DenoisedLossOptions) =>
    interpret((c: Tensor, r: Tensor, m: Tensor) => denoisedPairLoss(c, r, m, options))([d], [0], [mu]).data[0]
  const nll = (z: number) => Math.log1p(Math.exp(-z))

  it.each([
    ['base', 0.7, -0.4, nll(0.7)],
    ['margin', 0.7, -0.4, nll(1.1)],
    ['labelSmoothing', 0.7, 5, 0.8 * nll(0.7) + 0.2 * nll(-0.7)],
    ['softLabelMargin', 0.7, 0.4, nll(0.3)],
    ['softLabelMargin', 0.7, -0.4, 0.8 * nll(1.1) + 0.2 * nll(-1.1)],
    ['flipMargin', 0.7, 0.4, nll(0.3)],
    ['flipMargin', 0.7, -0.4, nll(-1.1)],
    ['flipMargin', 0.7, 0, nll(0.7)],
  ] as const)('%s at d = %d, μ = %d', (mode, d, mu, expected) => {
    expect(loss(d, mu, { mode, alpha: 0.2 })).toBeCloseTo(expected, 12)
  })

  it('flip + margin of a doubtful pair is margin of the exchanged pair', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.double({ min: 0.01, max: 5, noNaN: true }),
        (d, mu) => {
          expect(loss(d, -mu, { mode: 'flipMargin' })).toBeCloseTo(loss(-d, mu, { mode: 'margin' }), 9)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('refuses α above one half, where the label would turn round', () => {
    expect(() => loss(0, 0, { mode: 'labelSmoothing', alpha: 0.51 })).toThrow(/alpha in \[0, 0.5\]/)
  })

  it('released: saturates at −log 1e-5, where the stable loss still grows', () => {
    expect(loss(-100, 0, { compat: 'released' })).toBeCloseTo(-Math.log(1e-5), 9)
    expect(loss(-100, 0, {})).toBeCloseTo(100, 9)
    expect(loss(2, 0, { compat: 'released' })).toBeCloseTo(loss(2, 0, {}), 4)
  })
})

describe('contrastive', () => {
  it('orders difference features', () => {
    expect([...interpret(differenceFeatures)([[3, 1]], [[1, 2]]).data]).toEqual([2, -1, -2, 1])
  })

  it('SimCSE: one sample costs nothing; B equal samples cost ln B', () => {
    const loss = interpret((a: Tensor, b: Tensor) => simcseLoss(a, b).loss)
    expect(loss([[1, 2]], [[3, -1]]).data[0]).toBeCloseTo(0, 12)
    expect(
      loss(
        [
          [1, 2],
          [2, 4],
          [3, 6],
        ],
        [
          [1, 2],
          [1, 2],
          [1, 2],
        ],
      ).data[0],
    ).toBeCloseTo(Math.log(3), 12)
  })

  it('codes are rows of shares, spread evenly over prototypes once converged', () => {
    const codes = interpret((s: Tensor) => sinkhornCodes(s, { sinkhornIterations: 200 }))([
      [0.1, 0.2],
      [0.3, -0.1],
      [0, 0.1],
      [0.2, 0.2],
    ])
    const column = [0, 0]
    for (let i = 0; i < 4; i++) {
      expect(codes.data[2 * i] + codes.data[2 * i + 1]).toBeCloseTo(1, 9)
      column[0] += codes.data[2 * i]
      column[1] += codes.data[2 * i + 1]
    }
    expect(column[0]).toBeCloseTo(2, 6)
    expect(column[1]).toBeCloseTo(2, 6)
  })

  it('SwAV: turning a view onto its own prototype needs no change, and too small a batch is refused', () => {
    const views = [
      [1, 0],
      [0, 1],
    ]
    const run = interpret(valueAndGrad((a: Tensor, b: Tensor, c: Tensor) => swavLoss(a, b, c).loss))
    const { gradient } = run(views, views, [
      [1, 0.1],
      [0.1, 1],
    ])
    expect(gradient.data[0]).toBeCloseTo(0, 9)
    expect(() =>
      run(
        [[1, 0]],
        [[1, 0]],
        [
          [1, 0],
          [0, 1],
          [1, 1],
        ],
      ),
    ).toThrow(/half the 3 prototypes; got 1/)
  })
})

describe('MetaRM', () => {
  it('spread of equal scores is (k − 1)/(2k) without gradient; of one score 0', () => {
    const run = interpret(valueAndGrad(scoreSpread))
    const equal = run([2, 2, 2, 2])
    expect(equal.value.data[0]).toBeCloseTo(3 / 8, 12)
    expect([...equal.gradient.data]).toEqual([0, 0, 0, 0])
    expect(run([5]).value.data[0]).toBe(0)
    // two scores ln 3 apart: (2/4)·(3/4)
    expect(run([0, Math.log(3)]).value.data[0]).toBeCloseTo(0.375, 12)
  })

  const linear = (x: Tensor, w: Tensor) => sum(mul(x, w), { axis: 1 })
  const step = (eta: number, alpha: number) =>
    interpret((w: { v: Tensor }, c: Tensor, r: Tensor, s: Tensor) =>
      metaStep(
        w,
        {
          spread: p => meanScoreSpread([linear(s, p.v)]),
          preference: p => pairLoss(linear(c, p.v), linear(r, p.v)),
        },
        { eta, alpha },
      ),
    )(
      { v: [0.2, -0.1] },
      [[1, 2]],
      [[0, 1]],
      [
        [1, 0],
        [0, 1],
        [2, 2],
      ],
    )

  it('raises the spread, and takes the loss gradient at the lookahead without second derivatives', () => {
    const result = step(0.3, 0.5)
    expect(step(1e-3, 0).lookahead.v.data[0]).toBeCloseTo(0.2 + 1e-3 * result.spreadGradient.v.data[0], 12)
    const z = result.lookahead.v.data[0] + result.lookahead.v.data[1]
    const slope = -1 / (1 + Math.exp(z))
    expect(result.lossGradient.v.data[0]).toBeCloseTo(slope, 12)
    expect(result.next.v.data[0]).toBeCloseTo(0.2 - 0.5 * slope, 12)
  })

  it('with η = 0 is plain gradient descent', () => {
    const result = step(0, 0.5)
    expect(result.lookahead.v.data[0]).toBe(0.2)
    expect(result.next.v.data[1]).toBeCloseTo(-0.1 + 0.5 / (1 + Math.exp(0.1)), 12)
  })
})

describe('loss of the released trainer', () => {
  const run = (languageFactor: number, mask: number[][]) =>
    interpret(
      (chosen: Tensor, rejected: Tensor, strength: Tensor, logits: Tensor, tokens: Tensor, counted: Tensor) => ({
        ...rewardTrainerLoss(chosen, rejected, strength, { logits, tokens, mask: counted }, { languageFactor }),
      }),
    )(
      [0],
      [0],
      [0],
      [
        [
          [0, 0],
          [Math.log(3), 0],
        ],
      ],
      [[0, 0]],
      mask,
    )

  it('adds the token mean of −log p of the chosen response', () => {
    // p = 1/2 and 3/4
    const both = run(0.5, [[1, 1]])
    expect(both.preference.data[0]).toBeCloseTo(Math.LN2, 12)
    expect(both.language.data[0]).toBeCloseTo((Math.LN2 + Math.log(4 / 3)) / 2, 12)
    expect(both.total.data[0]).toBeCloseTo(Math.LN2 + both.language.data[0] / 2, 12)
    expect(run(0, [[1, 1]]).total.data[0]).toBeCloseTo(Math.LN2, 12)
  })

  it('leaves out what the mask leaves out, and a response without tokens adds nothing', () => {
    expect(run(1, [[0, 1]]).language.data[0]).toBeCloseTo(Math.log(4 / 3), 12)
    expect(run(1, [[0, 0]]).total.data[0]).toBeCloseTo(Math.LN2, 12)
  })
})
