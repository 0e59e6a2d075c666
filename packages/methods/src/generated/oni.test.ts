import { batchFromRollouts, bindStage, Random, type Signal } from '@guerdon/core'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AnnotatorState,
  type CaptionNetwork,
  captionAccuracy,
  captionLoss,
  captionNetwork,
  classificationRewards,
  countCoefficients,
  dropoutMask,
  extendPool,
  idleAnnotator,
  initialRankingMoments,
  labelArrivals,
  mergeLabels,
  minibatchAdvantages,
  newestFirst,
  normaliseCaption,
  type OniState,
  oniStage,
  parseBinaryLabel,
  parseRankingLabel,
  rankingAccuracy,
  rankingLoss,
  rankingRewards,
  recentEnough,
  retrievalRewards,
  samplePairs,
  similarityReward,
  totalRewards,
  trainingSteps,
  updateRankingMoments,
  vtraceFragment,
} from './oni.ts'

describe('rewards', () => {
  it('decays with the count of the episode; exponent 0 never', () => {
    expect([...countCoefficients(['a', 'a', 'b'], { exponent: 1 })]).toEqual([1, 0.5, 1])
    expect([...countCoefficients(['a', 'a'], { exponent: 0 })]).toEqual([1, 1])
  })

  it('adds weighted parts', () => {
    expect([...totalRewards([1], [1], [0.5], { extrinsicWeight: 10, intrinsicWeight: 0.4 })]).toEqual([10.2])
    expect(() => totalRewards([1], [], [])).toThrow(/same length/)
  })

  it('looks captions up, and asks once for each unknown', () => {
    const { rewards, unseen } = retrievalRewards(['x', 'toString', 'x', 'y'], { y: 1 })
    expect([...rewards]).toEqual([0, 0, 0, 1])
    expect(unseen).toEqual(['x', 'toString'])
    expect(mergeLabels({ x: 0 }, { x: 1 })).toEqual({ x: 1 })
    expect(mergeLabels({ x: 0 }, { x: 1, y: 1 }, { relabel: 'first' })).toEqual({ x: 0, y: 1 })
    expect(normaliseCaption('42 gold pieces, 7 left')).toBe('0 gold pieces, 0 left')
  })

  it('classifies strictly above the threshold', () => {
    expect([
      ...classificationRewards([
        [0, 0],
        [0, 0.1],
      ]).rewards,
    ]).toEqual([0, 1])
  })

  it('normalises, then thresholds; released pays the raw reward', () => {
    const moments = { mean: 1, variance: 4, count: 10 }
    const { normalised, rewards } = rankingRewards([5, -1, 0], moments)
    expect(normalised[0]).toBeCloseTo(2, 6)
    expect(rewards[0]).toBeCloseTo(2, 6)
    expect(rewards[1]).toBe(0)
    expect(rankingRewards([0], moments, { threshold: -0.5 }).rewards[0]).not.toBe(-0.5)
    expect([...rankingRewards([5, -1], moments, { compat: 'released' }).rewards]).toEqual([5, -1])
    expect(Number.isFinite(rankingRewards([1], { mean: 1, variance: 0, count: 1 }).rewards[0])).toBe(true)
    expect(similarityReward(0.2, { threshold: 0.5 })).toBe(0)
  })
})

describe('moments', () => {
  it('combines with the unbiased variance of the batch', () => {
    // from nothing (tiny count) a batch {0, 2}: mean 1, unbiased variance 2 counted twice → 4/2
    const moments = updateRankingMoments({ mean: 0, variance: 1, count: 1e-12 }, [0, 2])
    expect(moments.mean).toBeCloseTo(1, 9)
    expect(moments.variance).toBeCloseTo(2, 9)
  })

  it('skips a batch of one, which released turns into NaN', () => {
    expect(updateRankingMoments(initialRankingMoments, [3])).toBe(initialRankingMoments)
    expect(updateRankingMoments(initialRankingMoments, [3], { compat: 'released' }).variance).toBeNaN()
    expect(() => updateRankingMoments(initialRankingMoments, [1, Number.NaN])).toThrow(/finite numbers in batch/)
  })
})

describe('losses', () => {
  it('a decided pair is Bradley–Terry, a tie costs at least ln 2', () => {
    const run = interpret(valueAndGrad((r: Tensor, l: Tensor) => rankingLoss(r, l)))
    expect(run([[1, 0]], [0]).value.data[0]).toBeCloseTo(Math.log1p(Math.exp(-1)), 12)
    expect(run([[1, 0]], [1]).value.data[0]).toBeCloseTo(Math.log1p(Math.exp(1)), 12)
    const tie = run([[3, 3]], [2])
    expect(tie.value.data[0]).toBeCloseTo(Math.LN2, 12)
    expect([...tie.gradient.data].every(slope => Math.abs(slope) < 1e-12)).toBe(true)
    expect(
      rankingAccuracy(
        [
          [1, 0],
          [0, 1],
        ],
        [0, 2],
      ),
    ).toBe(1)
    expect(rankingAccuracy([[1, 0]], [2])).toBeUndefined()
  })

  it('classifies captions of 256 bytes, with a gradient down to the first convolution', () => {
    const random = new Random(1)
    const block = (...shape: number[]): never =>
      ({
        dtype: 'float64',
        shape,
        data: random.normals(shape.reduce((a, b) => a * b, 1)).map(x => x * 0.3),
      }) as never
    const kernel = (out: number, input: number, width: number) => ({
      weight: block(out, input, width),
      bias: block(out),
    })
    const network = {
      embedding: block(256, 4),
      convolutions: [
        kernel(3, 4, 7),
        kernel(3, 3, 7),
        kernel(3, 3, 3),
        kernel(3, 3, 3),
        kernel(3, 3, 3),
        kernel(3, 3, 3),
      ],
      dense: { weight: block(4, 15), bias: block(4) },
      head: [{ weight: block(2, 4), bias: block(2) }],
    }
    const captions = [Array.from({ length: 256 }, (_, t) => (t * 3) % 250)]
    const run = interpret(
      valueAndGrad(
        (weights: CaptionNetwork, ids: Tensor, labels: Tensor) => {
          const logits = captionNetwork(ids, weights)
          return [captionLoss(logits, labels), captionAccuracy(logits, labels)] as const
        },
        { hasAux: true },
      ),
    )
    const { value, gradient, aux } = run(network as never, captions, [1])
    expect(value.data[0]).toBeGreaterThan(0)
    expect([0, 1]).toContain(aux.data[0])
    expect(gradient.convolutions[0].weight.data.some(slope => slope !== 0)).toBe(true)

    const bias = block(2) as { data: Float64Array }
    const deeper = {
      ...network,
      head: [
        { weight: block(3, 4), bias: block(3) },
        { weight: block(2, 3), bias },
      ],
    }
    const dropped = (mask: number[]) =>
      interpret((weights: CaptionNetwork, ids: Tensor, first: Tensor) =>
        captionNetwork(ids, weights, { dropout: [first] }),
      )(deeper as never, captions, [mask]).data
    const kept = interpret((weights: CaptionNetwork, ids: Tensor) => captionNetwork(ids, weights))
    expect([...dropped([1, 1, 1])]).toEqual([...kept(deeper as never, captions).data])
    // nothing gets through a layer whose units are all dropped: the last bias is left
    expect([...dropped([0, 0, 0])]).toEqual([...bias.data])
  })

  it('drops the share it is told to and keeps the expectation', () => {
    const mask = dropoutMask(20, 50, new Random(3), { rate: 0.2 })
    const values = mask.flatMap(row => [...row])
    expect(new Set(values)).toEqual(new Set([0, 1.25]))
    const mean = values.reduce((a, b) => a + b, 0) / values.length
    expect(Math.abs(mean - 1)).toBeLessThan(0.1)
    expect(dropoutMask(1, 3, new Random(1), { rate: 0 })).toEqual([Float64Array.of(1, 1, 1)])
    expect(() => dropoutMask(1, 1, new Random(1), { rate: 1 })).toThrow(/rate/)
  })
})

describe('annotator', () => {
  it.each([
    ['<label> FOO </label>', 1, 1],
    ['<label>BAR</label>', 0, 0],
    ['I like FOOTBALL', null, 1],
    ['<label>FOO or BAR</label>', null, 1],
    ['', null, 0],
  ] as const)('%j: tagged %s, released %s', (answer, tagged, released) => {
    expect(parseBinaryLabel(answer)).toBe(tagged)
    expect(parseBinaryLabel(answer, { compat: 'released' })).toBe(released)
  })

  it.each([
    ['("best_description": 1)', 0],
    ['Best description is 2', 1],
    ['("best_description": None)', 2],
    ['the first one', 2],
  ] as const)('%j → %d', (answer, label) => {
    expect(parseRankingLabel(answer)).toBe(label)
  })

  it('takes the newest, leaves a short queue alone, cuts the backlog, sleeps on an empty queue', () => {
    const options = { batchSize: 2, backlogCap: 1, minQueue: 1 }
    const first = newestFirst(idleAnnotator as AnnotatorState<number>, [1, 2, 3, 4, 5], options)
    expect(first.annotated).toEqual([4, 5])
    expect(first.state).toEqual({ queue: [], backlog: [3] })
    const second = newestFirst(first.state, [6], options)
    expect(second.annotated).toEqual([3])
    expect(second.state).toEqual({ queue: [6], backlog: [] })
    const third = newestFirst({ queue: [], backlog: [7] }, [], options)
    expect(third.annotated).toEqual([])
  })

  it('never loses or doubles an item without a cap', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(6), { maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(3),
        (sizes, batchSize, minQueue) => {
          let next = 0
          let state: AnnotatorState<number> = idleAnnotator
          const seen: number[] = []
          for (const size of sizes) {
            const arrivals = Array.from({ length: size }, () => next++)
            const turn = newestFirst(state, arrivals, { batchSize, minQueue, backlogCap: null })
            state = turn.state
            seen.push(...turn.annotated)
          }
          const all = [...seen, ...state.backlog, ...state.queue].sort((a, b) => a - b)
          expect(all).toEqual(Array.from({ length: next }, (_, i) => i))
        },
      ),
    )
  })

  it('draws pairs of different captions only when few wait', () => {
    const pairs = samplePairs(['a', 'b', 'c'], 0, new Random(4), { pairs: 50 })
    expect(pairs).toHaveLength(50)
    expect(pairs.every(([first, second]) => first !== second)).toBe(true)
    expect(samplePairs(['a', 'b'], 500, new Random(4))).toEqual([])
    expect(samplePairs(['a'], 0, new Random(4))).toEqual([])
  })

  it('trains in bulk while labels are few and new, then one step a batch', () => {
    expect(trainingSteps({ arrived: 5, total: 400 })).toBe(0)
    expect(trainingSteps({ arrived: 5, total: 600 })).toBe(32)
    expect(trainingSteps({ arrived: 0, total: 600 })).toBe(0)
    expect(trainingSteps({ arrived: 0, total: 25_000 })).toBe(1)
  })

  it('labels arrive on a step clock', () => {
    const requests = [0, 0, 10].map((step, item) => ({ item, step }))
    const arrivals = labelArrivals(requests, { latency: 100, rate: 0.5 })
    expect(arrivals.map(({ visibleAt }) => visibleAt)).toEqual([100, 102, 110])
  })
})

describe('V-trace', () => {
  const fragment = { rewards: [1, 2, 3], dones: [0, 0, 0], values: [0.5, 0.2, 0.4], ratios: [1, 1, 1] }

  it('the last temporal difference is 0 unless the episode ends there', () => {
    expect(vtraceFragment(fragment).advantages[2]).toBeCloseTo(0, 12)
    const ended = vtraceFragment({ ...fragment, dones: [0, 0, 1] })
    expect(ended.advantages[2]).toBeCloseTo(3 - 0.4, 12)
    expect(ended.targets[2]).toBeCloseTo(3, 12)
  })

  it('on policy the target is the discounted sum', () => {
    const { targets } = vtraceFragment({ ...fragment, dones: [0, 0, 1] }, { discount: 0.5 })
    expect(targets[0]).toBeCloseTo(1 + 0.5 * 2 + 0.25 * 3, 12)
  })

  it('ratio 0 keeps the value', () => {
    const { targets, advantages } = vtraceFragment({ ...fragment, ratios: [0, 0, 0] })
    expect([...targets]).toEqual(fragment.values)
    expect([...advantages].map(Math.abs)).toEqual([0, 0, 0])
    expect(() => vtraceFragment({ ...fragment, ratios: [1] })).toThrow(/same length/)
  })
})

describe('stage', () => {
  const episode = (id: string, steps: [caption: string, reward: number, label?: number][]) => ({
    id,
    prompt: 'p',
    turns: steps.map(([caption, reward, captionLabel]) => ({
      action: 'go',
      reward,
      columns: { caption, ...(captionLabel === undefined ? {} : { captionLabel }) },
    })),
  })

  it('pays labelled captions with decay, and keeps what is unknown for the annotator', async () => {
    const stage = bindStage(oniStage, { labels: { gold: 1 }, extrinsicWeight: 1 })
    const batch = batchFromRollouts([
      episode('a', [
        ['gold', 0],
        ['gold', 1],
        ['wall', 0],
      ]),
      episode('b', [['gold', 0]]),
    ])
    const { columns, state } = await stage.apply(batch, stage.initial())
    const reward = columns['turn.reward'] as Signal
    ;[0.4, 1.05, 0, 0.4].forEach((expected, t) => {
      expect(reward.values[t]).toBeCloseTo(expected, 12)
    })
    expect((state as OniState).unseen).toEqual(['wall'])
  })

  it('uses a late label from then on, across a saved state', async () => {
    const stage = bindStage(oniStage)
    const first = await stage.apply(batchFromRollouts([episode('a', [['stairs', 0]])]), stage.initial())
    expect((first.columns['turn.reward'] as Signal).values[0]).toBe(0)
    const saved = JSON.parse(JSON.stringify(first.state))
    const second = await stage.apply(batchFromRollouts([episode('b', [['stairs', 0, 1]])]), saved)
    expect((second.columns['turn.reward'] as Signal).values[0]).toBeCloseTo(0.4, 12)
    expect((second.state as OniState).unseen).toEqual([])
  })

  it('ranking normalises with running moments; released does not', async () => {
    const batch = batchFromRollouts([
      {
        id: 'a',
        prompt: 'p',
        turns: [2, 0, -2].map((captionScore, i) => ({ action: 'go', columns: { caption: `c${i}`, captionScore } })),
      },
    ])
    const run = async (compat: 'released' | null) => {
      const stage = bindStage(oniStage, { kind: 'ranking', compat })
      return (await stage.apply(batch, stage.initial())).columns['turn.oniIntrinsic'] as Signal
    }
    expect([...(await run('released')).values]).toEqual([2, 0, -2])
    const intended = (await run(null)).values
    expect(intended[0]).toBeCloseTo(1, 3)
    expect(intended[2]).toBe(0)
    const classifier = bindStage(oniStage, { kind: 'classification', threshold: 1 })
    const votes = (await classifier.apply(batch, classifier.initial())).columns['turn.oniIntrinsic'] as Signal
    expect([...votes.values]).toEqual([1, 0, 0])
  })
})

describe('mini-batches', () => {
  it('normalises with the sample deviation, never dividing by less than 1e-3', () => {
    const [first, second] = minibatchAdvantages([1, 3])
    expect(first).toBeCloseTo(-1 / Math.SQRT2, 12)
    expect(second).toBeCloseTo(1 / Math.SQRT2, 12)
    expect([...minibatchAdvantages([2, 2 + 1e-6])].every(a => Math.abs(a) < 1e-3)).toBe(true)
    expect([...minibatchAdvantages([5])]).toEqual([0])
    expect([...minibatchAdvantages([])]).toEqual([])
  })

  it('leaves out what is too old', () => {
    const usable = recentEnough([0, 1, 9999, 10_000], 10_000)
    expect([...usable]).toEqual([0, 1, 1, 1])
    const [old, ...rest] = minibatchAdvantages([99, 1, 1, 4], { usable })
    expect(old).toBe(0)
    expect(rest.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 12)
  })

  it('pools every n-th caption, once unless told', () => {
    const captions = ['a', 'b', 'c', 'a', 'b']
    expect(extendPool(['c'], captions, { subsample: 2 })).toEqual(['c', 'a', 'b'])
    expect(extendPool(['c'], captions, { subsample: 2, dedupe: false })).toEqual(['c', 'a', 'c', 'b'])
    expect(extendPool([], captions)).toEqual(['a'])
  })
})
