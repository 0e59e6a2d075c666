import { GuerdonError } from '@guerdon/core'

/** Denoising chains side by side: what a sampler drew, and how likely it was. */
export interface Chains {
  readonly count: number
  /** D numbers of one sample. */
  readonly size: number
  /** [count] the empty condition where there was none. */
  readonly labels: Int32Array
  /** Index s of the first step taken; 0 for whole chains. */
  readonly fromStep: number
  /** [n + 1][count·D] states before, between and after the n steps; the first and the last alone unless all are kept. */
  readonly states: readonly Float32Array[]
  /** [n][count] mean-over-dimensions log-density of each step taken; null for a deterministic step. */
  readonly logProbs: readonly (Float64Array | null)[]
  /** [count·D] the last state. */
  readonly samples: Float32Array
  /** Calls of the network. */
  readonly denoiserCalls: number
}

/** Chains that share what came before step `at`: row i continues row `parents[i]` of the trunk. */
export interface BranchedChains {
  /** Steps before the fork. */
  readonly trunk: Chains
  /** Steps after it, by row. */
  readonly branches: Chains
  readonly parents: Int32Array
  readonly denoiserCalls: number
}

/** Sample `index` of an array of samples, as a view. */
export function sampleAt(samples: Float32Array, index: number, size: number): Float32Array {
  return samples.subarray(index * size, (index + 1) * size)
}

/** Samples at these places, copied, in this order. */
export function takeSamples(samples: Float32Array, sources: ArrayLike<number>, size: number): Float32Array {
  const taken = new Float32Array(sources.length * size)
  for (let i = 0; i < sources.length; i++) taken.set(sampleAt(samples, sources[i], size), i * size)
  return taken
}

/** Who comes from whom: new particle i of `step` continues `sources[i]`. */
export interface Resampling {
  readonly step: number
  readonly sources: ArrayLike<number>
}

/**
 * [steps + 1][count] the index that the ancestor of each final particle had before each step, and at the end the particle
 * itself: whole paths through resamplings, which happen after their step.
 *
 * @param genealogy rising in `step`
 */
export function ancestors(genealogy: readonly Resampling[], count: number, steps: number): Int32Array[] {
  const lines: Int32Array[] = new Array<Int32Array>(steps + 1)
  let current = Int32Array.from({ length: count }, (_, i) => i)
  let next = genealogy.length - 1
  lines[steps] = current
  for (let step = steps - 1; step >= 0; step--) {
    if (next >= 0 && genealogy[next].step === step) {
      const { sources } = genealogy[next--]
      current = current.map(i => sources[i])
    }
    lines[step] = current
  }
  return lines
}

/** @throws shape_mismatch, not_finite naming sample and entry */
export function assertSamples(samples: ArrayLike<number>, count: number, size: number, name: string): void {
  if (samples.length !== count * size) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected ${count} samples of ${size} numbers; got ${samples.length} numbers in all — ${name}`,
      { path: [name] },
    )
  }
  for (let i = 0; i < samples.length; i++) {
    if (Number.isFinite(samples[i])) continue
    throw new GuerdonError(
      'not_finite',
      `expected finite ${name}; got ${samples[i]} — sample ${Math.floor(i / size)}, entry ${i % size}`,
      { path: [name, i] },
    )
  }
}
