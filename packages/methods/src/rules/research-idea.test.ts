import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import { grad, interpret, ndarray, sum, type Tensor, valueAndGrad } from '@guerdon/tensor'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bestSchedule,
  candidateSchedules,
  clampStrength,
  dimensionPlan,
  ideaRewardModelLoss,
  ideaTokenRewards,
  normaliseScores,
  researchIdeaStage,
  type SentenceControllerParameters,
  scheduleLoss,
  sentenceStrengths,
  splitSentences,
  steeredLogits,
  steerHidden,
} from './research-idea.ts'

const f64 = (given: number | number[] | number[][]) => ndarray(given, { dtype: 'float64' })

describe('normaliseScores', () => {
  it('maps and clips', () => {
    expect([...normaliseScores([1, 5.5, 10, 0, 12])]).toEqual([0, 0.5, 1, 0, 1])
    expect(() => normaliseScores([1], { minScore: 5, maxScore: 5 })).toThrow('maxScore above minScore 5')
  })
})

describe('ideaRewardModelLoss', () => {
  const run = (mask?: number[]) =>
    interpret(
      valueAndGrad((head: { weights: Tensor; bias: Tensor }, features: Tensor, targets: Tensor, kept: Tensor) =>
        ideaRewardModelLoss(head, features, targets, mask === undefined ? {} : { mask: kept }),
      ),
    )({ weights: f64([0]), bias: f64(0) }, f64([[1], [2]]), f64([1, 0]), f64(mask ?? [1, 1]))

  it('dL/dz = (2/N)(p − s̄)p(1 − p), missing scores left out', () => {
    // p = ½ for both: (2/2)(−½)(¼) = −1/8 and +1/8; times φ: −1/8 + 2/8
    const { value, gradient } = run()
    expect(value.data[0]).toBeCloseTo(0.25, 12)
    expect(gradient.weights.data[0]).toBeCloseTo(1 / 8, 12)
    expect(gradient.bias.data[0]).toBeCloseTo(0, 12)
    expect(run([1, 0]).gradient.weights.data[0]).toBeCloseTo(-1 / 4, 12)
  })
})

describe('controllers', () => {
  const hidden = f64([
    [1, 2],
    [3, -1],
  ])
  const turn = f64([
    [0, -1],
    [1, 0],
  ])
  const still = f64([
    [0, 0],
    [0, 0],
  ])
  const steers = { novelty: turn, feasibility: turn, effectiveness: still }
  const off = { novelty: 0, feasibility: 0, effectiveness: 0 }

  it('zero strength changes nothing, opposite strengths of equal controllers cancel', () => {
    const at = (strengths: typeof off) =>
      interpret((h: Tensor, w: { [Key in keyof typeof steers]: Tensor }) => steerHidden(h, w, strengths))(
        hidden,
        steers,
      )
    expect([...at(off).data]).toEqual([1, 2, 3, -1])
    expect([...at({ ...off, novelty: 1, feasibility: -1 }).data]).toEqual([1, 2, 3, -1])
    // W h of (1, 2) is (−2, 1): h + 2·Wh
    expect([...at({ ...off, novelty: 2 }).data].slice(0, 2)).toEqual([-3, 4])
  })

  it('strengths may differ by row', () => {
    const rows = interpret((h: Tensor, w: { [Key in keyof typeof steers]: Tensor }, strength: Tensor) =>
      steerHidden(h, w, { ...off, novelty: strength }),
    )(hidden, steers, f64([1, 0]))
    expect([...rows.data]).toEqual([-1, 3, 3, -1])
  })

  it('logits are E·h′', () => {
    const logits = interpret((h: Tensor, w: { [Key in keyof typeof steers]: Tensor }, embedding: Tensor) =>
      steeredLogits(h, w, { ...off, novelty: 2 }, embedding),
    )(
      f64([[1, 2]]),
      steers,
      f64([
        [1, 0],
        [0, 1],
        [1, 1],
      ]),
    )
    // h′ = (−3, 4)
    expect([...logits.data]).toEqual([-3, 4, 1])
  })

  it('the gradient reaches only controllers that are on', () => {
    const gradient = interpret(
      grad((w: { [Key in keyof typeof steers]: Tensor }, h: Tensor) => sum(steerHidden(h, w, { ...off, novelty: 1 }))),
    )(steers, hidden)
    // d Σ(W h)/dW_ij = Σ over rows of h_j
    expect([...gradient.novelty.data]).toEqual([4, 1, 4, 1])
    expect([...gradient.feasibility.data]).toEqual([0, 0, 0, 0])
  })

  it('holds strengths', () => {
    expect([clampStrength(5), clampStrength(-5), clampStrength(1)]).toEqual([2, -2, 1])
  })
})

describe('sentence controller', () => {
  const parameters = {
    inputWeights: f64([[1]]),
    recurrentWeights: f64([[0.5]]),
    hiddenBias: f64([0]),
    outputWeights: f64([[1], [0], [-1]]),
    outputBias: f64([0, 0, 0]),
  }
  type Given = { [Key in keyof SentenceControllerParameters]: Tensor }
  const sigma = (x: number) => 1 / (1 + Math.exp(-x))

  it('carries its state from sentence to sentence', () => {
    const result = interpret((features: Tensor, given: Given) => sentenceStrengths(features, given))(
      f64([[1], [0]]),
      parameters,
    )
    const [first, second] = [Math.tanh(1), Math.tanh(0.5 * Math.tanh(1))]
    const want = [first, 0, -first, second, 0, -second].map(state => 2 * sigma(state))
    want.forEach((value, i) => {
      expect(result.data[i]).toBeCloseTo(value, 12)
    })
  })

  it('learns: a step against the gradient lowers the schedule loss', () => {
    const loss = (given: Given, features: Tensor, targets: Tensor) => scheduleLoss(features, given, targets)
    const features = f64([[1], [-1]])
    const targets = f64([
      [2, 0, 1],
      [0, 2, 1],
    ])
    const { value, gradient } = interpret(valueAndGrad(loss))(parameters, features, targets)
    const moved = Object.fromEntries(
      Object.entries(parameters).map(([name, array]) => {
        const slope = gradient[name as keyof Given].data
        return [name, { ...array, data: Float64Array.from(array.data, (x, i) => x - 0.05 * slope[i]) }]
      }),
    ) as typeof parameters
    expect(interpret(loss)(moved, features, targets).data[0]).toBeLessThan(value.data[0])
  })
})

describe('schedules', () => {
  it('candidates come from the draws in order, the best is the first of the best', () => {
    const draws = [0, 0.34, 0.99, 0.5, 0.5, 0.5]
    expect(candidateSchedules(draws, { count: 1 })).toEqual([
      [
        [0, 0.5, 1],
        [0.5, 0.5, 0.5],
      ],
    ])
    expect(() => candidateSchedules([0], { count: 1 })).toThrow('1 · 2 · 3 draws; got 1')
    expect(
      bestSchedule([
        [0, 0, 1],
        [1, 1, 0],
        [0, 1, 1],
      ]),
    ).toBe(1)
    expect(() => bestSchedule([])).toThrow('at least one candidate')
  })

  it('plans one dimension a turn, or all', () => {
    expect(dimensionPlan(4)).toEqual({
      weights: { novelty: 0, feasibility: 1, effectiveness: 0 },
      strengths: { novelty: 0, feasibility: 1, effectiveness: 0 },
    })
    expect(dimensionPlan(4, { schedule: 'joint' }).weights.novelty).toBeCloseTo(1 / 3, 12)
  })
})

describe('splitSentences', () => {
  it.each([
    ['Use lr 0.1 and K=3. Then test.', ['Use lr 0.1 and K=3.', 'Then test.']],
    ['  Really?!  Yes.\nNo terminator ', ['Really?!', 'Yes.', 'No terminator']],
    ['', []],
    ['e.g.this', ['e.g.this']],
  ])('%j', (text, expected) => {
    expect(splitSentences(text)).toEqual(expected)
  })

  it('loses nothing but white space', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '.', '!', ' ', '\n', '0.1'), { maxLength: 20 }), parts => {
        const text = parts.join('')
        expect(splitSentences(text).join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
      }),
    )
  })
})

describe('ideaTokenRewards', () => {
  const scores = { novelty: 0.8, feasibility: 0.5, effectiveness: 0.2 }
  const even = { novelty: 1 / 3, feasibility: 1 / 3, effectiveness: 1 / 3 }

  it('puts the score on the last token only', () => {
    const { combined, tokenRewards } = ideaTokenRewards(scores, even, [-1, -0.5, -2], [-1.2, -0.5, -1])
    expect(combined).toBeCloseTo(0.5, 12)
    const want = [-0.01, 0, 0.55]
    want.forEach((value, t) => {
      expect(tokenRewards[t]).toBeCloseTo(value, 12)
    })
    expect([...ideaTokenRewards(scores, even, [], []).tokenRewards]).toEqual([])
  })

  it('does not look at dimensions without weight', () => {
    const missing = { ...scores, novelty: Number.NaN }
    expect(ideaTokenRewards(missing, { ...even, novelty: 0 }, [0], [0]).combined).toBeCloseTo(0.7 / 3, 12)
    expect(() => ideaTokenRewards(missing, even, [0], [0])).toThrow('scores.novelty')
  })
})

describe('stage', () => {
  const record = (id: string, columns: Record<string, unknown>, logprobs: number[]) => ({
    id,
    prompt: 'p',
    tokens: { logprobs, refLogprobs: logprobs.map(() => -1), mask: logprobs.map((_, t) => (t === 0 ? 0 : 1)) },
    columns,
  })
  const scores = { novelty: 10, feasibility: 1, effectiveness: 5.5 }
  const batch = batchFromRollouts([
    record('a', scores, [0, -2, -1]),
    record(
      'b',
      { ...scores, novelty: { status: 'failed', failure: { class: 'parse', message: 'no score' } } },
      [0, -1],
    ),
    record('c', scores, [0]),
  ])

  it('pays policy tokens only; failed scores and empty responses get none', async () => {
    const { columns } = await bindStage(researchIdeaStage).apply(batch, null)
    const reward = columns['rollout.reward'] as Signal
    expect(reward.values[0]).toBeCloseTo(0.5, 12)
    expect(outcomeAt(reward, 1)).toMatchObject({ status: 'failed', failure: { class: 'parse' } })
    expect(outcomeAt(reward, 2)).toEqual({ status: 'abstained', reason: 'empty response' })
    const tokens = columns['token.reward'] as Signal
    expect([...tokens.values]).toEqual([Number.NaN, 0.05, 0.5, Number.NaN, Number.NaN, Number.NaN])
  })

  it('reads only the dimensions that count', () => {
    const weights = { novelty: 0, feasibility: 1, effectiveness: 0 }
    const stage = bindStage(researchIdeaStage, { weights })
    expect(stage.reads.filter(column => column.name.startsWith('rollout.')).map(column => column.name)).toEqual([
      'rollout.feasibility',
    ])
  })
})
