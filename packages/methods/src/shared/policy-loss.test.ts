import { interpret, ndarray, sum, type Tensor, valueAndGrad } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import { klEstimate, klEstimators, klInReward, klPenalty } from './kl.ts'
import { aggregateLoss, type LossAggregation, segmentSums } from './loss-aggregation.ts'
import { cispoLoss, entropyFromLogits, gspoLoss, type PolicyLossInput, ppoClipLoss, valueLoss } from './policy-loss.ts'

const matrix = (rows: number[][]) => ndarray(rows, { dtype: 'float64' })
const ones = (rows: number[][]) => matrix(rows.map(row => row.map(() => 1)))

function run(
  loss: (input: PolicyLossInput) => { loss: Tensor; clipFraction: Tensor },
  given: { logProbs: number[][]; oldLogProbs: number[][]; advantages: number[][] },
) {
  const evaluate = interpret(
    valueAndGrad(
      (logProbs: Tensor, oldLogProbs: Tensor, advantages: Tensor, mask: Tensor) => {
        const result = loss({ logProbs, oldLogProbs, advantages, mask })
        return [result.loss, result.clipFraction] as const
      },
      { hasAux: true },
    ),
  )
  const { logProbs, oldLogProbs, advantages } = given
  const { value, gradient, aux } = evaluate(matrix(logProbs), matrix(oldLogProbs), matrix(advantages), ones(logProbs))
  return { loss: value.data[0], gradient: [...gradient.data], clipFraction: aux.data[0] }
}

describe('policy losses', () => {
  const onPolicy = { logProbs: [[-1, -2]], oldLogProbs: [[-1, -2]], advantages: [[1, -2]] }

  it('all have the policy gradient −A/n on policy', () => {
    const want = [-0.5, 1].map(value => expect.closeTo(value, 7))
    expect(run(ppoClipLoss, onPolicy).gradient).toEqual(want)
    expect(run(cispoLoss, onPolicy).gradient).toEqual(want)
    expect(run(gspoLoss, onPolicy).gradient).toEqual(want)
  })

  it('PPO stops the gradient outside the clip on the side that would go further, CISPO only bounds it', () => {
    // ratios e^.5 ≈ 1.65 and e^−.5 ≈ .61; A > 0 stops above 1.2, A < 0 stops below .8
    const off = { logProbs: [[0.5, -0.5, 0.5, -0.5]], oldLogProbs: [[0, 0, 0, 0]], advantages: [[1, -1, -1, 1]] }
    const ppo = run(ppoClipLoss, off)
    expect(ppo.gradient.map(g => g !== 0)).toEqual([false, false, true, true])
    expect(ppo.clipFraction).toBeCloseTo(0.5, 7)
    expect(run(cispoLoss, off).gradient).toEqual([-1.2, 0.8, 1.2, -0.8].map(w => expect.closeTo(w / 4, 8)))
  })

  it('the dual clip bounds the loss at negative advantages', () => {
    const far = { logProbs: [[3]], oldLogProbs: [[0]], advantages: [[-1]] }
    expect(run(ppoClipLoss, far)).toMatchObject({ loss: 3, gradient: [0] })
    expect(run(input => ppoClipLoss(input, { dualClip: 1000 }), far).loss).toBeCloseTo(Math.exp(3), 9)
  })

  it('GSPO weighs all tokens of a sequence by one ratio', () => {
    // mean log-ratio (0.2 + 0)/2 = 0.1, inside a clip of 0.2
    const given = { logProbs: [[0.2, 0]], oldLogProbs: [[0, 0]], advantages: [[1, 1]] }
    expect(run(gspoLoss, given).gradient).toEqual([1, 1].map(() => expect.closeTo(-Math.exp(0.1) / 2, 7)))
  })

  it('masked entries have no effect, NaN included', () => {
    const evaluate = interpret((logProbs: Tensor, advantages: Tensor, mask: Tensor) =>
      ppoClipLoss({ logProbs, oldLogProbs: logProbs, advantages, mask }),
    )
    const result = evaluate(matrix([[-1, -1]]), matrix([[2, Number.NaN]]), matrix([[1, 0]]))
    expect(result.loss.data[0]).toBe(-2)
  })

  it('clips values', () => {
    const evaluate = interpret((values: Tensor, returns: Tensor, oldValues: Tensor, mask: Tensor) =>
      valueLoss({ values, returns, oldValues, mask }, { clipRange: 0.5 }),
    )
    // v = 1, R = 1, old 0: clipped to .5, squared error max(0, .25), half of it .125
    const { loss, clipFraction } = evaluate(matrix([[1]]), matrix([[1]]), matrix([[0]]), matrix([[1]]))
    expect(loss.data[0]).toBe(0.125)
    expect(clipFraction.data[0]).toBeCloseTo(1, 7)
  })

  it('uniform logits have entropy log n', () => {
    expect(interpret((x: Tensor) => entropyFromLogits(x))(matrix([[3, 3, 3, 3]])).data[0]).toBeCloseTo(Math.log(4), 12)
    const masked = matrix([[1, Number.NEGATIVE_INFINITY, 1]])
    const { value, gradient } = interpret(valueAndGrad((x: Tensor) => sum(entropyFromLogits(x))))(masked)
    expect(value.data[0]).toBeCloseTo(Math.log(2), 12)
    expect([...gradient.data]).toEqual([expect.closeTo(0, 12), expect.closeTo(0, 12), expect.closeTo(0, 12)])
  })

  it('refuses a trust region that is none', () => {
    expect(() => run(input => ppoClipLoss(input, { dualClip: 1 }), onPolicy)).toThrow(/dualClip > 1; got 1/)
    expect(() => run(input => ppoClipLoss(input, { clipLow: -1 }), onPolicy)).toThrow(/clipLow/)
  })
})

describe('loss aggregation', () => {
  const losses = matrix([
    [1, 2, 4],
    [8, 9, 9],
    [9, 9, 9],
  ])
  const mask = matrix([
    [1, 1, 1],
    [1, 0, 0],
    [0, 0, 0],
  ])
  it.each<[LossAggregation, number]>([
    ['token-mean', 15 / 4],
    ['seq-mean-token-sum', (7 + 8) / 2],
    ['seq-mean-token-mean', (7 / 3 + 8) / 2],
    ['seq-mean-token-sum-norm', 15 / 3],
  ])('%s', (aggregation, want) => {
    const evaluate = interpret((x: Tensor, m: Tensor) => aggregateLoss(x, m, { aggregation }))
    expect(evaluate(losses, mask).data[0]).toBeCloseTo(want, 6)
    expect(
      evaluate(
        losses,
        matrix([
          [0, 0, 0],
          [0, 0, 0],
          [0, 0, 0],
        ]),
      ).data[0],
    ).toBe(0)
  })
  it('divides by a given constant', () => {
    const evaluate = interpret((x: Tensor, m: Tensor) =>
      aggregateLoss(x, m, { aggregation: 'seq-mean-token-sum-norm', scale: 30 }),
    )
    expect(evaluate(losses, mask).data[0]).toBe(0.5)
  })
})

it('sums by segment', () => {
  const sums = interpret((x: Tensor) => segmentSums(x, Int32Array.of(1, 0, 1), 3))(Float64Array.of(1, 2, 4))
  expect([...sums.data]).toEqual([2, 5, 0])
})

describe('KL estimators', () => {
  it.each(klEstimators)('%s: graph and number agree, also under the clamps', name => {
    const pairs = [
      [-1, -2],
      [-2, -1],
      [-30, 0],
      [0, -30],
      [-1, -1],
    ]
    const evaluate = interpret((a: Tensor, b: Tensor) => klPenalty(a, b, name))
    const graph = evaluate(matrix([pairs.map(pair => pair[0])]), matrix([pairs.map(pair => pair[1])]))
    expect([...graph.data]).toEqual(pairs.map(([a, b]) => expect.closeTo(klEstimate(a, b, name), 10)))
  })
  it('charges policy tokens only', () => {
    expect([...klInReward([1, 1], [-1, -1], [-2, -2], { beta: 0.5, mask: [1, 0] })]).toEqual([0.5, 1])
    expect(() => klInReward([1], [Number.NaN], [-2])).toThrow(/at token 0/)
  })
})
