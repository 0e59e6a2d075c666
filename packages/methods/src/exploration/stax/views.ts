import { assertFinite, assertInteger, assertSameLength, GuerdonError } from '@guerdon/core'

/**
 * Steps at which a trajectory is looked at: ⌈linspace(0, T − 1, n + 1)⌉ without its first entry. One view is the last step.
 *
 * @param horizon T ≥ 1; @param options.views n, default 1
 */
export function samplingPoints(horizon: number, options: { readonly views?: number } = {}): Int32Array {
  const { views = 1 } = options
  assertInteger(horizon, 'horizon', 1)
  assertInteger(views, 'views', 1)
  const step = (horizon - 1) / views
  return Int32Array.from({ length: views }, (_, i) => (i === views - 1 ? horizon - 1 : Math.ceil((i + 1) * step)))
}

/**
 * Steps whose frames become the views of a trajectory that may have ended early: sampling points it reached, then its last
 * frame again and again until there are n.
 *
 * @param points [n] from `samplingPoints`; @param length steps of the trajectory, ≥ 1
 */
export function viewSteps(points: ArrayLike<number>, length: number): Int32Array {
  assertInteger(length, 'length', 1)
  return Int32Array.from(points, point => Math.min(point, length - 1))
}

/** Where trajectories lie in the learned space, and how badly they are reconstructed. */
export interface LearnedBehaviours {
  /** [B·n] mean squared error of each view. */
  readonly errors: Float64Array
  /** [B][n·b] latent codes of the views, one after another. */
  readonly descriptors: Float64Array[]
  /** [B] Σ over the views: grows with n, so it is not compared across numbers of views. */
  readonly surprise: Float64Array
}

/**
 * Descriptor and surprise of trajectories from what an auto-encoder made of their views.
 *
 * @param encoded features [B·n][b], inputs and reconstructions [B·n][pixels], trajectory after trajectory
 * @param options.views n, default 1
 * @throws shape_mismatch when the views are no whole number of trajectories
 */
export function learnedBehaviours(
  encoded: {
    readonly features: readonly ArrayLike<number>[]
    readonly inputs: readonly ArrayLike<number>[]
    readonly reconstructions: readonly ArrayLike<number>[]
  },
  options: { readonly views?: number } = {},
): LearnedBehaviours {
  const { features, inputs, reconstructions } = encoded
  const { views = 1 } = options
  assertInteger(views, 'views', 1)
  assertSameLength(features, 'features', inputs, 'inputs')
  assertSameLength(features, 'features', reconstructions, 'reconstructions')
  if (features.length % views !== 0) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected whole trajectories of ${views} views; got ${features.length} views`,
      {
        path: ['features'],
      },
    )
  }
  const errors = Float64Array.from(inputs, (input, i) => {
    assertSameLength(input, `inputs[${i}]`, reconstructions[i], `reconstructions[${i}]`)
    assertFinite(features[i], 'features', ['features', i])
    let total = 0
    for (let d = 0; d < input.length; d++) total += (input[d] - reconstructions[i][d]) ** 2
    return total / input.length
  })
  const count = features.length / views
  const descriptors = Array.from({ length: count }, (_, b) =>
    Float64Array.from(features.slice(b * views, (b + 1) * views).flatMap(row => Array.from(row))),
  )
  const surprise = Float64Array.from({ length: count }, (_, b) =>
    errors.subarray(b * views, (b + 1) * views).reduce((sum, error) => sum + error, 0),
  )
  return { errors, descriptors, surprise }
}

/** Distinct descriptors of a set, as a share: near 0 when the encoder says the same of everything. */
export function distinctDescriptors(descriptors: readonly ArrayLike<number>[]): number {
  if (descriptors.length === 0) return 0
  return new Set(descriptors.map(descriptor => Array.from(descriptor).join())).size / descriptors.length
}
