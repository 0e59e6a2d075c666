import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import {
  bestCoverage,
  bestOfList,
  committeeDecision,
  componentRecall,
  hierarchicalSearch,
  localSearchLine,
  missingHypothesis,
  type Pick,
  parseSelection,
  repeatedRecall,
  type SearchCalls,
  sixVoteOutcome,
  swapBack,
} from './moose-chem2.ts'

/** Texts are numbers; larger is better; a proposal adds one until `limit`. */
function climber(limit: number): SearchCalls {
  return {
    propose: async ({ previous, optima }) => ({ text: String(Number(previous) + (optima.length > 0 ? 10 : 1)) }),
    judge: async ({ first, second }) => ({ pick: Number(second) <= limit && Number(second) > Number(first) ? 2 : 1 }),
  }
}
const levels = [
  { name: 'coarse', mayEdit: 'anything' },
  { name: 'middle', mayEdit: 'anything' },
  { name: 'fine', mayEdit: 'anything' },
]

describe('verdicts', () => {
  it.each([
    ['candidate 2, since 1 is vague', 2, false],
    ['1', 1, false],
    ['neither', null, true],
    ['', null, true],
  ])('reads "%s"', (text, selection, needsRetry) => {
    expect(parseSelection(text)).toEqual({ selection, needsRetry })
  })

  it('lets the existing hypothesis win and refuses two missing ones', () => {
    expect(missingHypothesis('a', '')).toBe(1)
    expect(missingHypothesis(null, 'b')).toBe(2)
    expect(missingHypothesis('a', 'b')).toBeNull()
    expect(() => missingHypothesis('', undefined)).toThrow(/got neither/)
  })

  it('lets a minority win when the aggregator says so', async () => {
    expect(await committeeDecision([2, 2, 1], () => 1)).toEqual({
      selection: 1,
      aggregatorCalled: true,
      plainMajority: 2,
    })
    await expect(committeeDecision([], () => 1)).rejects.toThrow(/at least one vote/)
  })

  it('keeps reasons as written unless it mimics the released code', () => {
    const verdict = { selections: [1, 2] as Pick[], reason: '1 needs 10 mg' }
    expect(swapBack(verdict)).toEqual({ selections: [2, 1], reason: '1 needs 10 mg' })
    expect(swapBack(verdict, { compat: 'released' }).reason).toBe('2 needs 20 mg')
    expect(swapBack(swapBack(verdict, { compat: 'released' }), { compat: 'released' })).toEqual(verdict)
  })

  it('is not moved by a judge that always prefers the first shown', async () => {
    expect(await bestOfList(4, () => 1, { comparisonsPerOrder: 2 })).toEqual({ bestIndex: 0, judgeCalls: 12 })
  })
})

describe('line search', () => {
  it('counts a failed proposal or verdict as not better and stops', async () => {
    const line = await localSearchLine(
      '0',
      { propose: async () => null, judge: async () => ({ pick: 2 }) },
      { patience: 2 },
    )
    expect(line).toMatchObject({
      accepted: [],
      final: '0',
      reachedLocalOptimum: true,
      ledger: { proposals: 2, judgeCalls: 0 },
    })
    const silent = await localSearchLine(
      '0',
      { propose: async () => ({ text: '1' }), judge: async () => null },
      { patience: 2 },
    )
    expect(silent.ledger).toEqual({ proposals: 2, refinements: 0, judgeCalls: 2 })
  })

  it('shows rejections to the proposer only when asked to', async () => {
    const seen: number[] = []
    const calls = {
      propose: async (_: string, rejected: readonly unknown[]) => {
        seen.push(rejected.length)
        return { text: 'x' }
      },
      judge: async () => ({ pick: 1 as const, reason: 'vague' }),
    }
    await localSearchLine('0', calls, { patience: 3 })
    await localSearchLine('0', calls, { patience: 3, learnFromRejections: true })
    expect(seen).toEqual([0, 0, 0, 0, 1, 2])
  })

  it('stops after one success with patience 1 only in the released reading', async () => {
    const calls = {
      propose: async (previous: string) => ({ text: `${Number(previous) + 1}` }),
      judge: async (_: string, second: string) => ({ pick: (Number(second) <= 3 ? 2 : 1) as Pick }),
    }
    expect((await localSearchLine('0', calls, { patience: 1 })).final).toBe('3')
    expect((await localSearchLine('0', calls, { patience: 1, compat: 'released' })).final).toBe('1')
  })

  it('refuses patience 0 and stops when cancelled', async () => {
    const calls = { propose: async () => ({ text: 'x' }), judge: async () => ({ pick: 2 as const }) }
    await expect(localSearchLine('0', calls, { patience: 0 })).rejects.toThrow(/patience/)
    await expect(localSearchLine('0', calls, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
  })
})

describe('hierarchical search', () => {
  it('seeds each level with the recombination of the one before', async () => {
    // Lines climb 0 → 5; recombination leaps by 10 from the best optimum, once: 5 → 15 is beyond the limit of 5, so it fails.
    const flat = await hierarchicalSearch('0', climber(5), {
      levels: levels.slice(0, 1),
      lines: 2,
      patience: 1,
      recombinationTries: 1,
    })
    expect(flat.results).toEqual(['5'])
    // A limit of 36: each level climbs by ones to 36 at once, and nothing is left for later levels.
    const deep = await hierarchicalSearch('0', climber(36), { levels, lines: 1, patience: 1, maxSteps: 12 })
    expect(deep.nodes.map(([node]) => node.result)).toEqual(['12', '24', '36'])
    expect(deep.preferences).toHaveLength(36)
    expect(deep.ledger).toEqual({ proposals: 36, refinements: 0, judgeCalls: 36 })
  })

  it('hands the base on when no line accepts anything', async () => {
    const search = await hierarchicalSearch('7', climber(0), { levels, patience: 2 })
    expect(search.results).toEqual(['7'])
    expect(search.nodes.flat().every(node => node.bestLocalOptimum === undefined)).toBe(true)
  })

  it("compares a level's first edit with its parent, or with the first level's result in the released code", async () => {
    const firsts: string[] = []
    const calls = climber(100)
    const spy: SearchCalls = {
      ...calls,
      judge: async request => {
        firsts.push(`${request.level.name}:${request.first}`)
        return calls.judge(request)
      },
    }
    const options = { levels, lines: 1, patience: 2, maxSteps: 2 }
    await hierarchicalSearch('0', spy, options)
    expect(firsts.find(text => text.startsWith('fine'))).toBe('fine:4')
    firsts.length = 0
    await hierarchicalSearch('0', spy, { ...options, compat: 'released' })
    expect(firsts.find(text => text.startsWith('fine'))).toBe('fine:2')
  })

  it('keeps as many branches as the beam in either mode', async () => {
    const options = { levels, lines: 1, patience: 1, maxSteps: 1, beam: 3 }
    expect((await hierarchicalSearch('0', climber(50), options)).nodes.map(nodes => nodes.length)).toEqual([3, 3, 3])
    const competing = { ...options, beamMode: 'compete' as const }
    expect((await hierarchicalSearch('0', climber(50), { ...competing, random: new Random(1) })).results).toHaveLength(
      3,
    )
    await expect(hierarchicalSearch('0', climber(50), competing)).rejects.toThrow(/random generator/)
  })

  it('refuses an empty hypothesis', async () => {
    await expect(hierarchicalSearch('  ', climber(1))).rejects.toThrow(/empty text/)
  })
})

describe('evaluation', () => {
  it('counts half the votes as a tie', () => {
    expect([sixVoteOutcome([1, 2]), sixVoteOutcome([1, 1, 2]), sixVoteOutcome([2, 2, 1])]).toEqual([
      'tie',
      'win',
      'lose',
    ])
  })

  it('takes the best grade a component got', () => {
    expect(
      bestCoverage(
        [
          { component: 1, level: 1 },
          { component: 1, level: 3 },
        ],
        3,
      ),
    ).toEqual([0, 3, 0])
  })

  it('gives no precision to an empty answer and refuses a grade beyond 3', () => {
    const counts = { truthComponents: 2, generatedComponents: 0 }
    expect(componentRecall([0, 0], counts)).toMatchObject({ precision: 0, weightedF1: 0 })
    expect(() => componentRecall([4, 0], counts)).toThrow(/got 4 for component 0/)
  })

  it('repeats an evaluation until it is steady', async () => {
    const values = [0.2, 0.8, 0.5, 0.5, 0.5, 0.5]
    let calls = 0
    const evaluate = async () => ({
      ...componentRecall([1], { truthComponents: 1, generatedComponents: 1 }),
      weightedF1: values[calls++],
    })
    expect((await repeatedRecall(evaluate)).steady).toBe(true)
    expect(calls).toBe(6)
  })
})
