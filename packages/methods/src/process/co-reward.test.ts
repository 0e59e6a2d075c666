import { batchFromRollouts, bindStage, type ColumnData } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  coRewardConfidenceStage,
  coRewardLoss,
  coRewardStage,
  crossReferenceRewards,
  endOfResponseRows,
  entropyRewards,
  majorityAnswer,
  ownVoteRewards,
  parseRephrased,
  rephraseMessages,
  selfCertainty,
  usablePairs,
  viewAdvantages,
} from './co-reward.ts'

describe('majorityAnswer', () => {
  it.each([
    [['4', '4', '5'], '4'],
    [['', '  ', '7', null], '7'],
    [['b', 'a', 'a', 'b'], 'b'],
    [['0.5', '1/2'], '0.5'],
    [['', null], undefined],
    [[], undefined],
  ])('%j', (answers, expected) => {
    expect(majorityAnswer(answers)).toBe(expected)
  })
})

describe('crossReferenceRewards', () => {
  // original votes 3, rephrased votes 2
  const original = { groups: ['q', 'q', 'q'], answers: ['3', '3', '2'] }
  const rephrased = { groups: ['q', 'q', 'q'], answers: ['2', '2', '3'] }

  it('pays for the vote of the other wording', () => {
    const { original: first, rephrased: second, labels } = crossReferenceRewards(original, rephrased)
    expect([...first]).toEqual([0, 0, 1])
    expect([...second]).toEqual([0, 0, 1])
    expect(labels.get('q')).toEqual({ original: '3', rephrased: '2' })
  })

  it('never pays for having no answer', () => {
    const { original: first } = crossReferenceRewards(
      { groups: ['q', 'q', 'q'], answers: ['', null, ' '] },
      { groups: ['q', 'q'], answers: ['', ' '] },
    )
    expect([...first]).toEqual([0, 0, 0])
  })

  it('pairs by id, whatever the order of questions', () => {
    const shuffled = crossReferenceRewards(
      { groups: ['a', 'b'], answers: ['1', '2'] },
      { groups: ['b', 'a'], answers: ['2', '1'] },
    )
    expect([...shuffled.original, ...shuffled.rephrased]).toEqual([1, 1, 1, 1])
  })

  it('makes notations one before vote and match when told how', () => {
    const { original: first } = crossReferenceRewards(
      { groups: ['q', 'q'], answers: ['0.50', '7'] },
      { groups: ['q', 'q', 'q'], answers: ['.5', '0.5', '7'] },
      { canonicalise: answer => String(Number(answer)) },
    )
    expect([...first]).toEqual([1, 0])
  })

  it('names a question with one wording only', () => {
    expect(() => crossReferenceRewards(original, { groups: ['z'], answers: ['1'] })).toThrow(/"q" has none/)
    expect(() => crossReferenceRewards({ groups: [], answers: [] }, rephrased)).toThrow(/original responses/)
  })

  it('exchanging the views exchanges the rewards', () => {
    const view = fc.array(fc.constantFrom('1', '2', '', null), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(view, view, (a, b) => {
        const first = { groups: a.map(() => 0), answers: a }
        const second = { groups: b.map(() => 0), answers: b }
        const there = crossReferenceRewards(first, second)
        const back = crossReferenceRewards(second, first)
        expect([...there.original]).toEqual([...back.rephrased])
        expect([...there.rephrased]).toEqual([...back.original])
      }),
    )
  })
})

it('the rival pays for the own vote', () => {
  expect([...ownVoteRewards({ groups: ['q', 'q', 'q'], answers: ['3', '3', ''] })]).toEqual([1, 1, 0])
})

it('places rewards on the last token and nothing on an empty response', () => {
  expect(endOfResponseRows([1, 1], [2, 0], 3).map(row => [...row])).toEqual([
    [0, 1, 0],
    [0, 0, 0],
  ])
  expect(() => endOfResponseRows([1], [4], 3)).toThrow(/at most 3/)
})

describe('viewAdvantages', () => {
  it('normalises in the group, keeps a lone reward, and masks', () => {
    const rows = viewAdvantages(
      [1, 0, 1],
      ['a', 'a', 'b'],
      [
        [1, 0],
        [1, 1],
        [1, 1],
      ],
      { epsilon: 0 },
    )
    expect(rows[0][0]).toBeCloseTo(Math.SQRT1_2, 12)
    expect(rows.map(row => row[1])).toEqual([0, -rows[0][0], 1])
  })

  it('is 0 when all responses agree', () => {
    expect([...viewAdvantages([1, 1], [0, 0], [[1], [1]]).flatMap(row => [...row])]).toEqual([0, 0])
  })
})

describe('coRewardLoss', () => {
  const view = (newLogProb: number) => ({
    logProbs: [[newLogProb, 0]],
    oldLogProbs: [[-1, 0]],
    refLogProbs: [[-1, 0]],
    advantages: [[1, 1]],
    mask: [[1, 0]],
  })
  type Views = Record<string, Tensor>
  const lossOf = (klCoefficient: number) => (a: Views, b: Views) =>
    coRewardLoss(a as never, b as never, { klCoefficient }).loss

  it('is the sum of both views: −1 each at the old policy', () => {
    expect(interpret(lossOf(0.005))(view(-1), view(-1)).data[0]).toBeCloseTo(-2, 12)
  })

  it('stops the gradient outside the clip and keeps the KL alive', () => {
    const run = interpret(valueAndGrad(lossOf(0)))
    // ρ = e^0.5 > 1.2 with a positive advantage: no gradient; at the old policy it is −A
    expect(run(view(-0.5), view(-1)).gradient.logProbs.data[0]).toBeCloseTo(0, 12)
    expect(run(view(-1), view(-1)).gradient.logProbs.data[0]).toBe(-1)
    // k3: 1 − e^{−d} with d = 0.5
    const kl = interpret(valueAndGrad(lossOf(1)))(view(-0.5), view(-1)).gradient.logProbs.data[0]
    expect(kl).toBeCloseTo(1 - Math.exp(-0.5), 6)
  })
})

describe('stage', () => {
  const rollout = (id: string, view: string | undefined, response: string | undefined, group = 'q') => ({
    id,
    group,
    prompt: 'p',
    response,
    columns: { ...(view && { view }), other: 1 },
  })

  it('rewards, labels and reports agreement; incomplete questions fail', async () => {
    const batch = batchFromRollouts([
      rollout('a', 'original', 'so \\boxed{3}'),
      rollout('b', 'original', 'so \\boxed{2}'),
      rollout('c', 'rephrased', 'thus \\boxed{2}'),
      rollout('d', undefined, 'thus \\boxed{2}'),
      rollout('e', 'original', '\\boxed{1}', 'lonely'),
    ])
    const stage = bindStage(coRewardStage)
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...numbersIn(columns['rollout.reward'])]).toEqual([0, 1, 0, NaN, NaN])
    expect(columns['rollout.coRewardLabel'].values.slice(0, 3)).toEqual(['2', '2', '3'])
    expect([...numbersIn(columns['group.coRewardAgreement'])]).toEqual([0, NaN])
    const advantage = numbersIn(columns['rollout.advantage'])
    expect(advantage[0]).toBe(-advantage[1])
    expect(advantage[2]).toBe(0)
  })

  it('pays the own vote when asked to, with one wording or two', async () => {
    const batch = batchFromRollouts([
      rollout('a', 'original', 'so \\boxed{3}'),
      rollout('b', 'original', 'so \\boxed{2}'),
      rollout('c', 'rephrased', 'thus \\boxed{2}'),
      rollout('e', 'original', '\\boxed{1}', 'lonely'),
    ])
    const { columns } = await bindStage(coRewardStage, { label: 'own' }).apply(batch, null)
    expect([...numbersIn(columns['rollout.reward'])]).toEqual([1, 0, 1, 1])
    expect(columns['rollout.coRewardLabel'].values).toEqual(['3', '3', '2', '1'])
    expect([...numbersIn(columns['group.coRewardAgreement'])]).toEqual([0, NaN])
  })

  it('pays confidence when asked to', async () => {
    const batch = batchFromRollouts([
      { id: 'a', group: 'q', prompt: 'p', tokens: { entropies: [1, 9, 3], mask: [1, 0, 1] } },
      { id: 'b', group: 'q', prompt: 'p', tokens: { entropies: [0, 0, 0], selfCertainty: [1, 2, 3] } },
      { id: 'c', group: 'q', prompt: 'p', tokens: { entropies: [0, null, 0] } },
    ])
    const { columns } = await bindStage(coRewardConfidenceStage).apply(batch, null)
    expect([...numbersIn(columns['rollout.reward'])]).toEqual([-2, 0, NaN])
    expect(numbersIn(columns['rollout.advantage'])[1]).toBeCloseTo(Math.SQRT1_2, 6)
    const certain = await bindStage(coRewardConfidenceStage, { measure: 'selfCertainty' }).apply(batch, null)
    expect([...numbersIn(certain.columns['rollout.reward'])]).toEqual([NaN, 2, NaN])
  })
})

it('pairs groups by their question', async () => {
  const rollout = (id: string, group: string, view: string, answer: string) => ({
    id,
    group,
    prompt: `${view} wording`,
    columns: { view, answer },
    groupColumns: { question: 'apples' },
  })
  const batch = batchFromRollouts([
    rollout('a', 'one', 'original', '3'),
    rollout('b', 'one', 'original', '4'),
    rollout('c', 'two', 'rephrased', '3'),
  ])
  const stage = bindStage(coRewardStage, { answers: 'column', singleton: 'zero' })
  const { columns } = await stage.apply(batch, stage.initial())
  expect([...numbersIn(columns['rollout.reward'])]).toEqual([1, 0, 1])
  expect([...numbersIn(columns['group.coRewardAgreement'])]).toEqual([1, 1])
  expect(numbersIn(columns['rollout.advantage'])[2]).toBe(0)
})

function numbersIn(column: ColumnData): Float64Array {
  if (column.kind !== 'number') throw new Error('expected numbers')
  return column.values
}

describe('rephrasing', () => {
  it('asks with the question and reads the last marked text', () => {
    expect(rephraseMessages('How many?')[1].content).toContain('How many?')
    const reply = 'Draft <rephrased>x</rephrased>\n<rephrased>\n What number? \n</rephrased>'
    expect(parseRephrased(reply, 'How many?')).toBe('What number?')
  })

  it.each(['no markers', '<rephrased>  </rephrased>', '<rephrased>How many?</rephrased>', '<rephrased>cut off'])(
    'finds no other wording in %j',
    reply => {
      expect(parseRephrased(reply, 'How many? ')).toBeUndefined()
    },
  )

  it('keeps or drops both wordings', () => {
    expect(usablePairs([10, 600, 10, 512], [20, 20, undefined, 512])).toEqual([0, 3])
    expect(usablePairs([10, 5], [4, 20], { maxPromptLength: 10 })).toEqual([0])
    expect(() => usablePairs([1], [])).toThrow(/rephrasedLengths/)
  })
})

describe('rivals', () => {
  it('self-certainty is the divergence of the uniform distribution from the predictions', () => {
    expect(selfCertainty([[2, 2, 2]])).toBeCloseTo(0, 12)
    // p = 3/4, 1/4: ½·ln(½ / ¾) + ½·ln(½ / ¼)
    const skewed = 0.5 * Math.log(2 / 3) + 0.5 * Math.log(2)
    expect(selfCertainty([[Math.log(3), 0]])).toBeCloseTo(skewed, 12)
    expect(
      selfCertainty([
        [Math.log(3), 0],
        [5, 5],
      ]),
    ).toBeCloseTo(skewed / 2, 12)
    expect(() => selfCertainty([])).toThrow(/logits/)
    expect(() => selfCertainty([[Number.NaN, 1]])).toThrow(/finite/)
  })

  it('entropy minimisation pays the negative mean entropy', () => {
    expect([...entropyRewards([[1, 3], [0]])]).toEqual([-2, 0])
    expect(() => entropyRewards([[]])).toThrow(/entropies\[0\]/)
  })
})
