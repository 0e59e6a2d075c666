import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Random } from '@guerdon/core'
import {
  constant,
  type Dense,
  div,
  type Evaluated,
  logSumExp,
  matmul,
  mul,
  neg,
  norm,
  square,
  sub,
  type Tensor,
} from '@guerdon/tensor'
import { componentProbabilities } from '@guerdon/worlds/images/gaussian-mixture'
import { centroidClassifier, nearestImageClassifier } from '@guerdon/worlds/images/image-classifiers'
import { imageAt } from '@guerdon/worlds/images/image-set'
import { describe, expect, it } from 'vitest'
import { expectRecorded, type RecordedCurve, recording } from '../run/fixtures/recorded-curve.ts'
import { type CurvePoint, type Learner, trainLearner } from '../run/learner.ts'
import { saveCheckpoint } from '../training/checkpoint.ts'
import type { GradientLearner } from '../training/gradient-learner.ts'
import { createB2Diffurl } from './b2-diffurl.ts'
import { createD3po } from './d3po.ts'
import { createDdpo } from './ddpo.ts'
import {
  digitCheckpoint,
  digitLearner,
  digitModel,
  digitParameters,
  digitUpdates,
  toPixels,
  trainingDigits,
} from './fixtures/digits.ts'
import {
  nearness,
  nearnessGraph,
  ring,
  ringCheckpoint,
  ringLearner,
  ringModel,
  ringParameters,
  ringPoints,
  ringUpdates,
} from './fixtures/ring.ts'
import { createRewardEditor } from './reward-editor.ts'
import { createRewardGenerator } from './reward-generator.ts'
import type { DifferentiableRewards } from './reward-objective.ts'
import { createDiffusionSampler } from './sampler.ts'

// Recorded anew, whole, with: GUERDON_RECORD=1 npx vitest run packages/learn/src/diffusion/curves.test.ts
// A test makes the first points of a curve again; float32 kernels round differently from processor to processor.

const golden = (name: string) => new URL(`./golden/${name}.json`, import.meta.url)
const recorded = (name: string) => JSON.parse(readFileSync(golden(name), 'utf8')) as RecordedCurve
const tolerance = 0.02
const modeDirections = [0, 1].map(axis => ring.means.map(mean => mean[axis] / 2))

/** Means over `window` updates each of the measurements that were never missing. */
function windows(points: readonly CurvePoint[], window: number): CurvePoint[] {
  return Array.from({ length: Math.floor(points.length / window) }, (_, w) => {
    const some = points.slice(w * window, (w + 1) * window)
    const names = Object.keys(some[0]).filter(name => some.every(point => point[name] !== null))
    const mean = (name: string) => some.reduce((total, point) => total + (point[name] as number), 0) / window
    return Object.fromEntries(names.map(name => [name, mean(name)]))
  })
}

async function follow(name: string, learner: Learner, size: { updates: number; compared: number; window: number }) {
  const points = await trainLearner(learner, { updates: recording ? size.updates : size.compared })
  const { name: kind, settings } = learner
  expectRecorded(golden(name), { learner: kind, settings, points: windows(points, size.window) }, tolerance)
}

async function followDenoiser<P>(
  name: string,
  learner: GradientLearner<P>,
  checkpoint: URL,
  updates: number,
  window: number,
) {
  await follow(name, learner, { updates, compared: window, window })
  if (recording) writeFileSync(checkpoint, saveCheckpoint(learner.parameters()))
  expect(existsSync(checkpoint)).toBe(true)
}

describe('a denoiser of a ring of eight modes', () => {
  it('learns as recorded', { timeout: 120_000 }, () =>
    followDenoiser('ring', ringLearner(), ringCheckpoint, ringUpdates, 50),
  )

  it('draws every mode about as often as the data', async () => {
    const sampler = createDiffusionSampler(ringModel, { steps: 20, finalAlpha: 'one' })
    const { samples } = await sampler.sample(ringParameters(), { count: 4000, keepStates: false }, new Random(2))
    const shares = new Float64Array(8)
    componentProbabilities(ring, samples).forEach((probability, i) => {
      shares[i % 8] += probability / 4000
    })
    const apart = shares.reduce((total, share, j) => total + Math.abs(share - ring.weights[j]) / 2, 0)
    // 0.02 is what 4000 draws of the mixture itself differ by; a ring of equal weights is 0.25 away
    expect(apart).toBeLessThan(0.1)
  })
})

describe('a U-Net on digits of 8×8', () => {
  it('learns as recorded', { timeout: 300_000 }, () =>
    followDenoiser('digits', digitLearner(), digitCheckpoint, digitUpdates, 50),
  )

  it('lowers its loss', () => {
    const losses = recorded('digits').points.map(point => point['loss'] as number)
    expect(losses.at(-1)).toBeLessThan(losses[0] / 3)
  })

  it('draws the digits it is asked for, guided more surely than not', { timeout: 20_000 }, async () => {
    const centroid = centroidClassifier(trainingDigits)
    const nearest = nearestImageClassifier(trainingDigits)
    const count = recording ? 400 : 50
    const right: number[][] = []
    for (const guidanceScale of [1, 2]) {
      const sampler = createDiffusionSampler(digitModel, { steps: 20, finalAlpha: 'one', guidanceScale, clipRange: 1 })
      const labels = Int32Array.from({ length: count }, (_, i) => i % 10)
      const start = { count, labels, keepStates: false }
      const { samples } = await sampler.sample(digitParameters(), start, new Random(2))
      const drawn = { count, height: 8, width: 8, pixels: toPixels(samples) }
      const share = ({ classify }: typeof nearest) =>
        labels.reduce((total, label, i) => total + Number(classify(imageAt(drawn, i)) === label), 0) / count
      right.push([share(centroid), share(nearest)])
    }
    if (recording) console.info('digits right by centroid and nearest image, plain and guided:', right)
    const [plain, guided] = right
    expect(Math.min(...plain)).toBeGreaterThan(0.65)
    expect(Math.min(...guided)).toBeGreaterThan(0.85)
  })
})

describe('learners that pull the ring to mode 0', () => {
  const common = { learningRate: 3e-4, maximumGradientNorm: 1 }
  const learners = {
    ddpo: (seed: number) =>
      createDdpo(ringModel, nearness, { ...common, seed, initial: ringParameters(), clipRange: 0.1 }),
    'ddpo-score': (seed: number) =>
      createDdpo(ringModel, nearness, { ...common, seed, initial: ringParameters(), estimator: 'score' }),
    'd3po-fixed': (seed: number) => createD3po(ringModel, nearness, { ...common, seed, initial: ringParameters() }),
    'd3po-moving': (seed: number) =>
      createD3po(ringModel, nearness, { ...common, seed, initial: ringParameters(), referenceUpdate: 'everyUpdate' }),
    'b2-diffurl': (seed: number) =>
      createB2Diffurl(ringModel, nearness, { ...common, seed, initial: ringParameters(), stages: 40 }),
  }
  const targets = { ddpo: -0.04, 'ddpo-score': -0.04, 'd3po-fixed': -0.25, 'd3po-moving': -0.08, 'b2-diffurl': -0.1 }
  const names = Object.keys(learners) as (keyof typeof learners)[]
  const seeds = [1, 2, 3]

  it.each(names)('%s learns as recorded', { timeout: 120_000 }, async name => {
    for (const seed of recording ? seeds : [1]) {
      await follow(`${name}-${seed}`, learners[name](seed), { updates: 40, compared: 2, window: 1 })
    }
  })

  it.each(names)('%s raised its reward in every seed', name => {
    for (const seed of seeds) {
      const rewards = recorded(`${name}-${seed}`).points.map(point => point['meanReward'] as number)
      expect(rewards[0]).toBeLessThan(-0.7)
      expect(rewards.at(-1)).toBeGreaterThan(targets[name])
    }
  })

  it('fine-tuning through the last steps of a chain raises a differentiable reward', async () => {
    const learner = createRewardEditor(
      ringModel,
      { near: { reward: nearnessGraph } },
      {
        ...common,
        seed: 1,
        initial: ringParameters(),
        data: { samples: ringPoints },
        noiseLevel: 1,
        differentiatedSteps: 2,
      },
    )
    await follow('reward-editor', learner, { updates: 150, compared: 10, window: 10 })
    const rewards = recorded('reward-editor').points.map(point => point['near'] as number)
    expect(rewards.at(-1)).toBeGreaterThan(rewards[0] / 4)
  })
})

describe('a generator of four steps, made by rewards alone', () => {
  const seeds = [1, 2, 3]
  const radius = (x: Tensor) => norm(x, { axis: 1 })
  const rewards: DifferentiableRewards = {
    // how well the angle fits that of some mode, a large and hackable reward, and one against it
    angle: {
      reward: x => {
        const towards = div(matmul(x, constant(modeDirections)), norm(x, { axis: 1, keepDims: true }))
        return div(logSumExp(mul(towards, 8), { axis: 1 }), 8)
      },
    },
    large: { reward: x => mul(radius(x), 20), weight: 0.5 },
    ring: { reward: x => neg(square(sub(radius(x), 2))) },
  }
  const make = (seed: number, normalise: boolean) =>
    createRewardGenerator(ringModel, rewards, {
      seed,
      initial: ringParameters(),
      learningRate: 3e-4,
      regularisation: 0.1,
      normalise,
    })

  /** Share of samples within 0.5 of a mode. */
  async function valid(parameters: Evaluated<Dense[]>, steps: number): Promise<number> {
    const sampler = createDiffusionSampler(ringModel, { steps, eta: 0.5, finalAlpha: 'one' })
    const { samples } = await sampler.sample(parameters, { count: 1000, keepStates: false }, new Random(3))
    const near = (i: number) =>
      ring.means.some(mean => Math.hypot(samples[2 * i] - mean[0], samples[2 * i + 1] - mean[1]) < 0.5)
    return Array.from({ length: 1000 }, (_, i) => i).filter(near).length / 1000
  }

  it('learns as recorded', { timeout: 120_000 }, async () => {
    for (const seed of recording ? seeds : [1]) {
      for (const normalise of recording ? [true, false] : [true]) {
        const learner = make(seed, normalise)
        const points = await trainLearner(learner, { updates: recording ? 200 : 10 })
        const { name: kind, settings } = learner
        const evaluated = recording ? { evaluated: await valid(learner.parameters(), 4) } : {}
        const name = `reward-generator-${normalise ? '' : 'raw-'}${seed}`
        expectRecorded(golden(name), { learner: kind, settings, ...evaluated, points: windows(points, 10) }, tolerance)
      }
    }
  })

  it('draws the ring as well as the denoiser does in many steps, if no reward decides by its scale', async () => {
    const [few, many] = [await valid(ringParameters(), 4), await valid(ringParameters(), 25)]
    for (const seed of seeds) {
      expect(recorded(`reward-generator-${seed}`).evaluated).toBeGreaterThan(few + 0.08)
      expect(recorded(`reward-generator-${seed}`).evaluated).toBeGreaterThan(0.95 * many)
      expect(recorded(`reward-generator-raw-${seed}`).evaluated).toBeLessThan(0.1)
    }
  })
})
