import { assertInteger, GuerdonError, type Random } from '@guerdon/core'
import { type DdimOptions, ddimMeans, ddimTimesteps } from '@guerdon/methods/exploration/baselines-qd-diffusion'
import { clip, div, type Evaluated, jit, mul, type NdArray, sub, type Tensor } from '@guerdon/tensor'
import type { Settings } from '../run/learner.ts'
import { assertSamples, type BranchedChains, type Chains, takeSamples } from './chains.ts'
import { callsPerStep, type DiffusionModel, type GuidanceOptions, guidedOutput } from './model.ts'
import { conditionLabels, sampleSize } from './network.ts'
import { type StepInputs, type StepTable, stepTable } from './step-inputs.ts'
import { addStepNoise } from './step-noise.ts'

/** How chains are drawn. `prediction` is the model's. Default 50 steps with η = 1. */
export interface DiffusionSamplerOptions extends Omit<DdimOptions, 'prediction'>, GuidanceOptions {
  /** Added to the leading timesteps. Default 1. */
  readonly offset?: number
  /** Threads of the runtime. Default 1. */
  readonly threads?: number
}

/** Where chains start. */
export interface ChainStart {
  /** B */
  readonly count: number
  /** [B] classes. Default: the empty condition. */
  readonly labels?: ArrayLike<number> | null
  /** [B·D] states before step `fromStep`. Default: standard normal draws. */
  readonly initial?: Float32Array
  /** Default 0. */
  readonly fromStep?: number
  /** Step to stop before. Default N. */
  readonly toStep?: number
  /** Keep the states between the steps. Default true. */
  readonly keepStates?: boolean
  readonly signal?: AbortSignal
}

/** One step of a batch, before its noise. */
export interface DenoisingStep {
  /** [B·D] μ of the next state. */
  readonly means: Float32Array
  /** [B·D] x̂₀ */
  readonly clean: Float32Array
  readonly sigma: number
}

/** Draws samples of a diffusion model. */
export interface DiffusionSampler<P> {
  /** N */
  readonly steps: number
  /** D */
  readonly size: number
  readonly table: StepTable
  /** Calls of the network for one sample at one step. */
  readonly callsPerStep: number
  /** All that decides a chain, as plain data. */
  readonly settings: Settings
  /** Labels of `count` samples: those given, checked, or empty conditions. */
  labels(labels: ArrayLike<number> | null | undefined, count: number): Int32Array
  /** Throws invalid_option naming the first step without noise, which `what` cannot do without. */
  assertStochastic(what: string): void
  /** Mean and clean prediction of step `step`, for states [B·D]. */
  step(parameters: Evaluated<P>, states: Float32Array, step: number, labels?: Int32Array): Promise<DenoisingStep>
  /**
   * Runs chains. Draws D normals a sample for the start, where none is given, then D a sample at each step with σ > 0, sample
   * after sample.
   *
   * @throws not_finite naming sample and step when the network's output is not finite
   */
  sample(parameters: Evaluated<P>, start: ChainStart, random: Random): Promise<Chains>
  /** Runs chains to step `at`, then `children` of each with noise of their own: row child·count + i continues row i. */
  branch(
    parameters: Evaluated<P>,
    start: ChainStart,
    fork: { readonly at: number; readonly children: number },
    random: Random,
  ): Promise<BranchedChains>
}

interface StepBatch<T> extends StepInputs<T> {
  samples: T
  labels: T
}

/**
 * DDIM with any η (Song et al., arXiv 2010.02502); η = 1 with all T steps and `offset: 0` is DDPM. Records the states and
 * the log-density of each step: what policy gradients, branching and steering need. `finalAlpha: 'first'`, the default,
 * leaves the last step a density and the samples noise of √(1 − ᾱ₀); `one` ends in the clean prediction.
 */
export function createDiffusionSampler<P>(
  model: DiffusionModel<P>,
  options: DiffusionSamplerOptions = {},
): DiffusionSampler<P> {
  const { steps = 50, eta = 1, finalAlpha = 'first', clipRange = null, recomputeNoise = false } = options
  const { guidanceScale = 1, offset = 1, threads = 1 } = options
  const { prediction, network } = model
  const size = sampleSize(network)
  const { timesteps } = ddimTimesteps({ trainSteps: model.trainSteps, steps, offset })
  const table = stepTable(model, timesteps, { steps, eta, finalAlpha })
  const calls = callsPerStep(model, options)
  const shapeOf = (data: Float32Array): NdArray => ({
    dtype: 'float32',
    shape: [data.length / size, ...network.shape],
    data,
  })
  const graph = jit(
    (parameters: P, batch: StepBatch<Tensor>) => {
      const output = guidedOutput(model, parameters, batch, options)
      const means = ddimMeans(output, batch.samples, batch.coefficients, { prediction, clipRange, recomputeNoise })
      return { means, clean: cleanPrediction(output, batch) }
    },
    { threads },
  )

  function cleanPrediction(output: Tensor, { samples, coefficients }: StepBatch<Tensor>): Tensor {
    const { signal, noise } = coefficients
    const clean =
      prediction === 'sample'
        ? output
        : prediction === 'velocity'
          ? sub(mul(samples, signal), mul(output, noise))
          : div(sub(samples, mul(output, noise)), signal)
    return clipRange === null ? clean : clip(clean, { minimum: -clipRange, maximum: clipRange })
  }

  async function step(
    parameters: Evaluated<P>,
    states: Float32Array,
    at: number,
    labels?: Int32Array,
  ): Promise<DenoisingStep> {
    const count = states.length / size
    const batch: StepBatch<NdArray> = {
      samples: shapeOf(states),
      labels: { dtype: 'int32', shape: [count], data: conditionLabels(network, labels, count) },
      ...table.inputs(new Int32Array(count).fill(at)),
    }
    const found = (await (graph as unknown as StepGraph<P>)(parameters, batch)) as DenoisingArrays
    const [means, clean] = [found.means.data as Float32Array, found.clean.data as Float32Array]
    const bad = means.findIndex(value => !Number.isFinite(value))
    if (bad < 0) return { means, clean, sigma: table.sigma[at] }
    throw new GuerdonError(
      'not_finite',
      `expected finite samples; got ${means[bad]} — sample ${Math.floor(bad / size)}, step ${at}`,
      { path: ['samples', bad], hint: 'the parameters have diverged: lower the learning rate' },
    )
  }

  async function sample(parameters: Evaluated<P>, start: ChainStart, random: Random): Promise<Chains> {
    const { count, fromStep = 0, toStep = steps, keepStates = true } = start
    assertInteger(count, 'count', 1)
    assertInteger(fromStep, 'fromStep')
    assertInteger(toStep, 'toStep', fromStep)
    if (toStep > steps) {
      throw new GuerdonError('invalid_option', `expected toStep ≤ ${steps}; got ${toStep}`, { path: ['toStep'] })
    }
    const labels = conditionLabels(network, start.labels, count)
    let current = start.initial ?? Float32Array.from(random.normals(count * size))
    assertSamples(current, count, size, 'initial')
    const states = [current]
    const logProbs: (Float64Array | null)[] = []
    for (let at = fromStep; at < toStep; at++) {
      start.signal?.throwIfAborted()
      const { means, sigma } = await step(parameters, current, at, labels)
      const moved = addStepNoise(means, sigma, count, random)
      current = moved.next
      logProbs.push(moved.logProbs)
      if (keepStates || at === toStep - 1) states.push(current)
    }
    const denoiserCalls = calls * count * (toStep - fromStep)
    return { count, size, labels, fromStep, states, logProbs, samples: current, denoiserCalls }
  }

  return {
    steps,
    size,
    table,
    callsPerStep: calls,
    settings: { steps, eta, finalAlpha, clipRange, recomputeNoise, guidanceScale, offset },
    labels: (labels, count) => conditionLabels(network, labels, count),
    assertStochastic(what) {
      const still = table.sigma.findIndex((sigma, at) => sigma === 0 && (what !== 'steering' || at < steps - 1))
      if (still < 0) return
      throw new GuerdonError('invalid_option', `expected noise at every step for ${what}; step ${still} has none`, {
        path: ['eta'],
        hint: "sample with eta > 0 and, for log-probabilities, finalAlpha 'first'",
      })
    },
    step,
    sample,
    async branch(parameters, start, { at, children }, random) {
      assertInteger(children, 'children', 1)
      const trunk = await sample(parameters, { ...start, toStep: at }, random)
      const parents = Int32Array.from({ length: children * trunk.count }, (_, row) => row % trunk.count)
      const labels = parents.map(parent => trunk.labels[parent])
      const initial = takeSamples(trunk.samples, parents, size)
      const continued = { ...start, count: parents.length, labels, initial, fromStep: at }
      const branches = await sample(parameters, continued, random)
      return { trunk, branches, parents, denoiserCalls: trunk.denoiserCalls + branches.denoiserCalls }
    },
  }
}

type StepGraph<P> = (parameters: Evaluated<P>, batch: StepBatch<NdArray>) => Promise<unknown>

interface DenoisingArrays {
  readonly means: NdArray
  readonly clean: NdArray
}
