import { batchFromRollouts, bindStage, type ColumnData, outcomeAt, type Signal } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  adoptionMessages,
  groupTokenAdvantages,
  labelCorrectSolution,
  labelIncorrectSolution,
  mergeThoughts,
  parseAdoptedSteps,
  parseErrorIntervals,
  reflectionMessages,
  type Solution,
  type StepLabel,
  standardisedOutcomes,
  stepLevelBaseline,
  thoughtAdvantages,
  tpGrpoStage,
} from './tp-grpo.ts'

const label = fc.constantFrom<StepLabel>('good', 'bad')

describe('mergeThoughts', () => {
  it('gives alternating labels that cover every step once', () => {
    fc.assert(
      fc.property(fc.array(label), labels => {
        const thoughts = mergeThoughts(labels)
        expect(thoughts.flatMap(({ start, end, label }) => Array(end - start).fill(label))).toEqual(labels)
        thoughts.forEach((thought, k) => {
          if (k > 0) expect(thought.label).not.toBe(thoughts[k - 1].label)
        })
      }),
    )
  })
})

describe('thoughtAdvantages', () => {
  it('leaves sound thoughts of a correct solution the outcome and takes r_c from mistaken ones', () => {
    // r_c = 0.5·0.5 = 0.25
    const { thoughts, processRewards, advantages } = thoughtAdvantages(
      { labels: ['good', 'bad', 'bad', 'good'], correct: true, outcome: 1, groupAccuracy: 0.5 },
      { alpha: 0.5 },
    )
    expect(thoughts.map(t => [t.start, t.end])).toEqual([
      [0, 1],
      [1, 3],
      [3, 5],
    ])
    expect([...processRewards]).toEqual([0.25, -0.25, 0])
    expect([...advantages]).toEqual([1, 0.75, 1])
  })

  it('spares what an incorrect solution did not adopt', () => {
    const solution = { labels: ['bad', 'good'] as StepLabel[], correct: false, outcome: -0.8, groupAccuracy: 0.5 }
    expect([...thoughtAdvantages(solution).advantages]).toEqual([-0.8, 0, -0.8])
    expect([...thoughtAdvantages(solution, { incorrect: 'outcome' }).advantages]).toEqual([-0.8, -0.8, -0.8])
  })

  it('clamps a positive outcome of an incorrect solution', () => {
    const { advantages } = thoughtAdvantages({ labels: ['bad'], correct: false, outcome: 0.4, groupAccuracy: 0.5 })
    expect([...advantages]).toEqual([0])
  })

  it('equals accumulating the process rewards backwards', () => {
    fc.assert(
      fc.property(
        fc.array(label, { maxLength: 8 }),
        fc.boolean(),
        fc.double({ min: -2, max: 0, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom<'thoughts' | 'outcome'>('thoughts', 'outcome'),
        (labels, correct, outcome, groupAccuracy, incorrect) => {
          const result = thoughtAdvantages({ labels, correct, outcome, groupAccuracy }, { alpha: 0.7, incorrect })
          let accumulated = outcome
          for (let k = result.thoughts.length - 1; k >= 0; k--) {
            accumulated += result.processRewards[k]
            expect(result.advantages[k]).toBeCloseTo(accumulated, 9)
          }
        },
      ),
    )
  })

  it('ignores the group accuracy when static', () => {
    const solution = { labels: ['bad'] as StepLabel[], correct: true, outcome: 0, groupAccuracy: 0.25 }
    expect(thoughtAdvantages(solution, { adaptive: false }).advantages[0]).toBe(-1)
    expect(thoughtAdvantages(solution).advantages[0]).toBe(-0.25)
  })
})

describe('groupTokenAdvantages', () => {
  const solution = (labels: StepLabel[] | undefined, correct: boolean): Solution => ({
    stepSpans: [
      [0, 2],
      [3, 4],
    ],
    answerSpan: [4, 5],
    labels,
    correct,
    length: 6,
  })

  it('teaches in an all-correct group, on mistaken thoughts only', () => {
    const { tokenAdvantages, groupAccuracy } = groupTokenAdvantages([
      solution(['bad', 'good'], true),
      solution(['good', 'good'], true),
    ])
    expect(groupAccuracy).toBe(1)
    // token 2 lies between spans, token 5 after the answer
    expect([...tokenAdvantages[0]]).toEqual([-1, -1, 0, 0, 0, 0])
    expect([...tokenAdvantages[1]]).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('is GRPO on every step when nothing is labelled', () => {
    const { tokenAdvantages, outcomes, labelled } = groupTokenAdvantages([
      solution(undefined, true),
      solution(['bad'], false),
    ])
    expect([...labelled]).toEqual([0, 0])
    expect(tokenAdvantages[0][0]).toBe(outcomes[0])
    expect(tokenAdvantages[1][4]).toBe(outcomes[1])
  })

  it('falls back to the whole response when spans overlap', () => {
    const overlapping = {
      ...solution(['bad', 'bad'], true),
      stepSpans: [
        [0, 3],
        [2, 4],
      ] as const,
    }
    const { tokenAdvantages, outcomes } = groupTokenAdvantages([overlapping, solution(['bad', 'bad'], false)])
    expect(new Set(tokenAdvantages[0])).toEqual(new Set([outcomes[0]]))
  })

  it('gives nothing in an all-wrong group and is 0 for an empty one', () => {
    const { tokenAdvantages } = groupTokenAdvantages([
      solution(['bad', 'good'], false),
      solution(['good', 'bad'], false),
    ])
    expect(tokenAdvantages.every(row => row.every(value => value === 0))).toBe(true)
    expect(groupTokenAdvantages([]).groupAccuracy).toBe(0)
  })

  it('is GRPO with α = 0 and the outcome for incorrect solutions', () => {
    const group = [solution(['bad', 'good'], true), solution(['good', 'bad'], false), solution(['good', 'good'], true)]
    const { tokenAdvantages, outcomes } = groupTokenAdvantages(group, { alpha: 0, incorrect: 'outcome' })
    tokenAdvantages.forEach((row, i) => {
      for (const t of [0, 1, 3, 4]) expect(row[t]).toBe(outcomes[i])
    })
  })

  it('permutes with the group', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(label, label, fc.boolean()), { minLength: 1, maxLength: 5 }), rows => {
        const group = rows.map(([a, b, correct]) => solution([a, b], correct))
        const there = groupTokenAdvantages(group).tokenAdvantages
        const back = groupTokenAdvantages(group.toReversed()).tokenAdvantages.toReversed()
        there.forEach((row, i) => {
          row.forEach((value, t) => {
            expect(back[i][t]).toBeCloseTo(value, 12)
          })
        })
      }),
    )
  })

  it('standardises ±1 outcomes with ddof 1', () => {
    // mean 0, std √2 for one right and one wrong
    expect(standardisedOutcomes([true, false])[0]).toBeCloseTo(1 / (Math.SQRT2 + 1e-4), 12)
    expect([...standardisedOutcomes([true])]).toEqual([0])
  })
})

describe('labels from a judge', () => {
  it('unites error intervals and marks adopted steps', () => {
    expect(
      labelCorrectSolution(4, [
        [0, 2],
        [1, 3],
      ]),
    ).toEqual(['bad', 'bad', 'bad', 'good'])
    expect(labelIncorrectSolution(3, [2])).toEqual(['good', 'good', 'bad'])
  })

  it.each([[[[2, 5]]], [[[-1, 1]]], [[[2, 1]]], [[[0.5, 1]]]] as [number, number][][][])('refuses %j', intervals => {
    expect(labelCorrectSolution(4, intervals)).toBeUndefined()
  })

  it('refuses steps that do not exist', () => {
    expect(labelIncorrectSolution(3, [3])).toBeUndefined()
  })

  it('leaves them out on request', () => {
    const options = { outOfRange: 'ignore' } as const
    const intervals: [number, number][] = [
      [-2, 1],
      [2, 5],
      [-3, -1],
    ]
    expect(labelCorrectSolution(3, intervals, options)).toEqual(['bad', 'good', 'bad'])
    expect(labelIncorrectSolution(3, [3, -1, 1], options)).toEqual(['good', 'bad', 'good'])
  })
})

describe('stepLevelBaseline', () => {
  it('sums the standardised rewards of the remaining steps', () => {
    const { rewards, advantages } = stepLevelBaseline([['good', 'bad'], ['good']])
    expect(advantages[0][0]).toBeCloseTo(rewards[0][0] + rewards[0][1], 12)
    expect(advantages[1][0]).toBe(rewards[1][0])
    expect(rewards.flatMap(row => [...row]).reduce((a, b) => a + b)).toBeCloseTo(0, 12)
  })
})

describe('stage', () => {
  const rollout = (id: string, outcome: unknown, labels: (string | null)[], extra: object = {}) => ({
    id,
    group: 'q',
    prompt: 'p',
    outcome,
    tokens: { ids: [1, 2, 3, 4] },
    turns: [
      { action: 's1', span: [0, 1], columns: { stepLabel: labels[0] } },
      { action: 's2', span: [1, 2], columns: { stepLabel: labels[1] } },
      { action: 'answer', span: [3, 4] },
    ],
    columns: extra,
  })
  const failure = { status: 'failed', failure: { class: 'timeout', message: 'verifier' } }

  it('leaves failed rollouts out of the group and gives them no number', async () => {
    const batch = batchFromRollouts([
      rollout('a', 1, ['bad', 'good']),
      rollout('b', failure, ['bad', 'good']),
      rollout('c', 1, ['good', 'good']),
      rollout('d', 1, ['good', null]),
    ])
    const stage = bindStage(tpGrpoStage)
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...numbersIn(columns['token.advantage']).slice(0, 4)]).toEqual([-1, 0, 0, 0])
    expect(outcomeAt(columns['turn.advantage'] as Signal, 3).status).toBe('failed')
    expect([...numbersIn(columns['rollout.tpGrpoLabelled'])]).toEqual([1, Number.NaN, 1, 0])
  })

  it("reads the judge's intervals and matches", async () => {
    const batch = batchFromRollouts([
      rollout('a', 1, [null, null], { errorIntervals: [[0, 1]] }),
      rollout('b', 0, [null, null], { matchingSteps: [1] }),
      rollout('c', 0, [null, null], { matchingSteps: [7] }),
    ])
    const stage = bindStage(tpGrpoStage, { labels: 'verdicts', keepOnlySignalled: true })
    const { columns } = await stage.apply(batch, stage.initial())
    const turn = numbersIn(columns['turn.advantage'])
    expect(turn[1] - turn[0]).toBeCloseTo(1 / 3, 12)
    expect(turn[3]).toBe(0)
    expect(turn[4]).toBeLessThan(0)
    expect(outcomeAt(columns['turn.advantage'] as Signal, 6).status).toBe('abstained')
  })
})

function numbersIn(column: ColumnData): Float64Array {
  if (column.kind !== 'number') throw new Error('expected numbers')
  return column.values
}

describe('judge', () => {
  const solution = { question: 'Two plus two?', steps: ['five', 'wait, four'], answer: '4' }

  it('shows numbered steps and the answer, and asks for something else when it is wrong', () => {
    const [rules, shown] = reflectionMessages(solution)
    expect(shown.content).toContain('<step 1> wait, four')
    expect(shown.content).toContain('Two plus two?')
    expect(rules.content).not.toBe(adoptionMessages(solution)[0].content)
    expect(adoptionMessages(solution)[1]).toEqual(shown)
  })

  it.each([
    ['It drops step 0.\n[[0, 0]]', [[0, 1]]],
    [
      '[[9, 9]] was my first idea\nErrors: [[1, 2], [4, 4]].',
      [
        [1, 3],
        [4, 5],
      ],
    ],
    ['[]', []],
    ['none', undefined],
    ['[[2, 1]]', undefined],
    ['[[0.5, 1]]', undefined],
    ['[1, 2]', undefined],
  ])('error intervals of %j', (reply, expected) => {
    expect(parseErrorIntervals(reply)).toEqual(expected)
  })

  it.each([
    ['Adopted: [0, 2]', [0, 2]],
    ['[]', []],
    ['steps 0 and 2', undefined],
    ['["a"]', undefined],
    ['[0, ', undefined],
  ])('adopted steps of %j', (reply, expected) => {
    expect(parseAdoptedSteps(reply)).toEqual(expected)
  })

  it('feeds the labels', () => {
    const intervals = parseErrorIntervals('[[0, 0]]')
    expect(intervals && labelCorrectSolution(2, intervals)).toEqual(['bad', 'good'])
  })
})
