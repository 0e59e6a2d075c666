import { type DdimOptions, ddimCoefficients } from '@guerdon/methods/exploration/baselines-qd-diffusion'
import type { NdArray } from '@guerdon/tensor'
import type { DiffusionModel } from './model.ts'

/** Numbers that a reverse step needs beside the samples, one for each sample. */
export interface StepInputs<T> {
  /** [B] */
  timesteps: T
  /** [B][1]…: √ᾱ, √(1 − ᾱ), √ᾱ′, √(1 − ᾱ′ − σ²), σ */
  coefficients: { signal: T; noise: T; previousSignal: T; direction: T; sigma: T }
}

/** Coefficients of each of a sampler's steps, and the arrays of them that batches take. */
export interface StepTable {
  /** [N] falling */
  readonly timesteps: Int32Array
  /** [N] */
  readonly sigma: Float64Array
  /** Inputs for rows that stand at the given steps. */
  inputs(steps: ArrayLike<number>): StepInputs<NdArray>
}

/** The table of a sampler's steps. */
export function stepTable<P>(model: DiffusionModel<P>, timesteps: Int32Array, options: DdimOptions): StepTable {
  const all = ddimCoefficients(model.schedule, timesteps, options)
  const shape = model.network.shape.map(() => 1)
  return {
    timesteps,
    sigma: all.sigma,
    inputs(steps) {
      const rows = steps.length
      const pick = (values: ArrayLike<number>, extents: readonly number[]): NdArray => ({
        dtype: 'float32',
        shape: [rows, ...extents],
        data: Float32Array.from({ length: rows }, (_, i) => values[steps[i]]),
      })
      return {
        timesteps: pick(timesteps, []),
        coefficients: {
          signal: pick(all.signal, shape),
          noise: pick(all.noise, shape),
          previousSignal: pick(all.previousSignal, shape),
          direction: pick(all.direction, shape),
          sigma: pick(all.sigma, shape),
        },
      }
    },
  }
}
