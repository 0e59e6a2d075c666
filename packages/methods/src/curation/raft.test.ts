import { batchFromRollouts, bindStage, type ColumnData, Random } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bestOfKDistribution,
  cleanResponse,
  isDiscarded,
  klRegularisedRewards,
  planBatch,
  raftStage,
  selectLocal,
  selectTop,
  sftBatch,
  sftLoss,
  topPrompts,
  uniqueShare,
} from './raft.ts'

describe('cleanResponse', () => {
  it.each([
    [' It is sunny. ', 'It is sunny.', false],
    ['Take the bus.###Human: thanks', 'Take the bus.', false],
    ['###Human: hi', ': hi', false],
    ['###Human', null, true],
    ['#tag#', 'tag', false],
    ['A#1#', 'A#1', true],
    ['', '', true],
    ['x', 'x', true],
    ['# hi #', ' hi ', false],
  ])('%j', (text, cleaned, discarded) => {
    expect(cleanResponse(text)).toBe(cleaned)
    expect(isDiscarded(cleaned)).toBe(discarded)
  })
})

const group = (rewards: number[], responses = rewards.map((_, i) => `answer ${i}`)) => ({
  prompt: 'p',
  responses,
  rewards,
})

describe('selectLocal', () => {
  it('keeps the first best of each prompt and reports what the policy really earns', () => {
    const { kept, meanTrainReward, meanModelReward } = selectLocal([group([1, 3, 3]), group([0, -1])])
    expect(kept.map(one => one.chosen)).toEqual([1, 0])
    expect(meanTrainReward).toBe(1.5)
    expect(meanModelReward).toBe(0.5)
  })

  it('never lets a discarded or missing one win', () => {
    const { kept, missing } = selectLocal([group([9, 1, Number.NaN], ['', 'fine', 'fine too']), group([1, 2])])
    expect(kept[0]).toMatchObject({ chosen: 1, reward: 1, groupSize: 3 })
    expect(missing).toBe(1)
  })

  it('skips prompts without a usable response, and refuses an empty selection', () => {
    const { kept, keptFraction } = selectLocal([group([1], ['#']), group([1, Number.NEGATIVE_INFINITY])])
    expect(kept.map(one => one.group)).toEqual([1])
    expect(keptFraction).toBe(0.5)
    expect(() => selectLocal([group([1], ['#'])])).toThrow(/skip|usable/)
    expect(() => selectLocal([])).toThrow(/at least one prompt/)
    const nothing = selectLocal([group([1], ['#'])], { onEmpty: 'allow' })
    expect(nothing).toMatchObject({ kept: [], meanTrainReward: Number.NaN, meanModelReward: 1, keptFraction: 0 })
  })

  it('breaks ties at random on request, always among the best', () => {
    const random = new Random(1)
    const chosen = new Set<number>()
    for (let i = 0; i < 50; i++) chosen.add(selectLocal([group([2, 1, 2])], { ties: 'random', random }).kept[0].chosen)
    expect([...chosen].toSorted()).toEqual([0, 2])
    expect(() => selectLocal([group([1])], { ties: 'random' })).toThrow(/generator/)
  })

  it('leaves out groups that say nothing or are too small', () => {
    const groups = [group([1, 1]), group([1, 2]), group([3])]
    expect(selectLocal(groups, { skipEqual: true }).kept.map(one => one.group)).toEqual([1, 2])
    expect(selectLocal(groups, { minimumSize: 2 }).kept.map(one => one.group)).toEqual([0, 1])
  })

  it('does not change under any increasing map of the rewards', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 8 }), rewards => {
        const squeezed = rewards.map(r => Math.atan(r) * 3 + 1)
        expect(selectLocal([group(squeezed)]).kept[0].chosen).toBe(selectLocal([group(rewards)]).kept[0].chosen)
      }),
    )
  })
})

it('keeps the best prompts of the best responses', () => {
  const { kept } = selectLocal([group([1]), group([5, 0]), group([3])])
  expect(topPrompts(kept, 2).map(one => one.group)).toEqual([1, 2])
  expect(topPrompts(kept, 9)).toHaveLength(3)
})

describe('selectTop', () => {
  it('keeps the floor of the share, best first', () => {
    expect([...selectTop([1, 5, 3, 4, 2], 0.5).kept]).toEqual([1, 3])
    expect([...selectTop([1, 1, 1], 1).kept]).toEqual([0, 1, 2])
    expect(() => selectTop([1, 2, 3], 0.3)).toThrow(/0.3/)
    expect(selectTop([1, 2, 3], 0.3, { onEmpty: 'allow' })).toMatchObject({ meanTrainReward: NaN, meanModelReward: 2 })
    expect(() => selectTop([Number.NaN], 1)).toThrow(/finite/)
  })
})

it.each([
  [{ size: 100, acceptRatio: 0.3, workers: 3 }, 'local', 33, 3],
  [{ size: 1024, acceptRatio: 0.2, workers: 4 }, 'top', 1280, 1],
] as const)('planBatch %j %s', (batch, strategy, promptsPerWorker, samplesPerPrompt) => {
  expect(planBatch(batch, strategy)).toEqual({ promptsPerWorker, samplesPerPrompt })
  expect(() => planBatch({ ...batch, acceptRatio: 0 })).toThrow(/\(0, 1\]/)
})

describe('bestOfKDistribution', () => {
  it('is the policy for K = 1 and for equal rewards', () => {
    const policy = [0.2, 0.3, 0.5]
    expect([...bestOfKDistribution(policy, [3, 1, 2], 1).selected].map(q => +q.toFixed(12))).toEqual(policy)
    expect([...bestOfKDistribution(policy, [1, 1, 1], 9).selected].map(q => +q.toFixed(12))).toEqual(policy)
  })

  it('squares the odds of two outcomes for K = 2', () => {
    // q(best) = 1 − (1 − p)² = 0.64 for p = 0.4
    expect(bestOfKDistribution([0.4, 0.6], [1, 0], 2).selected[0]).toBeCloseTo(0.64, 12)
  })

  it('raises the mean reward, stays within the bound, and never finds what has no probability', () => {
    const outcome = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: -3, max: 3 }))
    fc.assert(
      fc.property(fc.array(outcome, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 16 }), (rows, K) => {
        const total = rows.reduce((a, [w]) => a + w, 0)
        fc.pre(total > 0)
        const policy = rows.map(([w]) => w / total)
        const result = bestOfKDistribution(
          policy,
          rows.map(([, r]) => r),
          K,
        )
        expect(result.selected.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9)
        expect(result.meanRewardAfter).toBeGreaterThanOrEqual(result.meanRewardBefore - 1e-9)
        expect(result.kl).toBeLessThanOrEqual(result.klBound + 1e-9)
        policy.forEach((p, y) => {
          if (p === 0) expect(result.selected[y]).toBe(0)
        })
      }),
    )
  })
})

it('leashes the ranking to the initial policy', () => {
  const ranked = klRegularisedRewards([1, 0.9], [-3, -8], [-9, -8.5], { beta: 0.5 })
  expect([...ranked]).toEqual([-2, 0.9 - 0.25])
  expect([...klRegularisedRewards([1], [-3], [-9], { beta: 0 })]).toEqual([1])
})

it('measures how much the kept repeat themselves', () => {
  expect(uniqueShare([{ response: 'a' }, { response: 'a' }])).toBe(0.5)
  expect(uniqueShare([])).toBe(1)
})

describe('sftLoss', () => {
  const kept = [
    { promptLogProbs: [-9], responseLogProbs: [-1, -2] },
    { promptLogProbs: [], responseLogProbs: [-3] },
  ]
  const rows = (values: Float64Array[]) => values.map(row => [...row])

  it('is the token mean over responses, or over prompts too', () => {
    const own = sftBatch(kept)
    expect(interpret(sftLoss)(rows(own.logProbs), rows(own.mask)).data[0]).toBe(2)
    const all = sftBatch(kept, { includePromptTokens: true })
    expect(all.tokens).toBe(4)
    expect(interpret(sftLoss)(rows(all.logProbs), rows(all.mask)).data[0]).toBe(15 / 4)
  })

  it('pulls every trained token up alike and no other', () => {
    const { logProbs, mask } = sftBatch(kept)
    const run = interpret(valueAndGrad((x: Tensor, m: Tensor) => sftLoss(x, m)))
    const gradient = [...run(rows(logProbs), rows(mask)).gradient.data]
    expect(gradient.map(g => Math.abs(g))).toEqual([0, 1 / 3, 1 / 3, 1 / 3, 0, 0])
  })
})

describe('stage', () => {
  const rollout = (id: string, score: unknown, response = 'fine', g = 'q', logprobs = [-1], refLogprobs = [-1]) => ({
    id,
    group: g,
    prompt: 'p',
    response,
    tokens: { logprobs, refLogprobs },
    columns: { score },
  })
  const failure = { status: 'failed', failure: { class: 'timeout', message: 'model' } }

  it('marks the best of each group; failures keep theirs', async () => {
    const batch = batchFromRollouts([
      rollout('a', 1),
      rollout('b', 2),
      rollout('c', 9, 'x'),
      rollout('d', failure),
      rollout('e', 1, 'fine', 'r'),
    ])
    const stage = bindStage(raftStage)
    const { columns } = await stage.apply(batch, stage.initial())
    expect([...numbersIn(columns['rollout.raftKept'])]).toEqual([0, 1, 0, NaN, 1])
  })

  it('ranks with the KL term, and picks the best share of the batch', async () => {
    const batch = batchFromRollouts([
      rollout('a', 1, 'fine', 'q', [-3], [-9]),
      rollout('b', 0.9, 'fine', 'r', [-8], [-8.5]),
    ])
    const leashed = bindStage(raftStage, { beta: 0.5, strategy: 'top', acceptRatio: 0.5 })
    const { columns } = await leashed.apply(batch, leashed.initial())
    expect([...numbersIn(columns['rollout.raftKept'])]).toEqual([0, 1])
    expect([...numbersIn(columns['rollout.raftRanking'])]).toEqual([-2, 0.65])
    const picky = bindStage(raftStage, { strategy: 'top', acceptRatio: 0.1 })
    const none = (await picky.apply(batch, picky.initial())).columns
    expect([...numbersIn(none['rollout.raftKept'])]).toEqual([0, 0])
  })
})

function numbersIn(column: ColumnData): Float64Array {
  if (column.kind !== 'number') throw new Error('expected numbers')
  return column.values
}
