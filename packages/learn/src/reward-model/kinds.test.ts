import { Random } from '@guerdon/core'
import { goalState } from '@guerdon/methods/models/gcrm'
import { nodeBackend } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import { packSequences } from '../language/sequences.ts'
import { trainLearner } from '../run/learner.ts'
import { createGradientLearner, type GradientTask } from '../training/gradient-learner.ts'
import { discriminatorModel, discriminatorTask, type Trajectories } from './discriminator.ts'
import { exportRewardModel } from './export.ts'
import { generativeEncoder, generativeModel, generativeTask, withQuestion } from './generative-model.ts'
import { goalModel, goalTask } from './goal-model.ts'
import { packInputs } from './inputs.ts'
import { pointModel, pointTask } from './point-model.ts'
import type { RewardModel } from './reward-model.ts'
import { segmentModel, segmentTask } from './segment-model.ts'
import { initialParameters, modelOf, type RewardModelSpec } from './specs.ts'
import { aggregateSteps, stepModel, stepTask } from './step-model.ts'

const transformer = { vocabularySize: 8, maximumLength: 10, width: 16, layers: 1, heads: 2 }
/** 0 padding, 1 start, 2 end of a step, 3 question, 4 no, 5 yes and the good token, 6 and 7 others. */
const [mark, question, good] = [2, 3, 5]

async function train<P, B>(task: GradientTask<P, B>, updates: number) {
  const learner = createGradientLearner(task, { seed: 1, learningRate: 1e-2, maximumGradientNorm: 1 })
  await trainLearner(learner, { updates })
  return learner.parameters()
}

/** Words of three tokens; `chosen` has more good tokens than `rejected`. */
function words(random: Random): { chosen: number[]; rejected: number[] } {
  const more = 1 + random.integer(3)
  const fewer = random.integer(more)
  const word = (count: number) => Array.from({ length: 3 }, (_, i) => (i < count ? good : 6 + random.integer(2)))
  return { chosen: word(more), rejected: word(fewer) }
}

async function shareRight(model: RewardModel, seed: number): Promise<number> {
  const random = new Random(seed)
  const pairs = Array.from({ length: 100 }, () => words(random))
  const score = async (side: 'chosen' | 'rejected') =>
    (await model.scoreAll(pairs.map(pair => ({ prompt: [1], candidate: pair[side] })))).map(one => one.score)
  const [chosen, rejected] = [await score('chosen'), await score('rejected')]
  return chosen.filter((s, i) => s > rejected[i]).length / pairs.length
}

describe('a reward model of labelled responses', () => {
  it('finds each attribute where only some are labelled', async () => {
    const encoder = { kind: 'vectors', size: 2, hidden: [] } as const
    const random = new Random(1)
    const vectors = Array.from({ length: 200 }, () => random.normals(2))
    const spec = { kind: 'points', encoder, attributes: ['help', 'truth'], weights: [1, -1] } as const
    const task = pointTask(spec, {
      inputs: packInputs(
        vectors.map(candidate => ({ prompt: [], candidate })),
        encoder,
      ),
      targets: vectors.map(([x, y], i) => (i % 2 === 0 ? [x + 1, null] : [null, 2 * y])),
    })
    const learner = createGradientLearner(task, { seed: 1, learningRate: 0.05 })
    await trainLearner(learner, { updates: 200 })
    const { score, attributes } = await pointModel(spec, learner.parameters()).score([1], [1])
    expect(attributes).toEqual({ help: expect.closeTo(2, 1), truth: expect.closeTo(2, 1) })
    expect(score).toBeCloseTo((attributes?.['help'] ?? 0) - (attributes?.['truth'] ?? 0), 12)
  })
})

describe('a process reward model', () => {
  const spec = { kind: 'steps', transformer, stepToken: mark } as const

  it('judges each step by itself, from hard and soft labels', async () => {
    const random = new Random(2)
    const examples = Array.from({ length: 200 }, () => {
      const steps = Array.from({ length: 1 + random.integer(3) }, () => (random.float() < 0.5 ? good : 6))
      return {
        prompt: [1],
        candidate: steps.flatMap(token => [token, mark]),
        labels: steps.map(token => (random.float() < 0.2 ? null : token === good ? 1 : 0.1)),
      }
    })
    const model = stepModel(spec, await train(stepTask(spec, examples), 50))
    const { score, perStep } = await model.score([1], [good, mark, 6, mark])
    expect(perStep?.[0]).toBeGreaterThan(0.9)
    expect(perStep?.[1]).toBeCloseTo(0.1, 1)
    expect(score).toBe(Math.min(...(perStep ?? [])))
    await expect(model.score([1], [good])).rejects.toThrow(/expected at least one mark in candidate 0/)
    // a causal model: what comes later changes nothing
    expect((await model.score([1], [good, mark, good, mark])).perStep?.[0]).toBeCloseTo(perStep?.[0] ?? 0, 5)
  })

  it.each([
    ['min', 0.2],
    ['last', 0.5],
    ['product', 0.08],
    ['mean', 0.5],
  ] as const)('has one score by %s', (aggregation, expected) => {
    expect(aggregateSteps([0.8, 0.2, 0.5], aggregation)).toBeCloseTo(expected, 12)
  })

  it('refuses labels that do not fit the steps', () => {
    expect(() => stepTask(spec, [{ prompt: [1], candidate: [good, mark], labels: [1, 0] }])).toThrow(
      /got 1 marks and 2 labels/,
    )
  })
})

it('a model of segments pays and charges at the end of each', async () => {
  const head = { name: 'facts', classes: 2, errorId: 0, okId: 1, weight: 0.5 }
  const spec = { kind: 'segments', transformer, separator: mark, heads: [head] } as const
  const random = new Random(3)
  const examples = Array.from({ length: 200 }, () => {
    const tokens = Array.from({ length: 2 }, () => (random.float() < 0.5 ? good : 6))
    return {
      prompt: [1],
      candidate: tokens.flatMap(token => [token, mark]),
      labels: [tokens.map(token => Number(token === good))],
    }
  })
  const model = segmentModel(spec, await train(segmentTask(spec, examples), 50))
  const judgement = await model.score([1], [good, mark, 6, mark])
  expect(judgement).toEqual({
    score: 0,
    perToken: Float64Array.of(0, 0.5, 0, -0.5),
    decisions: { facts: [true, false] },
    attributes: { facts: 0.5 },
  })
})

describe('over pairs of token sequences', () => {
  const random = new Random(4)
  const pairs = Array.from({ length: 256 }, () => words(random))
  const items = (side: 'chosen' | 'rejected') => pairs.map(pair => ({ prompt: [1], candidate: pair[side] }))

  it('a goal-conditioned model ranks pairs and compares prefixes with a goal', async () => {
    const spec = { kind: 'goal', transformer, samples: 4 } as const
    const pack = (side: 'chosen' | 'rejected') =>
      packSequences(
        pairs.map(() => [1]),
        pairs.map(pair => pair[side]),
        { width: transformer.maximumLength, padToken: 0 },
      )
    const model = goalModel(
      spec,
      await train(goalTask(spec, { chosen: pack('chosen'), rejected: pack('rejected') }), 50),
    )
    expect(await shareRight(model, 5)).toBeGreaterThan(0.95)
    const best = await model.scoreAll(Array.from({ length: 4 }, () => ({ prompt: [1], candidate: [good, good, good] })))
    const goal = goalState(best.map(one => one.hidden as Float64Array))
    const near = await model.score([1], [good, good, good], { goal })
    const away = await model.score([1], [6, 7, 6], { goal })
    expect(near.perToken).toHaveLength(3)
    expect(near.attributes?.['goal']).toBeCloseTo(1, 5)
    expect(near.attributes?.['goal']).toBeGreaterThan((away.attributes?.['goal'] ?? 1) + 0.1)
  })

  it('a generative model answers yes to the better one', async () => {
    const spec = {
      kind: 'generative',
      transformer,
      tokens: { yes: [5], no: [4] },
      question: [question],
    } as const
    const pack = (side: 'chosen' | 'rejected') =>
      packInputs(
        items(side).map(item => withQuestion(item, spec)),
        generativeEncoder(spec),
      )
    const task = generativeTask(spec, { chosen: pack('chosen'), rejected: pack('rejected') })
    const model = generativeModel(spec, await train(task, 50))
    expect(await shareRight(model, 6)).toBeGreaterThan(0.95)
    const { score } = await model.score([1], [good, good, good])
    expect(score).toBeGreaterThan(0.5)
    expect(score).toBeLessThan(1)
  })
})

describe('a discriminator', () => {
  /** Two policies: one writes 5s and 6s, the other 7s; a reference tells which one is meant. */
  const random = new Random(7)
  const write = (policy: number) => Array.from({ length: 3 }, () => (policy === 0 ? 5 + random.integer(2) : 7))
  const data: Trajectories[] = Array.from({ length: 256 }, () => {
    const policy = random.integer(2)
    return { prompt: [1], reference: write(policy), same: write(policy), other: write(1 - policy) }
  })

  it.each(['joint', 'towers'] as const)('that reads %s knows whose a candidate is', async form => {
    const encoder = { kind: 'tokens', transformer } as const
    const spec = { kind: 'discriminator', encoder, form, separator: [mark] } as const
    const task = discriminatorTask(spec, data, { batchSize: 16 })
    const model = discriminatorModel(spec, await train(task, 40))
    for (const [reference, same, other] of [
      [
        [5, 6, 5],
        [6, 6, 5],
        [7, 7, 7],
      ],
      [
        [7, 7, 7],
        [7, 7, 7],
        [5, 5, 6],
      ],
    ]) {
      const [mine, theirs] = await model.scoreAll([
        { prompt: [1], reference, candidate: same },
        { prompt: [1], reference, candidate: other },
      ])
      expect(mine.score).toBeGreaterThan(theirs.score)
    }
    await expect(model.score([1], [5])).rejects.toThrow(/expected a reference to compare candidate 0 with/)
  })

  it('that reads both at once needs a candidate of another policy', () => {
    const spec = {
      kind: 'discriminator',
      encoder: { kind: 'tokens', transformer },
      form: 'joint',
      separator: [mark],
    } as const
    expect(() => discriminatorTask(spec, [{ prompt: [1], reference: [5], same: [5] }])).toThrow(
      /expected a candidate unlike the reference in trajectory 0/,
    )
  })
})

describe('any reward model', () => {
  it('is made of its spec', async () => {
    const encoder = { kind: 'vectors', size: 2 } as const
    const spec = { kind: 'pairs', encoder } as const
    const model = modelOf(spec, initialParameters(spec, new Random(1)))
    expect((await model.score([], [1, 2])).score).toBe(0)
    expect(() => modelOf({ kind: 'oracle' } as never, {} as never)).toThrow(/no reward model of kind "oracle"/)
    await expect(model.score([], [1])).rejects.toThrow(
      /expected 2 numbers of prompt and candidate together; row 0 has 0 \+ 1/,
    )
    await expect(model.score([], [1, Number.NaN])).rejects.toThrow(/finite/)
  })

  it.each([
    ['vectors', { kind: 'pairs', encoder: { kind: 'vectors', size: 2 }, members: 2 }, [[0.5, -1]]],
    ['tokens', { kind: 'goal', transformer }, [[5, 6, 7]]],
  ] as [string, RewardModelSpec, number[][]][])(
    'over %s says the same when it is exported',
    async (_, spec, [given]) => {
      const parameters = initialParameters(spec, new Random(1))
      for (const weights of 'head' in parameters ? [parameters.head.weight.data] : []) weights.fill(0.3)
      const judgement = await modelOf(spec, parameters).score([], given)
      const tokens = {
        dtype: 'int32',
        shape: [1, 10],
        data: Int32Array.from({ length: 10 }, (_, t) => given[t] ?? 0),
      } as const
      const visible = {
        dtype: 'bool',
        shape: [1, 10],
        data: Uint8Array.from({ length: 10 }, (_, t) => Number(t < 3)),
      } as const
      const inputs =
        spec.kind === 'pairs'
          ? { vectors: { dtype: 'float32', shape: [1, 2], data: Float32Array.from(given) } as const }
          : { tokens, visible }
      const scores = { name: 'scores', dtype: 'float32', shape: spec.kind === 'pairs' ? [1, 2] : [1] } as const
      const session = await nodeBackend.load(
        exportRewardModel(spec, parameters),
        Object.entries(inputs).map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
        [scores],
        { threads: 1 },
      )
      const [found] = await session.run(Object.values(inputs))
      expect(Array.from(found.data)).toEqual(
        Array.from(judgement.members ?? [judgement.score], score => expect.closeTo(score, 5)),
      )
    },
  )

  it('whose scores need more than the text is not exported', () => {
    const spec = { kind: 'steps', transformer, stepToken: mark } as const
    expect(() => exportRewardModel(spec, initialParameters(spec, new Random(1)))).toThrow(/to export; got steps/)
  })

  it('refuses tokens it does not know and texts that are too long', async () => {
    const spec = { kind: 'pairs', encoder: { kind: 'tokens', transformer } } as const
    const model = modelOf(spec, initialParameters(spec, new Random(1)))
    await expect(model.score([1], [99])).rejects.toThrow(/expected tokens in \[0, 8\); row 0 has 99 at 1/)
    await expect(model.score([], [])).rejects.toThrow(/row 0 has no token/)
    await expect(model.score([1], Array(10).fill(5))).rejects.toThrow(/at most 10 tokens a row; row 0 has 11/)
    await expect(
      model.scoreAll([{ prompt: [1], candidate: [5] }], { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough')
  })
})
