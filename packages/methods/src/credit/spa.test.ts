import { batchFromRollouts, bindStage, numbers, withColumns } from '@guerdon/core'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import {
  checkProgressRewards,
  fusedStepRewards,
  groundingSignal,
  leaveOneOutOutcome,
  linearContributions,
  placeStepRewards,
  progressLoss,
  returnsToGo,
  spaStage,
  turnEndIndices,
  withResidual,
} from './spa.ts'

const float64 = (values: number[] | number[][] | number[][][]) => ndarray(values, { dtype: 'float64' })

describe('the progress estimator', () => {
  it('ends turns where runs of policy tokens end', () => {
    expect([...turnEndIndices([0, 1, 1, 0, 1])]).toEqual([2, 4])
    expect([...turnEndIndices([])]).toEqual([])
    expect([...turnEndIndices([0, 0])]).toEqual([])
  })

  it('learns from the sum only: gradient 2(R̂ − R)/B at every turn end', () => {
    const run = interpret(
      valueAndGrad((c: Tensor, ends: Tensor, rewards: Tensor) => progressLoss(c, ends, rewards).loss),
    )
    const { value, gradient } = run(
      float64([
        [0.5, 9, 0.25],
        [1, 1, 1],
      ]),
      float64([
        [1, 0, 1],
        [0, 0, 0],
      ]),
      float64([0.5, 1]),
    )
    // R̂ = .75 and 0: ((.25)² + 1)/2
    expect(value.data[0]).toBeCloseTo(0.53125, 12)
    expect([...gradient.data]).toEqual([0.25, 0, 0.25, -0, -0, -0].map(x => expect.closeTo(x, 12)))
  })

  it('trains the head through the graph', () => {
    const run = interpret(
      valueAndGrad(
        (head: { weight: Tensor; bias: Tensor }, features: Tensor, ends: Tensor, rewards: Tensor) =>
          progressLoss(linearContributions(features, head), ends, rewards).loss,
      ),
    )
    const { gradient } = run(
      { weight: [0, 0], bias: 0 },
      float64([
        [
          [1, 2],
          [3, 4],
        ],
      ]),
      float64([[1, 1]]),
      float64([1]),
    )
    // R̂ = 0: dL/dR̂ = −2, times Σ features (4, 6) and Σ 1 = 2
    expect([...gradient.weight.data]).toEqual([-8, -12])
    expect([...gradient.bias.data]).toEqual([-4])
  })

  it('refuses rewards outside [0, 1] and notices constant ones', () => {
    expect(checkProgressRewards([1, 1])).toEqual({ constant: true })
    expect(checkProgressRewards([1, 0])).toEqual({ constant: false })
    expect(() => checkProgressRewards([1.5])).toThrow(/rewards\[0\]/)
    expect(() => checkProgressRewards([Number.NaN])).toThrow(/rewards/)
  })
})

describe('step rewards', () => {
  it('fuse contribution and grounding', () => {
    expect([...groundingSignal(['ok', 'Nothing happens.'])]).toEqual([0.5, 0, 0.5])
    expect([...groundingSignal(['nothing happens'])]).toEqual([0.5, 0.5])
    expect([...groundingSignal(['No'], { failure: text => text === 'No', groundedValue: 1 })]).toEqual([0, 1])
    expect([...fusedStepRewards([1, 2], [1, 0])]).toEqual([1.5, 2])
    expect([...fusedStepRewards([1, 2], [1, 0], { grounding: 'penalty' })]).toEqual([1, 1.5])
    expect(() => fusedStepRewards([1], [])).toThrow(/same length/)
  })

  it('can be made to sum to the outcome', () => {
    expect([...withResidual([0.25, 0.25], 1)]).toEqual([0.25, 0.75])
    expect([...withResidual([], 1)]).toEqual([])
    expect([...returnsToGo([1, 2, 4], { gamma: 0.5 })]).toEqual([3, 4, 4])
  })

  it('land on turn ends, aligned from the end; the released trainer weighs them by what follows', () => {
    const tokens = { actionMask: [1, 0, 1, 0, 1], logProbs: [-1, -1, -1, -1, -1], refLogProbs: [-1, -2, -1, -1, -1] }
    expect([...placeStepRewards([9, 1, 2, 3], tokens, { klCoef: 0.5 })]).toEqual([1, -0.5, 2, 0, 3])
    expect([...placeStepRewards([2, 3], tokens)]).toEqual([0, 0, 2, 0, 3])
    expect([...placeStepRewards([1, 2, 3], tokens, { compat: 'released' })]).toEqual([2, 0, 2, 0, 0])
    expect(() => placeStepRewards([Number.NaN], tokens)).toThrow(/stepRewards/)
  })

  it('have a trajectory-level control', () => {
    expect([...leaveOneOutOutcome([1, 0, 0.7], ['a', 'a', 'b'])]).toEqual([1, -1, 0.7])
  })
})

describe('the spa stage', () => {
  it('rewards turns; missing contributions fail the rollout', async () => {
    const rollout = (id: string, outcome: unknown, seen: string[], contributions: (number | null)[]) => ({
      id,
      group: 'g',
      prompt: 'p',
      outcome,
      turns: seen.map((observation, k) => ({ action: 'go', observation, columns: { contribution: contributions[k] } })),
    })
    const base = batchFromRollouts([
      rollout('a', 1, ['start', 'Nothing happens.', 'done'], [0.25, 0.5, 0.5]),
      rollout('b', 0, ['start'], [null]),
      rollout('c', { status: 'abstained' }, ['start'], [0.1]),
    ])
    const batch = withColumns(base, { 'rollout.score': numbers(base, 'rollout.outcome') })
    const apply = async (options: object) =>
      withColumns(batch, (await bindStage(spaStage, options).apply(batch, null)).columns)
    const result = await apply({})
    expect([...numbers(result, 'turn.reward').values.slice(0, 3)]).toEqual([0.25, 1, 1])
    expect([...numbers(result, 'turn.return').values.slice(0, 3)]).toEqual([2.25, 2, 1])
    expect([...numbers(result, 'turn.reward').status]).toEqual([0, 0, 0, 1, 1])
    expect(numbers(result, 'rollout.spaResidual').values[0]).toBe(-0.25)
    const exact = await apply({ residual: 'last', beta: 0 })
    expect(numbers(exact, 'turn.return').values[0]).toBe(1)
  })
})
