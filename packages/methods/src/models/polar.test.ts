import { batchFromRollouts, bindStage, outcomeAt, type Signal, type TextColumn } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  characterTokenizer,
  fitPowerLaw,
  type PolarInputOptions,
  type PolarLossOptions,
  polarHyperparameters,
  polarInput,
  polarLoss,
  polarScalingLaws,
  polarStage,
  policyDiscriminationLoss,
  powerLawAt,
  rankedTriple,
  splitThinking,
} from './polar.ts'

const pack = (prompt: string, reference: string, candidate: string, options: PolarInputOptions = {}) =>
  polarInput({ prompt, reference, candidate }, characterTokenizer, options)

describe('input', () => {
  it('puts the reference first and the same prompt before both answers', () => {
    expect(pack('p', 'r', 'c')).toBe('p\nr<|reward|>p\nc[UNUSED_TOKEN_130]')
    expect(pack('p', 'r', 'c', { wrapper: 'pretrain' })).toBe('pr<|reward|>pc[UNUSED_TOKEN_130]')
  })

  it('cuts answers first, then keeps the end of the prompt', () => {
    // answers cut to 2 each; budget ⌊(14 − 4 − 2 − 2)/2⌋ = 3
    const limits = { maxLength: 14, maxResponseLength: 2 }
    expect(pack('abcdef', 'xyz', 'uvw', limits)).toBe('def\nxy<|reward|>def\nuv[UNUSED_TOKEN_130]')
    expect(pack('abcdef', 'xyz', 'uvw', { ...limits, responseCutSide: 'left' })).toContain('def\nyz<|reward|>def\nvw')
  })

  it('keeps no prompt when there is no room; the released slice keeps the wrong part', () => {
    const none = { maxLength: 6, maxResponseLength: 1 }
    expect(pack('abcdef', 'x', 'y', none)).toBe('\nx<|reward|>\ny[UNUSED_TOKEN_130]')
    expect(pack('abcdef', 'x', 'y', { ...none, compat: 'released' })).toContain('abcdef\nx')
    // budget −1: everything but the first token
    expect(pack('abcdef', 'x', 'y', { maxLength: 4, compat: 'released' })).toContain('bcdef\nx')
  })

  it('joins messages by newlines', () => {
    const dialogue = [{ content: 'hi' }, { content: 'bye' }]
    expect(polarInput({ prompt: dialogue, reference: 'r', candidate: [{ content: 'c' }] }, characterTokenizer)).toBe(
      'hi\nbye\nr<|reward|>hi\nbye\nc[UNUSED_TOKEN_130]',
    )
  })

  it.each([
    ['<think>a</think> b', 'a', 'b'],
    ['x <think>a</think>b<think>c</think>', 'a', 'b<think>c</think>'],
    ['<think>open', '', '<think>open'],
    [' plain ', '', ' plain '],
  ])('splits %j', (text, thinking, answer) => {
    expect(splitThinking(text)).toEqual({ thinking, answer })
  })
})

describe('losses', () => {
  const run = (chosen: number[], rejected: number[], options: PolarLossOptions) =>
    interpret(
      valueAndGrad(
        (p: { c: Tensor; r: Tensor }) => {
          const loss = polarLoss(p.c, p.r, options)
          return [loss.total, loss] as const
        },
        { hasAux: true },
      ),
    )({ c: chosen, r: rejected })

  it('without options is the pre-training loss', () => {
    const plain = interpret(policyDiscriminationLoss)([1, -2], [0, 3]).data[0]
    expect(run([1, -2], [0, 3], {}).value.data[0]).toBeCloseTo(plain, 12)
  })

  it('focal leaves wrong pairs alone and damps right ones', () => {
    // d = ln 3: σ = 3/4, weight (1 − 2·1/4)² = 1/4
    const right = run([Math.log(3)], [0], { loss: 'focal' }).value.data[0]
    expect(right).toBeCloseTo(0.25 * Math.log(4 / 3), 12)
    const wrong = run([0], [Math.log(3)], { loss: 'focal' }).value.data[0]
    expect(wrong).toBeCloseTo(Math.log(4), 12)
  })

  it('divides penalties over 2N scores by N', () => {
    const squared = run([1, 2], [0, 3], { penalty: 'squared', penaltyWeight: 0.1 })
    expect(squared.aux.penalty.data[0]).toBe(7)
    const barrier = run([0], [0], { penalty: 'logBarrier' })
    expect(barrier.aux.penalty.data[0]).toBeCloseTo(-4 * Math.log(5), 12)
  })

  it('has no barrier gradient outside the bounds', () => {
    const plain = run([9], [0], {}).gradient.c.data[0]
    expect(run([9], [0], { penalty: 'logBarrier', penaltyWeight: 1 }).gradient.c.data[0]).toBeCloseTo(plain, 12)
  })
})

describe('data and scaling', () => {
  it('orders a triple by rank and drops ties', () => {
    expect(rankedTriple(['x', 'y', 'z'], [3, 1, 2])).toEqual({ reference: 'y', chosen: 'z', rejected: 'x' })
    expect(rankedTriple(['x', 'y', 'z'], [1, 1, 2])).toBeUndefined()
    expect(() => rankedTriple(['x'], [1])).toThrow(/three ranked candidates; got 1/)
  })

  it('gives the figures of the paper', () => {
    const small = polarHyperparameters({ modelParameters: 1.8e9, baseTokens: 2.5e12, rewardTokens: 0.94e12 })
    expect(small.learningRate).toBeCloseTo(1.43e-5, 7)
    expect(Math.round(small.batchSize)).toBe(1940)
    expect(powerLawAt(1, polarScalingLaws.compute)).toBe(2.4)
  })

  it('recovers a power law', () => {
    const number = fc.double({ min: 0.1, max: 3, noNaN: true })
    fc.assert(
      fc.property(number, fc.double({ min: -1, max: 1, noNaN: true }), (coefficient, exponent) => {
        const x = [1, 10, 100, 1000]
        const fit = fitPowerLaw(
          x,
          x.map(value => powerLawAt(value, { coefficient, exponent })),
        )
        expect(fit.coefficient).toBeCloseTo(coefficient, 8)
        expect(fit.exponent).toBeCloseTo(exponent, 8)
      }),
    )
    expect(() => fitPowerLaw([2, 2], [1, 2])).toThrow(/two different x/)
    expect(() => fitPowerLaw([0, 2], [1, 2])).toThrow(/x\[0\]/)
  })
})

describe('stage', () => {
  it('packs what is complete and fails what has no reference', async () => {
    const batch = batchFromRollouts([
      { id: 'a', prompt: 'p', response: '<think>t</think>c', reference: 'r' },
      { id: 'b', prompt: 'p', response: 'c' },
    ])
    const stage = bindStage(polarStage)
    const { columns } = await stage.apply(batch, stage.initial())
    const packed = columns['rollout.polarInput'] as TextColumn
    expect(packed.values).toEqual(['p\nr<|reward|>p\nc[UNUSED_TOKEN_130]', undefined])
    expect(outcomeAt(columns['rollout.polarReady'] as Signal, 1)).toMatchObject({ status: 'failed' })
  })

  it('names the rollout whose reference is neither text nor messages', () => {
    const batch = batchFromRollouts([{ id: 'a', prompt: 'p', response: 'c', reference: 4 }])
    const stage = bindStage(polarStage)
    expect(() => stage.apply(batch, stage.initial())).toThrow(/rollout "a"/)
  })
})
