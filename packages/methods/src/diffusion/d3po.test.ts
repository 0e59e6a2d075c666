import { batchFromRollouts, bindStage, numbers } from '@guerdon/core'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  averageMarks,
  batchAdvantages,
  d3poStage,
  d3poStepLoss,
  ddpoStage,
  ddpoStepLoss,
  denoisingKl,
  denoisingLogProb,
  kWisePairs,
  perPromptAdvantages,
  preferenceLabel,
} from './d3po.ts'

interface Pair {
  first: Tensor
  second: Tensor
}

function loss(
  policy: number[][],
  reference: number[][],
  labels: number[][],
  options: Parameters<typeof d3poStepLoss>[3] = {},
) {
  const pair = ([first, second]: number[][]) => ({ first, second })
  const f = (a: Pair, b: Pair, c: Pair) => d3poStepLoss(a, b, c, options)
  const { value, gradient } = interpret(valueAndGrad(f))(pair(policy), pair(reference), pair(labels))
  return { value: value.data[0], first: Array.from(gradient.first.data), second: Array.from(gradient.second.data) }
}

describe('labels', () => {
  it.each([
    [1, 2, [-1, 1]],
    [2, 1, [1, -1]],
    [1, 1, [0, 0]],
    [
      [1, 2],
      [1, 1],
      [1, -1],
    ],
    [
      [1, 2],
      [2, 1],
      [0, 0],
    ],
  ])('compare %j with %j', (first, second, label) => {
    expect(preferenceLabel(first, second)).toEqual(label)
  })

  it('refuse NaN, which comparison would quietly call a tie', () => {
    expect(() => preferenceLabel(Number.NaN, 1)).toThrow(/NaN/)
    expect(() => kWisePairs([1, Number.POSITIVE_INFINITY])).toThrow(/Infinity/)
  })

  it('released: take NaN for a tie and compare infinities', () => {
    const options = { compat: 'released' } as const
    expect(preferenceLabel([Number.NaN, 1], [0, 0], options)).toEqual([0, 0])
    expect(preferenceLabel(Number.NEGATIVE_INFINITY, 1, options)).toEqual([-1, 1])
  })

  it('see only the order of scores', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 7 }), scores => {
        expect(kWisePairs(scores.map(score => score ** 3))).toEqual(kWisePairs(scores))
        expect(kWisePairs(scores.map(Math.exp))).toEqual(kWisePairs(scores))
      }),
    )
  })

  it('average annotators over what all of them marked', () => {
    expect(
      averageMarks([
        [1, 0, 1],
        [1, 1],
      ]),
    ).toEqual({ scores: [1, 0.5], truncated: true })
    expect(averageMarks([])).toEqual({ scores: [], truncated: false })
  })
})

describe('d3po loss', () => {
  it('is log 2 with gradient ∓β/2 where policy and reference agree', () => {
    const result = loss([[0.3], [-0.2]], [[0.3], [-0.2]], [[1], [-1]])
    expect(result.value).toBeCloseTo(Math.log(2), 12)
    expect(result.first[0]).toBeCloseTo(-0.05, 12)
    expect(result.second[0]).toBeCloseTo(0.05, 12)
  })

  it('stops a member whose ratio has left the clamp, and only that one', () => {
    const result = loss([[1], [0]], [[0], [0]], [[1], [-1]])
    expect(result.first[0]).toBe(0)
    expect(result.second[0]).toBeGreaterThan(0)
    expect(loss([[1], [0]], [[0], [0]], [[1], [-1]], { ratioClip: null }).first[0]).toBeLessThan(0)
  })

  it('keeps ties in the mean unless told otherwise', () => {
    const policy = [
      [0.05, 0.1],
      [0, 0],
    ]
    const reference = [
      [0, 0],
      [0, 0],
    ]
    const labels = [
      [1, 0],
      [-1, 0],
    ]
    const decided = loss([[0.05], [0]], [[0], [0]], [[1], [-1]]).value
    expect(loss(policy, reference, labels).value).toBeCloseTo((decided + Math.log(2)) / 2, 12)
    expect(loss(policy, reference, labels, { dropTies: true }).value).toBeCloseTo(decided, 12)
    expect(loss([[0.1], [0]], [[0], [0]], [[0], [0]], { dropTies: true }).value).toBe(0)
  })

  it('stays finite for huge differences', () => {
    const result = loss([[-2000], [2000]], [[0], [0]], [[1], [-1]], { ratioClip: null, beta: 1 })
    expect(result.value).toBeCloseTo(4000, 6)
    expect(result.first[0]).toBeCloseTo(-1, 12)
  })

  it('refuses β ≤ 0', () => {
    expect(() => loss([[0], []], [[0], []], [[0], []], { beta: 0 })).toThrow(/beta > 0/)
  })
})

describe('ddpo', () => {
  it('clips ratios and advantages', () => {
    const f = (a: Tensor, b: Tensor, c: Tensor) => ddpoStepLoss(a, b, c, { clipRange: 0.1 }).loss
    // Advantage 9 → 5, ratio e^0.5 → 1.1: loss −5.5, no gradient.
    const { value, gradient } = interpret(valueAndGrad(f))([0.5], [0], [9])
    expect(value.data[0]).toBeCloseTo(-5.5, 12)
    expect(gradient.data[0]).toBe(0)
  })

  it('uses the batch until a prompt has enough history, the current rewards included', () => {
    const first = perPromptAdvantages({}, ['a', 'b'], [1, 3], { minCount: 2 })
    // Batch mean 2, population deviation 1.
    expect(first.advantages[0]).toBeCloseTo(-1, 5)
    const second = perPromptAdvantages(first.history, ['a', 'b'], [3, 3], { minCount: 2 })
    // Prompt a remembers 1, 3: mean 2, deviation 1. Prompt b remembers 3, 3: no advantage.
    expect(second.advantages[0]).toBeCloseTo(1, 5)
    expect(second.advantages[1]).toBe(0)
  })

  it('forgets beyond the buffer and leaves its argument alone', () => {
    const history = { a: [1, 2] }
    const result = perPromptAdvantages(history, ['a'], [3], { bufferSize: 2 })
    expect(result.history).toEqual({ a: [2, 3] })
    expect(history).toEqual({ a: [1, 2] })
  })

  it('gives no advantage to one sample or to equal ones, in float32 too', () => {
    expect(Array.from(batchAdvantages([0.4]))).toEqual([0])
    expect(Array.from(batchAdvantages(new Float32Array(15).fill(0.98)))).toEqual(new Array<number>(15).fill(0))
    expect(batchAdvantages([])).toHaveLength(0)
    expect(() => perPromptAdvantages({}, ['a'], [Number.NaN])).toThrow(/NaN/)
  })
})

describe('log-probability of a step', () => {
  it('is the mean Gaussian log-density over dimensions', () => {
    const value = interpret((x: Tensor, m: Tensor) => denoisingLogProb(x, m, 0.5))(ndarray([[1, 0]]), ndarray([[0, 0]]))
    // −(1/0.5 + 0)/2 − log 0.5 − ½ log 2π, the first term averaged over two dimensions.
    expect(value.data[0]).toBeCloseTo(-1 - Math.log(0.5) - 0.5 * Math.log(2 * Math.PI), 12)
    const kl = interpret((x: Tensor, m: Tensor) => denoisingKl(x, m, 0.5))(ndarray([[1, 1]]), ndarray([[0, 0]]))
    expect(kl.data[0]).toBeCloseTo(4, 12)
  })

  it('refuses a deterministic step', () => {
    expect(() => interpret((x: Tensor) => denoisingLogProb(x, x, 0))(ndarray([[1]]))).toThrow(/sigma > 0/)
  })
})

describe('stages', () => {
  const rollout = (id: string, group: string, outcome: unknown) => ({
    id,
    group,
    prompt: group,
    response: id,
    turns: [],
    outcome,
  })
  const failure = { status: 'failed', failure: { class: 'timeout', message: 'too slow' } }
  const records = [rollout('a', 'g', 1), rollout('b', 'g', 0), rollout('c', 'g', failure), rollout('d', 'h', 2)]
  const batch = batchFromRollouts(records as Parameters<typeof batchFromRollouts>[0])
  const scored = {
    ...batch,
    columns: new Map([...batch.columns, ['rollout.score' as const, numbers(batch, 'rollout.outcome')]]),
  }

  it('lists pairs of scored rollouts and abstains for a lone one', async () => {
    const { columns } = await bindStage(d3poStage).apply(scored, null)
    expect(columns['group.preferencePairs'].values).toEqual([[{ chosen: 'a', rejected: 'b' }], []])
    expect(Array.from((columns['group.pairCount'] as { status: Uint8Array }).status)).toEqual([0, 1])
  })

  it('remembers rewards from batch to batch and skips failures', async () => {
    const stage = bindStage(ddpoStage, { minCount: 1 })
    const first = await stage.apply(scored, stage.initial())
    expect(first.state).toEqual({ history: { g: [1, 0], h: [2] } })
    expect(Array.from((columns(first) as { status: Uint8Array }).status)).toEqual([0, 0, 2, 0])
    const second = await stage.apply(scored, first.state)
    expect(second.state).toEqual({ history: { g: [1, 0, 1, 0], h: [2, 2] } })
  })
})

function columns(result: { columns: Readonly<Record<string, unknown>> }): unknown {
  return result.columns['rollout.advantage']
}
