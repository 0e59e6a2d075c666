import { batchFromRollouts, bindStage, numbers, withColumns } from '@guerdon/core'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import {
  emptyEntropyHistory,
  entropyBonus,
  entropyReference,
  epoLoss,
  epoStage,
  extendEntropyHistory,
  hingePenalty,
  indicatorPenalty,
  phaseWeight,
  releasedEntropyReference,
  releasedPenaltyApplies,
  releasedPhaseWeight,
} from './epo.ts'

const matrix = (rows: number[][]) => ndarray(rows, { dtype: 'float64' })
const close = (values: readonly number[], digits = 9) => values.map(value => expect.closeTo(value, digits))

describe('the corridor', () => {
  const corridor = { kappaLow: 0.5, kappaHigh: 1.5, alpha: 0.1 }
  const run = (entropies: number[][], mask: number[][], references: (number | null)[], options: object = corridor) => {
    const { value, gradient, aux } = interpret(
      valueAndGrad(
        (x: Tensor, m: Tensor) => {
          const { loss, penalty } = hingePenalty(x, m, references, options)
          return [loss, penalty] as const
        },
        { hasAux: true },
      ),
    )(matrix(entropies), matrix(mask))
    return { loss: value.data[0], gradient: [...gradient.data], penalty: [...aux.data] }
  }

  it('charges the distance and pulls back', () => {
    // corridor [.5, 1.5]: distances .25, 0, .5; α/3 each
    const { loss, gradient, penalty } = run([[0.25, 1, 2]], [[1, 1, 1]], [1])
    expect(penalty).toEqual([0.25, 0, 0.5])
    expect(loss).toBeCloseTo(0.025, 12)
    expect(gradient).toEqual(close([-0.1 / 3, 0, 0.1 / 3]))
  })

  it('does not charge rows without a reference, masked tokens or empty rows', () => {
    expect(run([[9, 9]], [[1, 1]], [null]).loss).toBe(0)
    expect(run([[9, 9]], [[1, 1]], [0]).loss).toBe(0)
    expect(run([[1, 9]], [[1, 0]], [1]).loss).toBe(0)
    // the empty row does not dilute the mean: .5·.1
    expect(
      run(
        [
          [2, 2],
          [2, 2],
        ],
        [
          [1, 1],
          [0, 0],
        ],
        [1, 1],
      ).loss,
    ).toBeCloseTo(0.05, 12)
  })

  it('refuses a corridor that is none', () => {
    expect(() => run([[1]], [[1]], [1], { kappaLow: 2, kappaHigh: 1 })).toThrow(/0 ≤ kappaLow ≤ kappaHigh; got 2 and 1/)
    expect(() => run([[1]], [[1]], [1], { kappaLow: -1 })).toThrow(/kappaLow/)
  })

  it('as released is a constant without gradient, strict at the edges', () => {
    const { gradient, aux } = interpret(
      valueAndGrad(
        (x: Tensor) => {
          const { penalty, inRangeFraction } = indicatorPenalty(x, [1], { ...corridor, penalty: 0.1 })
          return [hingePenalty(penalty, x, [null]).loss, [penalty, inRangeFraction]] as const
        },
        { hasAux: true },
      ),
    )(matrix([[0.5, 1, 9]]))
    expect([...aux[0].data]).toEqual([0.1, 0, 0.1])
    expect(aux[1].data[0]).toBeCloseTo(1 / 3, 12)
    expect([...gradient.data].every(g => g === 0)).toBe(true)
    expect([
      releasedPenaltyApplies([3, 24]),
      releasedPenaltyApplies([3, 25]),
      releasedPenaltyApplies([2], { maxSteps: 4 }),
    ]).toEqual([false, true, true])
  })
})

describe('the loss', () => {
  it('averages tokens, then turns, then trajectories', () => {
    const run = (trajectoryIds: string[]) =>
      interpret((x: Tensor, m: Tensor) => entropyBonus(x, m, { trajectoryIds }))(
        matrix([
          [1, 3],
          [4, 9],
          [6, 6],
          [7, 7],
        ]),
        matrix([
          [1, 1],
          [1, 0],
          [1, 1],
          [0, 0],
        ]),
      ).data[0]
    // rows 2, 4, 6 and an empty one: ((2 + 4)/2 + 6)/2
    expect(run(['a', 'a', 'b', 'b'])).toBeCloseTo(4.5, 12)
    expect(run(['a', 'a', 'b', 'c'])).toBeCloseTo(4.5, 12)
  })

  it('pays for entropy and charges the corridor', () => {
    const run = interpret((policyLoss: Tensor) =>
      epoLoss({ policyLoss, entropy: 2, smoothPenalty: 0.5 }, { entropyCoef: 0.1, smoothCoef: 2, phaseWeight: 1.5 }),
    )
    // 1 − .1·(2 − 2·1.5·.5)
    expect(run(1).data[0]).toBeCloseTo(0.95, 12)
  })

  it('weighs by phase: the paper from 2 down to 1 + e^−2γ, the release from 1 to .04 with a jump', () => {
    expect([phaseWeight(0, { totalSteps: 10 }), phaseWeight(10, { totalSteps: 10 })]).toEqual(
      close([2, 1 + Math.exp(-2)]),
    )
    expect(phaseWeight(1, { totalSteps: 1 })).toBeCloseTo(1 + Math.exp(-1), 12)
    expect(releasedPhaseWeight(0)).toBe(1)
    expect(releasedPhaseWeight(75)).toBeCloseTo(0.827, 3)
    expect(releasedPhaseWeight(75.0001)).toBeCloseTo(0.8, 3)
    expect(releasedPhaseWeight(999)).toBe(releasedPhaseWeight(150))
    expect(releasedPhaseWeight(5, { maxEpochs: 0 })).toBe(1)
    // Odd numbers of epochs have the shorter half first: 2 of 5, then 3.
    expect(releasedPhaseWeight(2, { maxEpochs: 5 })).toBeCloseTo(1 - 0.2 * (1 - Math.exp(-2)), 12)
    expect(releasedPhaseWeight(3, { maxEpochs: 5 })).toBeCloseTo(0.8 * Math.exp(-1), 12)
    expect(releasedPhaseWeight(0, { maxEpochs: 1 })).toBe(1)
  })
})

describe('the history', () => {
  it('averages each turn over the iterations that reached it', () => {
    const history = extendEntropyHistory(extendEntropyHistory(emptyEntropyHistory, [1, 0.8]), [0.5])
    expect(entropyReference(history)).toEqual([0.75, 0.8])
    expect(JSON.parse(JSON.stringify(history))).toEqual(history)
    expect(entropyReference(emptyEntropyHistory)).toEqual([])
    expect(entropyReference(extendEntropyHistory(history, [null, null, null, 1]))).toEqual([0.75, 0.8, null, 1])
    expect(() => extendEntropyHistory(history, [Number.NaN])).toThrow(/perTurn/)
  })
  it('as released is padded and cut on the left', () => {
    expect([...releasedEntropyReference([[4], [9, 2, 2]], { maxSteps: 2 })]).toEqual([1, 3])
    expect([...releasedEntropyReference([], { maxSteps: 2 })]).toEqual([0, 0])
  })
})

describe('the epo stage', () => {
  const record = (id: string, entropies: (number | null)[]) => ({
    id,
    prompt: 'p',
    turns: entropies.map((_, k) => ({ action: 'go', span: [k, k + 1] })),
    tokens: { entropies },
  })
  it('compares an iteration with earlier ones, then remembers it', async () => {
    const stage = bindStage(epoStage, { kappaLow: 0.5, kappaHigh: 1.5 })
    const first = batchFromRollouts([record('a', [1, 3]), record('b', [3])])
    const one = await stage.apply(first, stage.initial())
    expect([...numbers(withColumns(first, one.columns), 'turn.epoPenalty').status]).toEqual([1, 1, 1])
    expect(one.state).toEqual({ sums: [2, 3], counts: [1, 1] })
    const second = batchFromRollouts([record('c', [4, null, 1])])
    const two = await stage.apply(second, JSON.parse(JSON.stringify(one.state)))
    const result = withColumns(second, two.columns)
    // turn 0: 4 against a ceiling of 3
    const penalty = numbers(result, 'turn.epoPenalty')
    expect([penalty.values[0], ...penalty.status]).toEqual([1, 0, 1, 1])
    expect([...numbers(result, 'turn.epoReference').values.slice(0, 2)]).toEqual([2, 3])
    expect(two.state).toEqual({ sums: [6, 3, 1], counts: [2, 1, 1] })
    expect(() => bindStage(epoStage, { kappaLow: 2 })).toThrow(/kappaLow/)
  })
})
