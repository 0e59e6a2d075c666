import type { Tensor } from '../graph.ts'
import { isNdArray, type NdArray, ndarray, sizeOf } from '../ndarray.ts'
import { add, div, minimum, mul, sub } from '../operators/binary.ts'
import { cast, toTensor } from '../operators/operands.ts'
import { sum } from '../operators/reduce.ts'
import type { Operand } from '../operators/source.ts'
import { sqrt, square } from '../operators/unary.ts'
import { isTensor } from '../transform/gradients.ts'
import { treeLeaves, treeMap, treeZip } from '../tree.ts'
import { flatten, unflatten } from './flat.ts'
import type { Schedule } from './schedules.ts'

/** What an optimiser remembers: the count of updates and vectors as long as all parameters together. */
export interface OptimiserState<T = Tensor> {
  /** Updates made so far, int32. */
  updates: T
  /** Running vectors, by name; parameters in the order of the tree's leaves. */
  vectors: { [name: string]: T }
}

/** Settings that all optimisers share. */
export interface OptimiserOptions {
  /** Step size: a number, or a function of the number of updates made. */
  readonly learningRate: number | Schedule
  /** Gradients whose 2-norm over all parameters exceeds this are scaled down to it (by c/(norm + 1e-6)); default never. */
  readonly clipNorm?: number
}

/**
 * An optimiser inside graphs: `update` is an ordinary function on tensors, so that forward pass, backward pass, clipping
 * and update are one graph.
 */
export interface Optimiser {
  /** The state before the first update. */
  initial(parameters: unknown): OptimiserState<NdArray>
  /** Parameters and state after one update. `learningRate` overrides the setting. */
  update<P>(
    gradients: P,
    state: OptimiserState,
    parameters: P,
    options?: { learningRate?: Operand },
  ): { parameters: P; state: OptimiserState; gradientNorm: Tensor }
}

/** The rule of one optimiser, on vectors. */
export interface Rule {
  /** Names of the vectors it remembers. */
  readonly vectors: readonly string[]
  /** What to subtract from the parameters, and the vectors for the next time. `count` is t = 1, 2, …, a float. */
  step(
    gradient: Tensor,
    vectors: { readonly [name: string]: Tensor },
    rate: Tensor,
    count: Tensor,
    parameters: () => Tensor,
  ): { change: Tensor; vectors: { [name: string]: Tensor } }
}

/** √Σ x² over all leaves of a tree. */
export function globalNorm(tree: unknown): Tensor {
  return sqrt(sum(square(flatten(tree))))
}

/** The tree scaled by min(1, maximum/(norm + 1e-6)), norm the 2-norm over all its leaves. */
export function clipGlobalNorm<P>(tree: P, options: { maximum: number }): P {
  const scale = minimum(1, div(options.maximum, add(globalNorm(tree), 1e-6)))
  return treeMap(tree, isTensor, leaf => mul(leaf, scale)) as P
}

/** Makes an optimiser of its rule. */
export function optimiserOf(rule: Rule, options: OptimiserOptions): Optimiser {
  const { learningRate, clipNorm } = options
  return {
    initial(parameters) {
      const leaves = treeLeaves(parameters, isNdArray)
      const length = leaves.reduce((total, leaf) => total + sizeOf(leaf.shape), 0)
      const dtype = leaves.some(leaf => leaf.dtype === 'float64') ? 'float64' : 'float32'
      const zeros = () => ndarray(dtype === 'float64' ? new Float64Array(length) : new Float32Array(length))
      return {
        updates: ndarray(0, { dtype: 'int32' }),
        vectors: Object.fromEntries(rule.vectors.map(name => [name, zeros()])),
      }
    },
    update(gradients, state, parameters, { learningRate: override } = {}) {
      const raw = flatten(gradients)
      const gradientNorm = sqrt(sum(square(raw)))
      const gradient = clipNorm === undefined ? raw : mul(raw, minimum(1, div(clipNorm, add(gradientNorm, 1e-6))))
      const done = cast(state.updates, raw.dtype)
      const rate = cast(
        toTensor(override ?? (typeof learningRate === 'number' ? learningRate : learningRate(done))),
        raw.dtype,
      )
      const { change, vectors } = rule.step(gradient, state.vectors, rate, add(done, 1), () => flatten(parameters))
      const changes = unflatten(parameters, change)
      return {
        parameters: treeZip([parameters, changes], isTensor, ([value, by]) => sub(value, by)) as typeof parameters,
        state: { updates: add(state.updates, 1), vectors },
        gradientNorm,
      }
    },
  }
}
