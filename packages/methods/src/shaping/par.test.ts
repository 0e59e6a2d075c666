import { batchFromRollouts, bindStage, failed, outcomeAt, type Signal } from '@guerdon/core'
import { interpret, type Tensor } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addToMoments, momentsDeviation, noMoments } from '../shared/running-moments.ts'
import {
  averageWeights,
  centredReward,
  fitSigmoid,
  fittedSigmoid,
  groupAdvantages,
  logSigmoidCentred,
  type OdinBatch,
  odinLoss,
  type ParState,
  parStage,
  policyAdvantages,
  preferenceAsReward,
  regularisedPairLoss,
  type Shape,
  shapeOrder,
  shapeScores,
  shapesWithReferences,
} from './par.ts'

const score = fc.double({ min: -50, max: 50, noNaN: true })
const references = fc.array(score, { minLength: 1, maxLength: 6 })

describe('shapes of one score', () => {
  it('averages logistic values over the first maxReferences references', () => {
    // r = 0 against references 0 and ln 3: σ(0) = 1/2, σ(−ln 3) = 1/4, mean 3/8; the first alone 1/2
    expect(preferenceAsReward(0, [0, Math.log(3)])).toBeCloseTo(0.375, 12)
    expect(preferenceAsReward(0, [0, Math.log(3)], { maxReferences: 1 })).toBe(0.5)
    // k = 2: σ(−2 ln 3) = 1/10
    expect(preferenceAsReward(0, [0, Math.log(3)], { steepness: 2 })).toBeCloseTo(0.3, 12)
  })

  it('is not the logistic of the mean reference', () => {
    expect(preferenceAsReward(0, [-4, 4])).toBeCloseTo(0.5, 12)
    expect(preferenceAsReward(1, [-4, 4])).toBeLessThan(1 / (1 + Math.exp(-1)))
  })

  it('centres the log-sigmoid on the 85th percentile of the references', () => {
    // references 0 and 2: mean 1, sample deviation √2; at the percentile itself log σ(0) = −ln 2
    const percentile = 1 + 1.0364333894937898 * (Math.SQRT2 + 1e-5)
    expect(logSigmoidCentred(percentile, [0, 2])).toBeCloseTo(-Math.LN2, 12)
    expect(logSigmoidCentred(-1000, [0])).toBeCloseTo(-1000, 3)
  })

  it('fits a polynomial that jumps at both ends', () => {
    const fit = fitSigmoid()
    expect(fittedSigmoid(0, fit)).toBeCloseTo(0.5, 6)
    expect(fittedSigmoid(4.999999, fit)).toBeCloseTo(1.0108, 3)
    expect(fittedSigmoid(5, fit)).toBe(1)
    expect(fittedSigmoid(-5, fit)).toBe(0)
  })

  it('refuses a score without references', () => {
    expect(() => preferenceAsReward(1, [])).toThrow(/at least one entry/)
    expect(() => centredReward(1, [])).toThrow(/at least one entry/)
  })

  it('stays in [0, 1], rises with the score and ignores a common shift', () => {
    fc.assert(
      fc.property(score, references, fc.double({ min: 0, max: 5, noNaN: true }), (r, refs, step) => {
        const reward = preferenceAsReward(r, refs)
        expect(reward).toBeGreaterThanOrEqual(0)
        expect(reward).toBeLessThanOrEqual(1)
        expect(preferenceAsReward(r + step, refs)).toBeGreaterThanOrEqual(reward)
        const shifted = preferenceAsReward(
          r + step,
          refs.map(x => x + step),
        )
        expect(shifted).toBeCloseTo(reward, 9)
      }),
    )
  })

  it('does not depend on the order of the references', () => {
    fc.assert(
      fc.property(score, references, (r, refs) => {
        expect(preferenceAsReward(r, [...refs].reverse())).toBeCloseTo(preferenceAsReward(r, refs), 12)
      }),
    )
  })
})

describe('batches', () => {
  it('puts the current batch into the statistics before using them', () => {
    // first batch {1, 3}: μ 2, s 1 → −1, 1; second {5}: μ 3, s² = (4+0+4)/3 → (5−3)/√(8/3) = 1.224745
    const first = shapeScores({ scores: [1, 3] }, { shape: 'meanStd' })
    expect([...first.rewards]).toEqual([-1, 1])
    const second = shapeScores({ scores: [5] }, { shape: 'meanStd' }, first.moments)
    expect(second.rewards[0]).toBeCloseTo(1.2247448714, 9)
    expect(shapeScores({ scores: [5] }, { shape: 'clip' }, first.moments).rewards[0]).toBeCloseTo(3 + Math.sqrt(8 / 3))
    expect(shapeScores({ scores: [2] }, { shape: 'minMax' }, first.moments).rewards[0]).toBe(0.5)
  })

  it('orders ceiling, length penalty and shape', () => {
    // min(5, 3) = 3; 3 − 0.1·(12 − 8) = 2.6; centred on 2.6 → 0 → σ(0)
    const batch = { scores: [5], references: [[2.6]], lengths: [12] }
    const lengthPenalty = { freeTokens: 8, perToken: 0.1 }
    expect(shapeScores(batch, { shape: 'raw', ceiling: 3, lengthPenalty }).rewards[0]).toBeCloseTo(2.6, 12)
    expect(shapeScores(batch, { ceiling: 3, lengthPenalty }).rewards[0]).toBeCloseTo(0.5, 12)
  })

  it('applies several shapes in the fixed order whatever the order given', () => {
    const batch = { scores: [1, 4], references: [[0], [1]] }
    const result = shapeScores(batch, { shape: ['tanh', 'centred'] })
    expect([...result.rewards]).toEqual([Math.tanh(1), Math.tanh(3)])
  })

  it.each([
    ['one item', [1.5], 0, 0.5],
    ['15 equal scores in float32', new Float32Array(15).fill(0.98), 0, 0.5],
  ])('%s: standardises to 0 and scales to the middle', (_, scores, standardised, scaled) => {
    for (const value of shapeScores({ scores }, { shape: 'meanStd' }).rewards) expect(value).toBe(standardised)
    for (const value of shapeScores({ scores }, { shape: 'minMax' }).rewards) expect(value).toBe(scaled)
  })

  it('divides 0 by 0 only under compat released, which also charges for length by default', () => {
    expect(
      shapeScores({ scores: [1, 1], lengths: [1, 1] }, { shape: 'minMax', compat: 'released' }).rewards[0],
    ).toBeNaN()
    const long = { scores: [1], lengths: [400] }
    expect(shapeScores(long, { shape: 'raw', compat: 'released' }).rewards[0]).toBeCloseTo(0, 12)
    expect(shapeScores(long, { shape: 'raw' }).rewards[0]).toBe(1)
    // scores beyond the released start extremes: max stays −10000
    const far = { scores: [-20000, -30000], lengths: [1, 1] }
    expect([...shapeScores(far, { shape: 'minMax', compat: 'released' }).rewards]).toEqual([0.5, 0])
    expect([...shapeScores(far, { shape: 'minMax' }).rewards]).toEqual([1, 0])
  })

  it('never gives NaN for finite input', () => {
    const anything = fc.double({ min: -1e12, max: 1e12, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anything, references), { maxLength: 6 }),
        fc.constantFrom(...shapeOrder),
        (items, shape) => {
          const batch = { scores: items.map(([s]) => s), references: items.map(([, r]) => r) }
          for (const value of shapeScores(batch, { shape }).rewards) expect(Number.isFinite(value)).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('gives each item the same reward alone and in a batch, for every stateless shape', () => {
    const scores = [-2, 0.3, 1.7]
    const rows = [[0.1, -1], [2], [0.4, 0.5, 0.6]]
    const stateless = shapeOrder.filter(shape => !['meanStd', 'clip', 'minMax'].includes(shape))
    for (const shape of stateless) {
      const together = shapeScores({ scores, references: rows }, { shape }).rewards
      scores.forEach((value, i) => {
        expect(shapeScores({ scores: [value], references: [rows[i]] }, { shape }).rewards[0]).toBe(together[i])
      })
    }
  })

  it('says what is missing', () => {
    expect(() => shapeScores({ scores: [1] })).toThrow(/expected references for shape "par"; got none/)
    expect(() => shapeScores({ scores: [1], references: [[]] })).toThrow(/at least one reference score for item 0/)
    expect(() => shapeScores({ scores: [Number.NaN], references: [[1]] })).toThrow(/finite numbers in scores/)
    expect(() => shapeScores({ scores: [1], references: [[Infinity]] })).toThrow(/references\[0\]\[0\]/)
    expect(() => shapeScores({ scores: [1] }, { shape: 'parr' as Shape })).toThrow(/expected shape to be one of/)
    expect(() => shapeScores({ scores: [1] }, { shape: 'raw', compat: 'released' })).toThrow(/lengths/)
  })
})

describe('running moments', () => {
  it('equal the moments of everything at once, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(score, { minLength: 2, maxLength: 20 }), fc.nat(20), (values, cut) => {
        const whole = addToMoments(noMoments, values)
        const parts = addToMoments(addToMoments(noMoments, values.slice(0, cut)), values.slice(cut))
        expect(parts.count).toBe(whole.count)
        expect(parts.mean).toBeCloseTo(whole.mean, 9)
        expect(momentsDeviation(parts, { ddof: 1 })).toBeCloseTo(momentsDeviation(whole, { ddof: 1 }), 7)
        expect(parts.minimum === Math.min(...values)).toBe(true)
        expect(parts.maximum === Math.max(...values)).toBe(true)
      }),
    )
  })
})

describe('advantages', () => {
  it('places the reward on the last response token and whitens over response tokens', () => {
    // β = 0, γ = λ = 1, V = 0: token advantages are 2, 2 | 4 → mean 8/3, population deviation √(8/9)
    const zeros = [
      [0, 0, 0],
      [0, 0, 0],
    ]
    const mask = [
      [0, 1, 1],
      [1, 0, 0],
    ]
    const result = policyAdvantages(
      { rewards: [2, 4], logprobs: zeros, refLogprobs: zeros, values: zeros, mask },
      { klCoefficient: 0, lambda: 1 },
    )
    expect(result.tokenRewards.map(row => [...row])).toEqual([
      [0, 0, 2],
      [4, 0, 0],
    ])
    expect(result.returns.map(row => [...row])).toEqual([
      [0, 2, 2],
      [4, 0, 0],
    ])
    expect(result.advantages[0][1]).toBeCloseTo(-Math.SQRT1_2, 6)
    expect(result.advantages[1][0]).toBeCloseTo(Math.SQRT2, 6)
  })

  it('refuses a response without tokens', () => {
    const row = [[0]]
    expect(() => policyAdvantages({ rewards: [1], logprobs: row, refLogprobs: row, values: row, mask: row })).toThrow(
      /at least one response token; response 0 has none/,
    )
  })

  it('undoes affine shapes within a group, but not par', () => {
    const scores = [0, 1, 5]
    const refs = scores.map(() => [0.5])
    const raw = groupAdvantages(scores, { groupSize: 3 })
    const standardised = groupAdvantages(shapeScores({ scores }, { shape: 'meanStd' }).rewards, { groupSize: 3 })
    const shaped = groupAdvantages(shapeScores({ scores, references: refs }).rewards, { groupSize: 3 })
    expect(standardised[0]).toBeCloseTo(raw[0], 6)
    expect(Math.abs(shaped[0] - raw[0])).toBeGreaterThan(0.1)
    expect([...groupAdvantages([1, 1], { groupSize: 1 })]).toEqual([0, 0])
    expect(() => groupAdvantages([1, 2, 3], { groupSize: 2 })).toThrow(/whole number of groups of 2/)
  })
})

describe('weight averaging', () => {
  it('takes the mean entry by entry and names what differs', () => {
    expect(
      averageWeights([
        { w: [[1, 2]], b: 1 },
        { w: [[3, 4]], b: 2 },
      ]),
    ).toEqual({ w: [[2, 3]], b: 1.5 })
    expect(averageWeights([new Float32Array([1, 2]), new Float32Array([3, 4])])).toEqual(new Float64Array([2, 3]))
    expect(() => averageWeights([{ w: [1, 2] }, { w: [1] }])).toThrow(/2 entries in every model at w/)
    expect(() => averageWeights([])).toThrow(/at least one entry/)
  })
})

describe('reward-model-side rivals', () => {
  it('adds the sum of squares, not the square of the sum', () => {
    // equal-and-opposite scores 1, −1 with w = 0.5: −log σ(2) + 0.5·2
    const loss = interpret((c: Tensor, r: Tensor) => regularisedPairLoss(c, r, { weight: 0.5 }))([1], [-1])
    expect(loss.data[0]).toBeCloseTo(Math.log1p(Math.exp(-2)) + 1, 12)
  })

  it('ODIN rewards a length head that follows length and parallel heads cost 1', () => {
    // l equals the lengths: ρ(l) = 1; q is uncorrelated with length: |ρ(q)| = 0 → length loss −1
    const loss = interpret((batch: OdinBatch) => odinLoss(batch))({
      chosenQuality: [1, -1],
      rejectedQuality: [-1, 1],
      chosenLength: [1, 2],
      rejectedLength: [3, 4],
      lengths: [10, 20, 30, 40],
      qualityHead: [1, 2],
      lengthHead: [-2, -4],
    })
    expect(loss.length.data[0]).toBeCloseTo(-1, 12)
    expect(loss.orthogonal.data[0]).toBeCloseTo(1, 6)
    // q_c + l_c − q_r − l_r = 1+1+1−3 = 0 and −1+2−1−4 = −4
    expect(loss.ranking.data[0]).toBeCloseTo(Math.LN2, 12)
    expect(loss.ranking.data[1]).toBeCloseTo(4 + Math.log1p(Math.exp(-4)), 12)
  })
})

describe('stage', () => {
  const records = (given: readonly { score: unknown; referenceScores?: unknown; tokens?: number }[]) =>
    batchFromRollouts(
      given.map(({ score: value, referenceScores, tokens }, i) => ({
        id: `r${i}`,
        group: 'g',
        prompt: 'p',
        response: 'x',
        ...(tokens === undefined ? {} : { tokens: { ids: Array.from({ length: tokens }, () => 1) } }),
        columns: { score: value, ...(referenceScores === undefined ? {} : { referenceScores }) },
      })),
    )

  it('shapes scored rollouts and keeps the outcome of the others', async () => {
    const stage = bindStage(parStage)
    const batch = records([
      { score: 0, referenceScores: [0, Math.log(3)] },
      { score: failed('timeout', 'too slow'), referenceScores: [0] },
      { score: 1 },
    ])
    const { columns } = await stage.apply(batch, stage.initial())
    const reward = columns['rollout.reward'] as Signal
    expect(reward.values[0]).toBeCloseTo(0.375, 12)
    expect(outcomeAt(reward, 1)).toMatchObject({ status: 'failed', failure: { class: 'timeout' } })
    expect(outcomeAt(reward, 2)).toMatchObject({ status: 'failed', failure: { class: 'invalid_input' } })
    expect(outcomeAt(columns['rollout.parReferences'] as Signal, 0)).toEqual({ status: 'scored', value: 2 })
    expect((columns['rollout.parCentred'] as Signal).values[0]).toBeCloseTo(-Math.log(3) / 2, 12)
  })

  it('falls back to the uncentred shape when told, and shows it', async () => {
    const stage = bindStage(parStage, { onMissingReferences: 'uncentred' })
    const { columns } = await stage.apply(records([{ score: Math.log(3) }]), stage.initial())
    expect((columns['rollout.reward'] as Signal).values[0]).toBeCloseTo(0.75, 12)
    expect((columns['rollout.parReferences'] as Signal).values[0]).toBe(0)
  })

  it('leaves failed rollouts out of the running statistics and resumes from plain JSON', async () => {
    const stage = bindStage(parStage, { shape: 'meanStd' })
    const first = await stage.apply(
      records([{ score: 1 }, { score: 3 }, { score: failed('parse', '?') }]),
      stage.initial(),
    )
    const state = JSON.parse(JSON.stringify(first.state)) as ParState
    expect(state.moments.count).toBe(2)
    const second = await stage.apply(records([{ score: 5 }]), state)
    expect((second.columns['rollout.reward'] as Signal).values[0]).toBeCloseTo(1.2247448714, 9)
  })

  it('charges for length by token, and fails an answer without tokens', async () => {
    const stage = bindStage(parStage, { shape: 'raw', lengthPenalty: { freeTokens: 2, perToken: 0.5 } })
    const { columns } = await stage.apply(
      records([
        { score: 1, tokens: 4 },
        { score: 1, tokens: 0 },
      ]),
      stage.initial(),
    )
    expect((columns['rollout.reward'] as Signal).values[0]).toBe(0)
    expect(outcomeAt(columns['rollout.reward'] as Signal, 1)).toMatchObject({ status: 'failed' })
  })

  it('names the rollout whose references are not numbers', () => {
    const stage = bindStage(parStage)
    expect(() => stage.apply(records([{ score: 1, referenceScores: ['a'] }]), stage.initial())).toThrow(/rollout "r0"/)
  })

  it('declares what it reads', () => {
    expect(bindStage(parStage).reads.map(column => column.name)).toEqual(['rollout.score', 'rollout.referenceScores'])
    expect(bindStage(parStage, { shape: 'clip' }).reads.map(column => column.name)).toEqual(['rollout.score'])
    expect(bindStage(parStage, { compat: 'released' }).reads.map(column => column.name)).toContain('token.mask')
    expect(shapesWithReferences.has('par')).toBe(true)
  })
})
