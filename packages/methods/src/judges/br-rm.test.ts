import { batchFromRollouts, bindStage, outcomeAt, type Signal, withColumns } from '@guerdon/core'
import { interpret, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allPairsAccuracy,
  brRmAdvantageStage,
  brRmStage,
  brRmWinRateStage,
  type JudgeLossInput,
  judgeLoss,
  judgementReward,
  judgementStatus,
  leaveOneOutAdvantages,
  readBranchTurn,
  readRethinkTurn,
  releasedTurnReward,
  styledAccuracy,
  winRate,
} from './br-rm.ts'

const branch = (focus: string, second = 'wrong sum'): string =>
  `[Quality Assessment Focus]\n${focus}\n[End of Quality Assessment Focus]\n[Quality Analysis for Response 1]\nfine\n[End of Quality Analysis for Response 1]\n[quality analysis for response 2]\n${second}\n[End of Quality Analysis for Response 2]`
const verdict = (z: string): string => `so\n[The Begin of Ranking Score]\n\\boxed{${z}}\n[The End of Ranking Score]`

describe('readBranchTurn', () => {
  it.each([
    ['Information Accuracy, logical reasoning', 2, true],
    ['Accuracy', 0, false],
    ['Information Accuracy, Computational Precision, Logical Reasoning, Safety Awareness', 4, false],
  ])('%s', (focus, count, valid) => {
    const turn = readBranchTurn(branch(focus))
    expect(turn.abilities.length).toBe(count)
    expect(turn.valid).toBe(valid)
  })

  it('wants both analyses, not empty, and a focus that ends', () => {
    expect(readBranchTurn(branch('Safety Awareness', ' ')).valid).toBe(false)
    expect(readBranchTurn('[Quality Assessment Focus] Safety Awareness').abilities).toEqual([])
    expect(readBranchTurn(branch('Safety Awareness')).analysis2).toBe('wrong sum')
  })
})

describe('readRethinkTurn', () => {
  it.each([
    ['1', true, 1, 'correct', 0],
    ['2', true, 2, 'incorrect', -10],
    ['1.0', true, 1, 'correct', 0],
    ['Response 2', true, 2, 'incorrect', -10],
    ['-1', true, -1, 'formatError', -20],
    ['0', true, 0, 'formatError', -10],
    ['3', true, 3, 'formatError', -20],
    ['second', true, null, 'formatError', -100],
    ['1,2', false, null, 'formatError', -100],
  ])('\\boxed{%s} against 1', (z, formatValid, parsed, status, released) => {
    const turn = readRethinkTurn(verdict(z))
    expect(turn).toMatchObject({ formatValid, verdict: parsed })
    expect(judgementStatus(turn, 1)).toBe(status)
    expect(releasedTurnReward(turn, 1)).toBe(released)
  })

  it('needs the section on lines of its own, and only one of them', () => {
    expect(readRethinkTurn('[The Begin of Ranking Score] \\boxed{1} [The End of Ranking Score]').formatValid).toBe(
      false,
    )
    expect(readRethinkTurn('\\boxed{1}').sections).toBe(0)
    const hedged = readRethinkTurn(`${verdict('1')}\n${verdict('2')}`)
    expect(hedged).toMatchObject({ verdict: 1, sections: 2 })
    expect(judgementStatus(hedged, 1)).toBe('formatError')
  })
})

describe('judgementReward', () => {
  it.each([
    [branch('Safety Awareness'), verdict('1'), {}, 0, 0],
    [branch('none'), verdict('1'), {}, -10, 0],
    [branch('none'), verdict('2'), { strictTurnOne: false }, 0, -1],
    [branch('none'), 'hm', {}, -10, -10],
    [branch('none'), 'hm', { compat: 'released' }, 0, -100],
  ] as const)('case %#', (one, two, options, turnOne, turnTwo) => {
    expect(judgementReward(one, two, 1, options)).toMatchObject({ turnOne, turnTwo, total: turnOne + turnTwo })
  })
})

describe('leaveOneOutAdvantages', () => {
  it('a lone outlier: the group deviation stands in, or the raw difference as released', () => {
    // others of the right ones: (0, 0, −10): mean −10/3, deviation √(100/3 − 100/9) = 4.714
    const rewards = [0, 0, 0, -10]
    const released = leaveOneOutAdvantages(rewards, { compat: 'released' })
    expect([...released.advantage]).toEqual(
      [Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2, -10].map(v => expect.closeTo(v, 12)),
    )
    // deviation of the whole group: √(25 − 6.25) = 4.330
    expect(leaveOneOutAdvantages(rewards).advantage[3]).toBeCloseTo(-10 / Math.sqrt(18.75), 12)
    const centred = leaveOneOutAdvantages(rewards, { std: 'none' })
    expect(centred.advantage[3]).toBe(-10)
    expect(centred.std[0]).toBeCloseTo(Math.sqrt(200 / 9), 12)
    expect(leaveOneOutAdvantages(rewards, { std: 'group' }).advantage[0]).toBeCloseTo(10 / 3 / Math.sqrt(18.75), 12)
  })

  it.each([[[]], [[3]], [new Array(15).fill(Math.fround(0.98))], [[0.1, 0.1, 0.1]]])('no signal in %j', rewards => {
    expect([...leaveOneOutAdvantages(rewards).advantage].every(value => value === 0)).toBe(true)
  })

  it('is finite and moves with the group, not with a shift', () => {
    const group = fc.array(fc.integer({ min: -100, max: 0 }), { minLength: 2, maxLength: 8 })
    fc.assert(
      fc.property(group, rewards => {
        const { advantage, centred } = leaveOneOutAdvantages(rewards)
        expect(advantage.every(Number.isFinite)).toBe(true)
        expect(centred.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6)
        const shifted = leaveOneOutAdvantages(rewards.map(value => value + 7)).advantage
        shifted.forEach((value, i) => {
          expect(value).toBeCloseTo(advantage[i], 6)
        })
      }),
    )
  })

  it('names a reward that is no number', () => {
    expect(() => leaveOneOutAdvantages([0, Number.NaN])).toThrow('rewards[1]')
  })
})

describe('judgeLoss', () => {
  const f64 = (rows: number[][]) => ndarray(rows, { dtype: 'float64' })
  it('clips higher than lower, leaves the message between the turns out', () => {
    const { value, gradient, aux } = interpret(
      valueAndGrad(
        (logProbs: Tensor, rest: { [Key in keyof Omit<JudgeLossInput, 'logProbs'>]: Tensor }) => {
          const result = judgeLoss({ logProbs, ...rest }, { klPenalty: 0.5 })
          return [result.total, [result.policyLoss, result.klLoss]] as const
        },
        { hasAux: true },
      ),
    )(f64([[Math.log(1.25), Math.log(1.25), Number.NaN]]), {
      oldLogProbs: f64([[0, 0, 0]]),
      refLogProbs: f64([[Math.log(1.25), Math.log(1.25), 0]]),
      advantages: f64([[1, -1, 9]]),
      mask: f64([[1, 1, 0]]),
    })
    // 1.25 lies within 1.28: losses −1.25 and 1.25
    expect(aux[0].data[0]).toBeCloseTo(0, 9)
    expect(aux[1].data[0]).toBeCloseTo(0, 12)
    expect(value.data[0]).toBeCloseTo(0, 9)
    expect([...gradient.data]).toEqual([-0.625, 0.625, 0].map(v => expect.closeTo(v, 9)))
  })
})

describe('evaluation', () => {
  it('styled accuracy, missing verdicts wrong or drawn', () => {
    const judgements = [
      { chosenStyle: 0, rejectedStyle: 2, chosenShownFirst: false, verdict: 2 },
      { chosenStyle: 2, rejectedStyle: 0, chosenShownFirst: true, verdict: null },
      { chosenStyle: 1, rejectedStyle: 1, chosenShownFirst: true, verdict: 1 },
    ]
    expect(styledAccuracy(judgements)).toMatchObject({ hard: 1 / 3, easy: 0, normal: 1 / 3, total: 2 / 9 })
    expect(styledAccuracy(judgements, { draws: [0.4] }).easy).toBeCloseTo(1 / 3, 12)
    expect(() => styledAccuracy([{ ...judgements[0], chosenStyle: 3 }])).toThrow('styles 0, 1 or 2')
  })

  it('all pairs of a sample must be right', () => {
    const samples = [
      { domain: 'chat', pairs: [true, true] },
      { domain: 'chat', pairs: [true, false] },
      { domain: 'math', pairs: [true] },
    ]
    expect(allPairsAccuracy(samples)).toEqual({ byDomain: { chat: 0.5, math: 1 }, overall: 0.75 })
    expect(allPairsAccuracy([]).overall).toBeNull()
  })

  it('win rate: a disagreement of the orders is half a win', () => {
    const win = { shownFirst: 1, shownSecond: 2 }
    const loss = { shownFirst: 2, shownSecond: 1 }
    const biased = { shownFirst: 1, shownSecond: 1 }
    expect(winRate([win, loss, biased, { shownFirst: 1, shownSecond: null }])).toEqual({
      score: 0.5,
      comparisons: 3,
      disagreement: 1 / 3,
    })
    expect(winRate([]).score).toBeNull()
  })
})

describe('stages', () => {
  const record = (id: string, two: string, reference: unknown) => ({
    id,
    group: 'g',
    prompt: 'p',
    turns: [
      { action: branch('Safety Awareness'), span: [0, 1] },
      { action: two, span: [2, 3] },
    ],
    tokens: { mask: [1, 0, 1] },
    reference,
  })
  const batch = batchFromRollouts([
    record('a', verdict('1'), 1),
    record('b', verdict('2'), 1),
    record('c', verdict('1'), 'first'),
  ])

  it('rewards traces, then shares one advantage over both turns', async () => {
    const rewarded = await bindStage(brRmStage).apply(batch, null)
    const reward = rewarded.columns['rollout.reward'] as Signal
    expect([reward.values[0], reward.values[1]]).toEqual([0, -1])
    expect(outcomeAt(reward, 2)).toMatchObject({ status: 'failed', failure: { class: 'invalid_input' } })
    expect(rewarded.columns['rollout.brRmStatus'].values).toEqual(['correct', 'incorrect', undefined])
    const { columns } = await bindStage(brRmAdvantageStage).apply(withColumns(batch, rewarded.columns), null)
    // each trace has one fellow: leave-one-out deviation 0, group deviation ½: ±1/½
    expect([...(columns['token.advantage'] as Signal).values].slice(0, 6)).toEqual([2, 0, 2, -2, 0, -2])
    expect(outcomeAt(columns['rollout.advantage'] as Signal, 2)).toMatchObject({ status: 'failed' })
  })

  it('win rates as rewards', async () => {
    const compared = batchFromRollouts([
      { id: 'a', prompt: 'p', columns: { comparisons: [{ shownFirst: 1, shownSecond: 2 }] } },
      { id: 'b', prompt: 'p', columns: { comparisons: [{ shownFirst: null, shownSecond: 2 }] } },
      { id: 'c', prompt: 'p', columns: { comparisons: [{ shownFirst: 7 }] } },
    ])
    const { columns } = await bindStage(brRmWinRateStage).apply(compared, null)
    const reward = columns['rollout.reward'] as Signal
    expect([0, 1, 2].map(i => outcomeAt(reward, i).status)).toEqual(['scored', 'abstained', 'failed'])
  })
})
