import { batchFromRollouts, bindStage, failed, outcomeAt, Random, type Signal } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MlpLayer } from '../shared/mlp.ts'
import {
  type AnnotatedReturns,
  annealSlope,
  type ContextEncoderWeights,
  categoricalLoss,
  clampPosterior,
  controlKl,
  controlLoss,
  decodeRewards,
  encodeAnnotations,
  encodeContexts,
  encodePairs,
  labelHypotheses,
  languageKl,
  languageLoss,
  learnedNormalisation,
  meanVarianceLoss,
  nextAnnealStep,
  type Posterior,
  positionWeightedMean,
  queryScore,
  type RadialFlow,
  radialFlows,
  reparameterise,
  type SetEncoderWeights,
  scaleByMaximum,
  scaleExponentially,
  scalePerMode,
  vplStage,
  winRateRewards,
} from './vpl.ts'

const standard = { mean: [[0, 0]], logVar: [[0, 0]] }

describe('posterior', () => {
  it('KL: 0 at the prior; ½·μ² for a shifted mean; the control variant counts it twice', () => {
    const control = interpret((p: Posterior) => controlKl(p))
    expect(control(standard).data[0]).toBeCloseTo(0, 12)
    expect(control({ mean: [[3, 0]], logVar: [[0, 0]] }).data[0]).toBeCloseTo(9, 12)
    expect(
      interpret(languageKl)({
        mean: [
          [3, 0],
          [0, 0],
        ],
        logVar: [
          [0, 0],
          [0, 0],
        ],
      }).data[0],
    ).toBeCloseTo(2.25, 12)
  })

  it('KL to a learned prior is 0 where both agree, and a standard prior given is the default', () => {
    const run = interpret((p: Posterior, q: Posterior) => controlKl(p, q))
    expect(run({ mean: [[1, 2]], logVar: [[0.3, -1]] }, { mean: [1, 2], logVar: [0.3, -1] }).data[0]).toBeCloseTo(0, 12)
    const posterior = { mean: [[1, 2]], logVar: [[0.3, -1]] }
    const given = run(posterior, { mean: [0, 0], logVar: [0, 0] }).data[0]
    expect(given).toBeCloseTo(interpret((p: Posterior) => controlKl(p))(posterior).data[0], 12)
  })

  it('samples μ + σ·ε, on the sphere of radius √d when told', () => {
    const sample = (projection: 'none' | 'sphere') =>
      interpret((p: Posterior, e: Tensor) => reparameterise(p, e, { projection }))(
        { mean: [[1, 0]], logVar: [[Math.log(4), 0]] },
        [[1, 0]],
      ).data
    expect([...sample('none')]).toEqual([3, 0])
    expect(sample('sphere')[0]).toBeCloseTo(Math.SQRT2, 12)
  })

  it('clamps both parts', () => {
    const held = interpret((p: Posterior) => clampPosterior(p))({ mean: [[3]], logVar: [[-2]] })
    expect([held.mean.data[0], held.logVar.data[0]]).toEqual([1, -1])
  })
})

describe('encoders', () => {
  const identity = [
    [1, 0],
    [0, 1],
  ]
  const zero = [
    [0, 0],
    [0, 0],
  ]
  const weights = {
    query: { weight: zero },
    key: { weight: zero },
    value: { weight: identity },
    mean: { weight: identity },
    logVar: { weight: zero, bias: [0.5, 0.5] },
  }
  const encode = (pairs: number[][], users: [number, number][]) =>
    interpret((p: Tensor, w: ContextEncoderWeights) => encodeContexts(p, users, w))(pairs, weights)

  it('with no query or key attends evenly: the mean of the context', () => {
    const posterior = encode(
      [
        [1, 0],
        [3, 2],
        [7, 7],
      ],
      [
        [0, 2],
        [2, 3],
      ],
    )
    expect([...posterior.mean.data]).toEqual([2, 1, 7, 7])
    expect([...posterior.logVar.data]).toEqual([0.5, 0.5, 0.5, 0.5])
  })

  it('an empty context is the prior; users outside the pairs are refused', () => {
    const posterior = encode(
      [[1, 0]],
      [
        [0, 0],
        [0, 1],
      ],
    )
    expect([...posterior.mean.data]).toEqual([0, 0, 1, 0])
    expect([...posterior.logVar.data]).toEqual([0, 0, 0.5, 0.5])
    expect(() => encode([[1, 0]], [[0, 2]])).toThrow(/rows within \[0, 1\] for user 0/)
  })

  it('does not depend on the order of a context', () => {
    const rows = [
      [1, 0.2],
      [-0.4, 2],
      [0.3, -1],
    ]
    const attentive = {
      ...weights,
      query: { weight: identity },
      key: {
        weight: [
          [0.5, 1],
          [-1, 0.2],
        ],
      },
    }
    const run = (pairs: number[][]) =>
      interpret((p: Tensor, w: ContextEncoderWeights) => encodeContexts(p, [[0, 3]], w))(pairs, attentive).mean.data
    const reversed = run([...rows].reverse())
    run(rows).forEach((value, i) => {
      expect(value).toBeCloseTo(reversed[i], 12)
    })
  })

  it('reads a whole set side by side', () => {
    // one annotation, one number a segment: input (s1, s2, y) = (2, 3, 1); identity layer, read-outs pick and sum
    const layers = {
      weight: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    }
    const posterior = interpret((first: Tensor, second: Tensor, labels: Tensor, w: SetEncoderWeights) =>
      encodeAnnotations({ first, second, labels }, w),
    )([[[2]]], [[[3]]], [[1]], { layers: [layers], mean: { weight: [[1, 1, 1]] }, logVar: { weight: [[0, 0, 1]] } })
    expect([posterior.mean.data[0], posterior.logVar.data[0]]).toEqual([6, 1])
  })

  it('embeds pairs and decodes rewards from state and latent', () => {
    const sumOf = [{ weight: [[1, 1]] }]
    const pairs = interpret((c: Tensor, r: Tensor, w: MlpLayer[]) => encodePairs(c, r, w))([[1]], [[2]], sumOf)
    expect([...pairs.data]).toEqual([3])
    const rewards = interpret((x: Tensor, z: Tensor, w: MlpLayer[]) => decodeRewards(x, z, w))([[1]], [[5]], sumOf)
    expect(rewards.shape).toEqual([1])
    expect(rewards.data[0]).toBe(6)
  })

  it('radial flows: log-determinant equals that of the map', () => {
    const flows = [
      { a: [0.2], b: [0.7], centre: [[0.5]] },
      { a: [-0.3], b: [-1], centre: [[-1]] },
    ]
    const run = interpret((z: Tensor, f: RadialFlow[]) => radialFlows(z, f))
    const at = (x: number) => run([[x]], flows)
    const slope = (at(0.3 + 1e-6).z.data[0] - at(0.3 - 1e-6).z.data[0]) / 2e-6
    expect(at(0.3).logDet.data[0]).toBeCloseTo(Math.log(Math.abs(slope)), 6)
  })

  it('pools with weights 1 … T over the mask', () => {
    // (1·2 + 2·5)/3
    expect(interpret(positionWeightedMean)([[[2], [5], [99]]], [[1, 1, 0]]).data[0]).toBe(4)
  })
})

describe('losses', () => {
  const control = (compat: 'released' | null, first: number) =>
    interpret((r: AnnotatedReturns, p: Posterior) => controlLoss(r, p, { rewardScaling: 2, klWeight: 0.5, compat }))(
      { first: [[first, 0]], second: [[0, 0]], labels: [[1, 0]] },
      standard,
    )

  it('control: summed cross-entropy of scaled returns', () => {
    const expected = Math.log1p(Math.exp(-0.5)) + Math.LN2
    expect(control(null, 1).reconstruction.data[0]).toBeCloseTo(expected, 12)
    expect(control('released', 1).reconstruction.data[0]).toBeCloseTo(expected, 12)
  })

  it('released: one impossible label costs at most 100', () => {
    expect(control(null, -4000).reconstruction.data[0]).toBeCloseTo(2000 + Math.LN2, 9)
    expect(control('released', -4000).reconstruction.data[0]).toBeCloseTo(100 + Math.LN2, 9)
  })

  it('language: mean pair loss plus weighted mean KL', () => {
    const loss = interpret((c: Tensor, r: Tensor, p: Posterior) => languageLoss(c, r, p, { klWeight: 2, slope: 0.5 }))(
      [0],
      [0],
      { mean: [[2]], logVar: [[0]] },
    )
    expect(loss.total.data[0]).toBeCloseTo(Math.LN2 + 2, 12)
  })

  it('anneals from the baseline and starts again before 1', () => {
    const options = { shape: 'linear', totalSteps: 2, baseline: 0.2, cyclical: true } as const
    expect([annealSlope(0, options), annealSlope(1, options)]).toEqual([0.2, 0.6000000000000001])
    expect(nextAnnealStep(1, options)).toBe(0)
    expect(nextAnnealStep(1, { ...options, cyclical: false })).toBe(2)
    expect(nextAnnealStep(2, { ...options, cyclical: false })).toBe(2)
    expect(annealSlope(2, { ...options, shape: 'cosine' })).toBe(1)
    expect(() => annealSlope(3, options)).toThrow(/step in \[0, 2\]/)
  })

  it('categorical: a sure win costs nothing but entropy, equal distributions cost ln 2', () => {
    const run = interpret((c: Tensor, r: Tensor) => categoricalLoss(c, r))
    expect(run([[-50, 50]], [[50, -50]]).reconstruction.data[0]).toBeCloseTo(0, 12)
    const equal = run([[1, 2, 0.5]], [[1, 2, 0.5]])
    expect(equal.reconstruction.data[0]).toBeCloseTo(Math.LN2, 12)
    expect(run([[0, 0]], [[0, 0]]).entropyTerm.data[0]).toBeCloseTo(-Math.LN2, 12)
  })

  it('mean–variance: equal means cost ln 2; certainty sharpens', () => {
    const run = interpret(valueAndGrad((c: Tensor, r: Tensor) => meanVarianceLoss(c, r).total))
    expect(run([[1, 0]], [[1, 3]]).value.data[0]).toBeCloseTo(Math.LN2, 12)
    const sure = run([[1, -4]], [[0, -4]]).value.data[0]
    expect(sure).toBeLessThan(run([[1, 0]], [[0, 0]]).value.data[0])
  })
})

describe('rewards across users', () => {
  it('scales each user to the same range; a flat user gets 0', () => {
    expect([...scalePerMode([0, 10, 5, 3], ['a', 'a', 'a', 'b'])]).toEqual([0, 0.01, 0.005, 0])
    expect([...scaleByMaximum([-4, 2, 0])]).toEqual([-1, 0.5, 0])
    expect([...scaleByMaximum([0, 0])]).toEqual([0, 0])
    expect(scaleExponentially([0, 1])[1]).toBeCloseTo(Math.exp(10) * 0.01, 9)
  })

  it('ignores each user’s own shift and scale', () => {
    const value = fc.double({ min: -10, max: 10, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 2, maxLength: 5 }),
        fc.double({ min: 0.1, max: 9, noNaN: true }),
        (r, scale) => {
          const users = r.map(() => 'u')
          const plain = scalePerMode(r, users)
          scalePerMode(
            r.map(x => scale * x + 3),
            users,
          ).forEach((x, i) => {
            if (Math.max(...r) - Math.min(...r) > 1e-6) expect(x).toBeCloseTo(plain[i], 6)
          })
        },
      ),
    )
  })

  it('normalises by log-mean-exp without overflow', () => {
    const result = learnedNormalisation([1000], [1000, 1000])
    expect(result.logMeanExp).toBeCloseTo(1000, 9)
    expect(result.rewards[0]).toBeCloseTo(1, 12)
  })

  it('averages wins, then stretches', () => {
    const { probabilities, rewards } = winRateRewards([[0, 0]], { temperature: 0.5 })
    expect(probabilities[0]).toBe(0.5)
    expect(rewards[0]).toBeCloseTo(Math.E, 12)
    expect(winRateRewards([[0]], { temperature: 0 }).rewards[0]).toBe(0.5)
  })
})

describe('active queries', () => {
  it('prefers what could shrink the posterior in different ways', () => {
    const even = queryScore([[0], [0]])
    // one hypothesis sure, one not: log mean v − mean log v > 0
    const split = queryScore([[-2], [2]])
    expect(even.informationGain).toBeCloseTo(0, 12)
    expect(split.informationGain).toBeLessThan(even.informationGain)
    expect(split.minimumEntropy).toBeCloseTo(0.5 * (1 + Math.log(2 * Math.PI) - 2), 12)
  })

  it('draws distinct label vectors, all of them when there are few', () => {
    const vectors = labelHypotheses(3, new Random(1), { samples: 50 })
    expect(new Set(vectors.map(v => v.join(''))).size).toBe(8)
    expect(labelHypotheses(40, new Random(1), { samples: 5 })[0]).toHaveLength(40)
    expect(labelHypotheses(3, new Random(7), { samples: 2 })).toEqual(labelHypotheses(3, new Random(7), { samples: 2 }))
  })
})

describe('stage', () => {
  it('scales scored rollouts within each user', async () => {
    const batch = batchFromRollouts(
      [
        { score: 1, user: 'a' },
        { score: 3, user: 'a' },
        { score: 100, user: 'b' },
        { score: 200, user: 'b' },
        { score: failed('timeout', 'slow'), user: 'b' },
      ].map((columns, i) => ({ id: `r${i}`, prompt: 'p', response: 'x', columns })),
    )
    const stage = bindStage(vplStage, { size: 1 })
    const reward = (await stage.apply(batch, stage.initial())).columns['rollout.reward'] as Signal
    expect([...reward.values.slice(0, 4)]).toEqual([0, 1, 0, 1])
    expect(outcomeAt(reward, 4)).toMatchObject({ status: 'failed' })
    const whole = bindStage(vplStage, { scaling: 'maximum' })
    const scaled = (await whole.apply(batch, whole.initial())).columns['rollout.reward'] as Signal
    expect(scaled.values[3]).toBe(1)
  })
})
