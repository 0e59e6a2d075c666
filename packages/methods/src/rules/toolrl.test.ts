import { batchFromRollouts, bindStage, outcomeAt, type Signal } from '@guerdon/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  broadcastToTokens,
  correctnessReward,
  formatReward,
  groupAdvantages,
  lengthReward,
  matchScore,
  rangesAt,
  readToolCalls,
  roundHalfEven2,
  type ToolCall,
  toolCallReward,
  toolrl,
  toolrlReward,
  toolrlStage,
} from './toolrl.ts'

const call = (name: string, parameters: Record<string, unknown> = {}): ToolCall => ({ name, parameters })
const answer = (...calls: ToolCall[]): string =>
  `<think>plan</think>\n<tool_call>\n${calls.map(given => JSON.stringify(given)).join('\n')}\n</tool_call>`

describe('matchScore', () => {
  it.each([
    // multisets: shared f, g = 2, 3 + 4 − 2 = 5
    [['f', 'f', 'g'], ['f', 'g', 'g', 'h'], 'multiset', 2 / 5],
    // sets {f, g} and {f, g, h}: 2/3
    [['f', 'f', 'g'], ['f', 'g', 'g', 'h'], 'set', 2 / 3],
    [['a', 'b'], ['b', 'a'], 'set-equality', 1],
    [['a', 'b'], ['b', 'a'], 'list-equality', 0],
    [['a', 'b'], ['a'], 'set-equality', 0],
    [[], [], 'multiset', 1],
    [[], ['a'], 'multiset', 0],
  ] as const)('%j and %j as %s', (first, second, matching, expected) => {
    expect(matchScore(first, second, { matching })).toBeCloseTo(expected, 12)
  })
})

describe('toolCallReward', () => {
  const truth = [call('f', { x: 1 }), call('f', { x: 1, y: 2 })]
  const predicted = [call('f', { x: 1, y: 2 }), call('f', { x: 9 })]

  it('pays the best assignment, or greedily in order', () => {
    // S_max = 1 + 2 + 3 = 6, names 1. Optimal: f(x) ↔ f(x: 9) 1 + 0, f(x, y) ↔ f(x, y) 1 + 2: R = 5 → 6·5/6 − 3 = 2.
    expect(toolCallReward(truth, predicted)).toBeCloseTo(2, 12)
    // Greedy: f(x) takes f(x, y): ½ + 1; f(x, y) takes f(x: 9): ½ + 0: R = 3 → 0.
    expect(toolCallReward(truth, predicted, { assignment: 'greedy' })).toBeCloseTo(0, 12)
  })

  it('credit narrows from fields to calls to all', () => {
    const almost = [call('f', { x: 1 }), call('f', { x: 1, y: 3 })]
    expect(toolCallReward(truth, almost)).toBeCloseTo(6 * (5 / 6) - 3, 12)
    expect(toolCallReward(truth, almost, { credit: 'calls' })).toBeCloseTo(6 * (2 / 3) - 3, 12)
    expect(toolCallReward(truth, almost, { credit: 'all' })).toBe(-3)
  })

  it('compares values deeply, never NaN with itself, never 1 with true', () => {
    expect(toolCallReward([call('f', { a: { b: [1] } })], [call('f', { a: { b: [1] } })])).toBe(3)
    expect(toolCallReward([call('f', { a: Number.NaN })], [call('f', { a: Number.NaN })])).toBeCloseTo(1, 12)
    expect(toolCallReward([call('f', { a: 1 })], [call('f', { a: true })])).toBeCloseTo(1, 12)
  })

  const calls = fc.array(
    fc.record({
      name: fc.constantFrom('f', 'g'),
      parameters: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.integer({ min: 0, max: 2 })),
    }),
    { minLength: 1, maxLength: 4 },
  )

  it('stays in its range, and optimal is never below greedy', () => {
    fc.assert(
      fc.property(calls, calls, (some, others) => {
        const optimal = toolCallReward(some, others)
        expect(optimal).toBeGreaterThanOrEqual(-3)
        expect(optimal).toBeLessThanOrEqual(3)
        expect(optimal).toBeGreaterThanOrEqual(toolCallReward(some, others, { assignment: 'greedy' }) - 1e-12)
        expect(toolCallReward(some, [...some].reverse())).toBeCloseTo(3, 12)
      }),
    )
  })
})

describe('formatReward', () => {
  const truth = answer(call('f'))
  it.each([
    [answer(call('g')), truth, 1],
    [`${truth}\n`, truth, 1],
    [`${truth}\n\n`, truth, 0],
    [`x${truth}`, truth, 0],
    [`${truth}\n<tool_call>`, truth, 0],
    ['<think>a</think>\n<response>b</response>', truth, 0],
    ['<think>a</think>', 'no tags', 1],
    ['<think>a</think>\n<response></response>', 'so <response>', 1],
  ])('%j', (response, groundTruth, expected) => {
    expect(formatReward(response, groundTruth)).toBe(expected)
  })
})

describe('schedules', () => {
  it.each([
    [{ scale: 'two-stage' }, 29, [0, 1], [-1, 1]],
    [{ scale: 'two-stage' }, 30, [0, 0.5], [-3, 3]],
    // p = 0.1 and 0.4, from ±2 towards the two-stage ranges
    [{ scale: 'two-stage-dynamic', compat: 'released' }, 15, [-1.8, 1.9], [-1.9, 1.9]],
    [{ scale: 'two-stage-dynamic', compat: 'released' }, 60, [-1.2, 1.4], [-2.4, 2.4]],
    [{ scale: 'dynamic' }, 50, [-1.5, 1.5], [-2.5, 2.5]],
    // p = 75/150: the released format minimum has already arrived at −1
    [{ scale: 'dynamic', compat: 'released' }, 75, [-1, 1.5], [-2.5, 2.5]],
    [{ scale: 'dynamic', compat: 'released' }, 300, [-1, 1], [-3, 3]],
  ] as const)('%j at step %d', (options, step, format, correctness) => {
    const ranges = rangesAt({ step, totalSteps: 100 }, options)
    expect([...ranges.format, ...ranges.correctness]).toEqual([...format, ...correctness])
  })

  it('refuses fractions of an unknown total', () => {
    expect(() => rangesAt({ step: 1 }, { scale: 'dynamic' })).toThrow('positive totalSteps')
  })
})

describe('lengthReward', () => {
  const text = (words: number): string => `<think>old</think><think>${'w '.repeat(words)}</think>`
  it('is the share of the target, rounded only as released', () => {
    expect(lengthReward(text(100))).toBeCloseTo(100 / 512, 12)
    expect(lengthReward(text(100), { step: 0 }, { compat: 'released' })).toBe(0.2)
    expect(lengthReward(text(9999))).toBe(1)
    expect(lengthReward('no tags', { step: 0 }, { formatRange: [-1, 1] })).toBe(-1)
    expect(lengthReward(text(512), { step: 1, totalSteps: 1 }, { target: 'scheduled' })).toBeCloseTo(0.5, 12)
    // 384 + 256·21/105 = 435.2 words; 100/435.2 = 0.2298 → 0.23
    expect(lengthReward(text(100), { step: 21 }, { target: 'scheduled', compat: 'released' })).toBe(0.23)
  })

  it('rounds exact ties to the even digit', () => {
    expect([0.125, 0.375, 0.625, 0.875, 0.115, 0.3].map(roundHalfEven2)).toEqual([0.12, 0.38, 0.62, 0.88, 0.12, 0.3])
  })
})

describe('toolrlReward', () => {
  it('adds the parts and trims the response', () => {
    const truth = answer(call('f', { x: 1 }))
    expect(toolrlReward(`\n${truth}\n\n`, truth)).toEqual({ format: 1, correctness: 3, length: 0, total: 4 })
    expect(toolrlReward('', truth)).toEqual({ format: 0, correctness: -3, length: 0, total: -3 })
  })

  it('reads the first block even when the format fails', () => {
    const truth = answer(call('f', { x: 1 }))
    const twice = `${truth}\n<tool_call>\nnot json\n</tool_call>`
    expect(toolrlReward(twice, truth)).toMatchObject({ format: 0, correctness: 3 })
  })

  it('blames a malformed ground truth on the data', () => {
    expect(() => correctnessReward('x', '<tool_call>\nnope\n</tool_call>')).toThrow(
      'line 1 of the tool calls is not JSON',
    )
  })

  it.each([
    ['<tool_call>\n{"name": "f"}\n</tool_call>', 'lacks a name or parameters'],
    ['<tool_call>\n[]\n</tool_call>', 'lacks a name or parameters'],
    ['<tool_call>', 'no <tool_call> block'],
  ])('refuses the calls of %j', (text, problem) => {
    const read = readToolCalls(text)
    expect(read.ok ? '' : read.problem).toContain(problem)
  })

  it('ends the first block at the next tag, opening or closing', () => {
    const read = readToolCalls('<tool_call>\n{"name": "f", "parameters": {}}\n<tool_call>\nnope\n</tool_call>')
    expect(read).toEqual({ ok: true, calls: [call('f')] })
  })

  it('released: wants parameters only of a call that is compared', () => {
    const truth = '<tool_call>\n{"name": "f", "parameters": {"x": 1}}\n</tool_call>'
    const answer = (other: string) => truth.replace('\n</', `\n{"name": "${other}"}\n</`)
    const score = (other: string, options: object) => correctnessReward(answer(other), truth, { step: 0 }, options)
    // Names: 1 of 2, pair: 1 + 1, S_max = 1 + 1 + 1, so 6 · 2.5 / 3 − 3 = 2.
    expect(score('g', { compat: 'released' })).toBe(2)
    expect(score('g', {})).toBe(-3)
    expect(score('f', { compat: 'released' })).toBe(-3)
    // Whole calls are compared without looking inside: 6 · (1/2 + 1) / 2 − 3 = 1.5.
    expect(score('f', { compat: 'released', credit: 'calls' })).toBe(1.5)
  })
})

describe('groupAdvantages', () => {
  it('normalises within groups, singletons by choice', () => {
    const rewards = [2.5, 1, -1]
    const ids = ['solo', 'g', 'g']
    // std of (1, −1) with ddof 1 is √2
    const expected = 1 / (Math.SQRT2 + 1e-6)
    expect([...groupAdvantages(rewards, ids)]).toEqual([0, expected, -expected])
    expect(groupAdvantages(rewards, ids, { compat: 'released' })[0]).toBeCloseTo(2.5 / (1 + 1e-6), 12)
    expect(groupAdvantages(rewards, ids, { ddof: 0 })[1]).toBeCloseTo(1 / (1 + 1e-6), 12)
  })

  it('gives all-equal groups exactly 0', () => {
    const equal = new Float32Array(15).fill(0.98)
    expect([...groupAdvantages(equal, new Array(15).fill('g'))]).toEqual(new Array(15).fill(0))
  })

  it('broadcasts to ragged rows', () => {
    expect(broadcastToTokens([1, -2, 3], [2, 0, 1]).map(row => [...row])).toEqual([[1, 1], [], [3]])
  })
})

describe('stage', () => {
  const truth = answer(call('f', { x: 1 }))
  const batch = batchFromRollouts([
    { id: 'a', group: 'g', prompt: 'p', response: truth, reference: truth },
    { id: 'b', group: 'g', prompt: 'p', response: 'hm', reference: truth, columns: { step: 40 } },
    { id: 'c', group: 'g', prompt: 'p', response: 'hm', reference: '<tool_call>\n?\n</tool_call>' },
    { id: 'd', group: 'g', prompt: 'p', reference: truth },
  ])

  it('writes every part, fails unusable truths, abstains without a response', async () => {
    const { columns } = await bindStage(toolrlStage, { scale: 'two-stage' }).apply(batch, null)
    const reward = columns['rollout.reward'] as Signal
    expect([0, 1].map(i => outcomeAt(reward, i))).toEqual([
      { status: 'scored', value: 2 },
      { status: 'scored', value: -3 },
    ])
    expect(outcomeAt(reward, 2)).toMatchObject({ status: 'failed', failure: { class: 'invalid_input' } })
    expect(outcomeAt(reward, 3)).toEqual({ status: 'abstained', reason: 'no response' })
    expect(outcomeAt(columns['rollout.toolrlCorrectness'] as Signal, 0)).toEqual({ status: 'scored', value: 1 })
  })

  it('an option that cannot work is an error of the recipe', () => {
    expect(() => bindStage(toolrlStage, { scale: 'dynamic' }).apply(batch, null)).toThrow('totalSteps')
  })

  it('is listed with its stage', () => {
    expect(toolrl.stages).toContain(toolrlStage)
  })
})
