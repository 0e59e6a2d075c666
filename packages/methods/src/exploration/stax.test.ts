import { batchFromRollouts, bindStage, numbers, outcomeAt, Random, withColumns } from '@guerdon/core'
import { interpret, type NdArray, ndarray, type Tensor, valueAndGrad } from '@guerdon/tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  afterEpoch,
  type ConvAutoencoder,
  convAutoencoder,
  convAutoencoderParameters,
  type DenseAutoencoder,
  denseAutoencoder,
  denseAutoencoderParameters,
  distinctDescriptors,
  initialEarlyStop,
  initialUcbState,
  learnedBehaviours,
  reconstructionLoss,
  replayTraining,
  samplingPoints,
  scheduleChunk,
  selu,
  sparseSearch,
  splitViews,
  staxStage,
  staxVariants,
  trainEncoder,
  ucbChoice,
  ucbUpdate,
  viewSteps,
} from './stax.ts'

describe('views', () => {
  it('are taken evenly up to the last step', () => {
    expect(Array.from(samplingPoints(50, { views: 3 }))).toEqual([17, 33, 49])
    expect(Array.from(samplingPoints(500))).toEqual([499])
    expect(Array.from(samplingPoints(1, { views: 2 }))).toEqual([0, 0])
  })

  it('repeat the last frame of an episode that ended early', () => {
    expect(Array.from(viewSteps([10, 20, 30], 15))).toEqual([10, 14, 14])
  })

  it('give descriptors by concatenation and surprise by sum', () => {
    const { descriptors, surprise, errors } = learnedBehaviours(
      {
        features: [[1], [2]],
        inputs: [
          [0, 1],
          [1, 1],
        ],
        reconstructions: [
          [0, 0],
          [0, 0],
        ],
      },
      { views: 2 },
    )
    expect(Array.from(errors)).toEqual([0.5, 1])
    expect(descriptors.map(row => Array.from(row))).toEqual([[1, 2]])
    expect(Array.from(surprise)).toEqual([1.5])
    expect(() => learnedBehaviours({ features: [[1]], inputs: [[1]], reconstructions: [[1]] }, { views: 2 })).toThrow(
      /whole trajectories of 2 views; got 1/,
    )
  })

  it('tell when an encoder says the same of everything', () => {
    expect(distinctDescriptors([[1], [1], [1], [1]])).toBe(0.25)
    expect(distinctDescriptors([])).toBe(0)
  })
})

describe('the auto-encoder', () => {
  it('has the self-normalising unit', () => {
    const [low, high] = interpret(selu)([-1, 2]).data
    expect(low).toBeCloseTo(1.0507009873554805 * 1.6732632423543772 * Math.expm1(-1), 12)
    expect(high).toBeCloseTo(2.101401974710961, 12)
  })

  it('learns: gradient steps lower the reconstruction error', () => {
    const random = new Random(2)
    const views = ndarray(Array.from({ length: 6 }, (_, i) => Array.from({ length: 8 }, (_, d) => (d === i ? 1 : 0.2))))
    const loss = (parameters: DenseAutoencoder, x: Tensor) => reconstructionLoss(denseAutoencoder(parameters, x))
    const step = interpret(valueAndGrad(loss))
    let parameters = denseAutoencoderParameters(random, [8, 6, 3])
    const values: number[] = []
    for (let i = 0; i < 60; i++) {
      const { value, gradient } = step(parameters, views)
      values.push(value.data[0])
      const moved = (layers: DenseAutoencoder<NdArray>['encoder'], slopes: DenseAutoencoder<NdArray>['encoder']) =>
        layers.map((layer, l) => ({
          weight: descend(layer.weight, slopes[l].weight),
          bias: descend(layer.bias as NdArray, slopes[l].bias as NdArray),
        }))
      parameters = {
        encoder: moved(parameters.encoder, gradient.encoder),
        decoder: moved(parameters.decoder, gradient.decoder),
      }
    }
    expect(values[59]).toBeLessThan(0.6 * values[0])
  })

  it('maps images to codes and back, with an error for each', () => {
    const parameters = convAutoencoderParameters(new Random(1), { channels: [1, 3, 2], size: 8, features: 4 })
    const image = Array.from({ length: 64 }, (_, i) => (i % 7) / 7)
    const images = ndarray([...image, ...image.map(value => 1 - value)], { shape: [2, 1, 8, 8], dtype: 'float64' })
    const run = interpret((weights: ConvAutoencoder, x: Tensor) => ({ ...convAutoencoder(weights, x) }))(
      parameters,
      images,
    )
    expect(run.features.shape).toEqual([2, 4])
    expect(run.reconstructions.shape).toEqual([2, 1, 8, 8])
    const first = run.reconstructions.data.subarray(0, 64)
    const squared = image.reduce((sum, value, i) => sum + (value - first[i]) ** 2, 0) / 64
    expect(run.errors.data[0]).toBeCloseTo(squared, 6)
    const loss = (weights: ConvAutoencoder, x: Tensor) => reconstructionLoss(convAutoencoder(weights, x))
    const { gradient } = interpret(valueAndGrad(loss))(parameters, images)
    expect(gradient.encoder[0].kernel.shape).toEqual([3, 1, 4, 4])
    expect(gradient.decoder[0].kernel.data.some(value => value !== 0)).toBe(true)
  })

  function descend(weight: NdArray, slope: NdArray): NdArray {
    const data = Float32Array.from(weight.data, (value, i) => Number(value) - 0.5 * Number(slope.data[i]))
    return { dtype: 'float32', shape: weight.shape, data }
  }
})

describe('training', () => {
  it('stops at the fourth consecutive worse epoch, equal counting as no worse', () => {
    expect(replayTraining([1, 2, 2, 2, 2, 0])).toEqual({
      epochs: 6,
      best: 1,
      worse: 4,
      stop: 'stale',
      exhausted: false,
    })
    expect(replayTraining([1, 2, 2, 2, 1, 2, 2, 2]).stop).toBe(null)
    expect(replayTraining([2, 1], { maxEpochs: 2 })).toMatchObject({ epochs: 3, stop: 'epochs' })
    expect(replayTraining([1], { maxEpochs: 5 })).toMatchObject({ epochs: 2, exhausted: true })
    expect(() => afterEpoch(initialEarlyStop, Number.NaN)).toThrow(/finite validation error; got NaN in epoch 1/)
  })

  it('never runs longer than maxEpochs + 1, and keeps the best error', () => {
    const errors = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(errors, fc.nat(10), (values, maxEpochs) => {
        const result = replayTraining(values, { maxEpochs })
        expect(result.epochs).toBeLessThanOrEqual(maxEpochs + 1)
        if (result.best !== null) expect(result.best).toBe(Math.min(...values.slice(0, result.epochs - 1)))
      }),
    )
  })

  it('holds a fifth back, nothing of fewer than five', () => {
    const { training, validation } = splitViews(11, new Random(1))
    expect([training.length, validation.length]).toEqual([9, 2])
    expect(new Set([...training, ...validation]).size).toBe(11)
    expect(splitViews(4, new Random(1)).validation).toHaveLength(0)
  })

  it('sees every training view once an epoch and validates from the second', async () => {
    const seen = new Map<number, number>()
    let validations = 0
    const trainer = {
      trainBatch: async (indices: Int32Array) => {
        for (const i of indices) seen.set(i, (seen.get(i) ?? 0) + 1)
      },
      validate: async () => ++validations,
    }
    const state = await trainEncoder(10, trainer, new Random(1), { batchSize: 3 })
    // Errors 1 2 3 4 5 from the second epoch: stale in the sixth.
    expect(state).toMatchObject({ epochs: 6, stop: 'stale', best: 1 })
    expect([...seen.values()]).toEqual(new Array(8).fill(6))
    const few = await trainEncoder(3, trainer, new Random(1), { maxEpochs: 2 })
    expect(few).toMatchObject({ epochs: 3, stop: 'epochs', best: null })
  })
})

describe('the bandit', () => {
  it('explores until emitters exist, then tries each arm, then weighs', () => {
    expect(ucbChoice({ ...initialUcbState, emittersAvailable: true })).toBe('explore')
    const one = ucbUpdate(initialUcbState, { choice: 'explore', reward: -0.5, emittersAvailable: true })
    expect(ucbChoice(one)).toBe('exploit')
    const two = ucbUpdate(one, { choice: 'exploit', reward: -0.9, emittersAvailable: true })
    expect(ucbChoice(two)).toBe('explore')
    expect(ucbChoice({ ...two, emittersAvailable: false })).toBe('explore')
    const discounted = ucbUpdate(two, { choice: 'exploit', reward: 1, emittersAvailable: true }, { alpha: 0.5 })
    expect(discounted.values[1]).toBeCloseTo(0.05, 12)
    expect(two.values[1]).toBe(-0.9)
  })

  it('stands beside three simpler schedulers', () => {
    const context = { previous: 'explore', budgetLeft: 0, ucb: initialUcbState } as const
    expect(scheduleChunk('alternating', context, new Random(1))).toBe('exploit')
    expect(scheduleChunk('time', context, new Random(1))).toBe('exploit')
    expect(scheduleChunk('time', { ...context, budgetLeft: 1 }, new Random(1))).toBe('explore')
    expect(scheduleChunk('ucb', context, new Random(1))).toBe('explore')
    const random = new Random(1)
    expect(new Set(Array.from({ length: 20 }, () => scheduleChunk('coin', context, random))).size).toBe(2)
  })
})

describe('the variants', () => {
  it('all run, with emitters only where they belong', async () => {
    const problem = {
      initial: (random: Random) => random.normals(2),
      evaluate: async (genomes: readonly Float64Array[]) =>
        genomes.map(view => ({ view, reward: Math.max(0, view[0] - 1), area: 0 })),
    }
    for (const { options, space } of Object.values(staxVariants)) {
      const behaviours = {
        describe: async (views: readonly Float64Array[]) =>
          views.map(view => ({ descriptor: view, surprise: Math.abs(view[1]) })),
        ...(space === 'trained' ? { train: async () => {} } : {}),
      }
      const settings = { ...options, budget: 260, chunk: 80, populationSize: 10 }
      const { turns, rewardArchive } = await sparseSearch(problem, behaviours, settings, new Random(1))
      expect(turns.some(({ choice }) => choice === 'exploit')).toBe(options.emitters !== 'none')
      expect(turns.some(({ trained }) => trained)).toBe(space === 'trained')
      expect(rewardArchive.length > 0).toBe(options.emitters !== 'none')
    }
  })
})

describe('the stage', () => {
  const record = (id: string, columns: Record<string, unknown>) => ({ id, group: 'g', prompt: 'p', columns })
  const batch = batchFromRollouts([
    record('a', { descriptor: [0], surprise: 0.3 }),
    record('b', { descriptor: [1], surprise: 0.1 }),
    record('c', { descriptor: [4], surprise: 0.2 }),
    record('d', { descriptor: [4], surprise: { status: 'failed', failure: { class: 'memory', message: 'full' } } }),
    record('e', { surprise: 0.2 }),
  ])
  const rewards = async (options: object, given?: unknown) => {
    const stage = bindStage(staxStage, { neighbours: 1, ...options })
    const result = await stage.apply(batch, (given ?? stage.initial()) as never)
    return { ...result, batch: withColumns(batch, result.columns) }
  }

  it('rewards one criterion for the whole batch', async () => {
    const novelty = await rewards({ criterion: 'novelty' })
    expect(Array.from(numbers(novelty.batch, 'rollout.reward').values.subarray(0, 3))).toEqual([1, 1, 3])
    const surprise = await rewards({ criterion: 'surprise' })
    expect(Array.from(numbers(surprise.batch, 'rollout.reward').values.subarray(0, 3))).toEqual([0.3, 0.1, 0.2])
    expect(Array.from(numbers(surprise.batch, 'rollout.paretoFront').values.subarray(0, 3))).toEqual([0, 1, 0])
    const seen = new Set<number>()
    for (let seed = 0; seed < 8; seed++) {
      seen.add(numbers((await rewards({ seed })).batch, 'rollout.reward').values[2])
    }
    expect(seen).toEqual(new Set([3, 0.2]))
  })

  it('keeps what failed and what cannot be described', async () => {
    const reward = numbers((await rewards({})).batch, 'rollout.reward')
    expect(outcomeAt(reward, 3).status).toBe('failed')
    expect(outcomeAt(reward, 4)).toEqual({ status: 'abstained', reason: 'no descriptor' })
  })

  it('refuses the archive of another encoder', async () => {
    const { state } = await rewards({ encoderVersion: '1' })
    await expect(rewards({ encoderVersion: '2' }, state)).rejects.toThrow(/encoder version 1; got version 2/)
    expect(JSON.parse(JSON.stringify(state))).toEqual(state)
  })
})
