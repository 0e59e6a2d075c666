import { ddimMeans, denoisingLogProb } from '@guerdon/methods/exploration/baselines-qd-diffusion'
import type { NdArray, Tensor } from '@guerdon/tensor'
import type { Chains } from './chains.ts'
import { type DiffusionModel, guidedOutput } from './model.ts'
import type { DiffusionSampler, DiffusionSamplerOptions } from './sampler.ts'
import type { StepInputs } from './step-inputs.ts'

/** Stored steps of chains, as rows of a batch. */
export interface TransitionBatch<T = Tensor> extends StepInputs<T> {
  /** [B][…shape] x */
  samples: T
  /** [B][…shape] x′ */
  next: T
  /** [B] int32 */
  labels: T
}

/** Number of a step of a chain among the `chains.count × n` that were taken. */
export function transitionRow(chains: Chains, chain: number, step: number): number {
  return step * chains.count + chain
}

/** The steps of chains at the given rows (`transitionRow`), with what the network needs to judge them anew. */
export function transitionArrays<P>(
  model: DiffusionModel<P>,
  sampler: DiffusionSampler<P>,
  chains: Chains,
  rows: Int32Array,
): TransitionBatch<NdArray> {
  const { count, size, states, labels, fromStep } = chains
  const samples = new Float32Array(rows.length * size)
  const next = new Float32Array(rows.length * size)
  const steps = new Int32Array(rows.length)
  const own = new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const step = Math.floor(rows[i] / count)
    const at = (rows[i] % count) * size
    samples.set(states[step].subarray(at, at + size), i * size)
    next.set(states[step + 1].subarray(at, at + size), i * size)
    steps[i] = fromStep + step
    own[i] = labels[rows[i] % count]
  }
  const shape = [rows.length, ...model.network.shape]
  return {
    samples: { dtype: 'float32', shape, data: samples },
    next: { dtype: 'float32', shape, data: next },
    labels: { dtype: 'int32', shape: [rows.length], data: own },
    ...sampler.table.inputs(steps),
  }
}

/** Numbers as a column [rows] of a batch. */
export function columnOf(values: Float32Array): NdArray {
  return { dtype: 'float32', shape: [values.length], data: values }
}

/** The log-densities that the sampler recorded of the steps at the given rows, [rows]; every step must have one. */
export function recordedLogProbs({ count, logProbs }: Chains, rows: Int32Array): NdArray {
  return columnOf(Float32Array.from(rows, row => logProbs[Math.floor(row / count)]![row % count]))
}

/**
 * Log-density of stored steps under the parameters, a mean over the entries of a sample, [B]. As a graph, so that losses are
 * differentiated through the mean of the step; guidance and clipping are the sampler's.
 */
export function transitionLogProbs<P>(
  model: DiffusionModel<P>,
  parameters: P,
  batch: TransitionBatch,
  options: DiffusionSamplerOptions = {},
): Tensor {
  const { clipRange = null, recomputeNoise = false } = options
  const output = guidedOutput(model, parameters, batch, options)
  const { prediction } = model
  const means = ddimMeans(output, batch.samples, batch.coefficients, { prediction, clipRange, recomputeNoise })
  return denoisingLogProb(batch.next, means, batch.coefficients.sigma)
}
