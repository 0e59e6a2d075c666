import { assertInteger, assertNotEmpty, GuerdonError } from '@guerdon/core'

/** Features of the frames of one demonstration, `[T][D]`. */
export type Frames = readonly ArrayLike<number>[]

/**
 * Mean over features of the standard deviation over frames (population, ddof 0). One frame gives 0.
 * @param frames [T][D], T ≥ 1
 */
export function averageStd(frames: Frames): number {
  assertNotEmpty(frames, 'frames')
  const spread = new GrowingSpread(frames[0].length)
  for (const frame of frames) spread.add(frame)
  return spread.averageStd()
}

/**
 * Welford's running moments of every feature, so that a segment grows by a frame in O(D) and a constant feature stays
 * exactly 0.
 */
class GrowingSpread {
  readonly #means: Float64Array
  readonly #squares: Float64Array
  #count = 0

  constructor(features: number) {
    this.#means = new Float64Array(features)
    this.#squares = new Float64Array(features)
  }

  add(frame: ArrayLike<number>): void {
    this.#count++
    for (let j = 0; j < this.#means.length; j++) {
      const delta = frame[j] - this.#means[j]
      this.#means[j] += delta / this.#count
      this.#squares[j] += delta * (frame[j] - this.#means[j])
    }
  }

  averageStd(): number {
    let total = 0
    for (let j = 0; j < this.#squares.length; j++) total += Math.sqrt(this.#squares[j] / this.#count)
    return this.#squares.length === 0 ? 0 : total / this.#squares.length
  }
}

/** Choices of the segmentation. */
export interface SegmentationOptions {
  /** n, number of steps (segments). Default 3. */
  readonly steps?: number
  /** Fewest frames of a segment. Default 2. */
  readonly minSize?: number
  /**
   * `exhaustive`: the exact optimum. `binary`: split in two, then the halves, cheaper and worse. Default `exhaustive`.
   */
  readonly search?: 'exhaustive' | 'binary'
}

/** Where a demonstration is cut. */
export interface Segmentation {
  /** [n−1] index of the first frame of segments 2 … n. */
  readonly boundaries: readonly number[]
  /** Mean of the segments' averageStd: segments count alike whatever their length. */
  readonly objective: number
}

const IMPROVEMENT = 1e-12

/**
 * Cuts a demonstration into n ordered segments inside which features vary least: minimises the mean of averageStd over
 * segments. Exhaustive search is a dynamic programme, cost[i][m] = min_c averageStd(i … c) + cost[c][m−1], O(T²·(D +
 * n)); ties go to the earliest cut (an improvement must exceed 1e-12).
 *
 * @param frames [T][D] finite
 * @returns undefined when T < n·minSize: drop the demonstration or lower n
 * Source: Sermanet, Xu and Levine 2017, Algorithm 1 (recursive form).
 */
export function segment(frames: Frames, options: SegmentationOptions = {}): Segmentation | undefined {
  const { steps = 3, minSize = 2, search = 'exhaustive' } = options
  assertInteger(steps, 'steps', 1)
  assertInteger(minSize, 'minSize', 1)
  checkFrames(frames)
  if (frames.length < steps * minSize) return undefined
  const boundaries =
    search === 'binary'
      ? binaryBoundaries(frames, 0, frames.length, steps, minSize)
      : exhaustiveBoundaries(frames, steps, minSize)
  return { boundaries, objective: segmentationObjective(frames, boundaries) }
}

/** Mean of averageStd over the segments that the boundaries make. */
export function segmentationObjective(frames: Frames, boundaries: readonly number[]): number {
  const cuts = [0, ...boundaries, frames.length]
  let total = 0
  for (let k = 0; k + 1 < cuts.length; k++) total += averageStd(frames.slice(cuts[k], cuts[k + 1]))
  return total / (cuts.length - 1)
}

function exhaustiveBoundaries(frames: Frames, steps: number, minSize: number): number[] {
  const length = frames.length
  const spreads = segmentSpreads(frames)
  const width = length + 1
  // cost[m][i]: best sum of m segments from frame i to the end
  let cost = new Float64Array(width).fill(Number.POSITIVE_INFINITY)
  for (let i = 0; length - i >= minSize; i++) cost[i] = spreads[i * width + length]
  const cuts: Int32Array[] = []
  for (let m = 2; m <= steps; m++) {
    const next = new Float64Array(width).fill(Number.POSITIVE_INFINITY)
    const cut = new Int32Array(width).fill(-1)
    for (let i = 0; length - i >= m * minSize; i++) {
      for (let c = i + minSize; c <= length - (m - 1) * minSize; c++) {
        const value = spreads[i * width + c] + cost[c]
        if (value < next[i] - IMPROVEMENT) {
          next[i] = value
          cut[i] = c
        }
      }
    }
    cost = next
    cuts.push(cut)
  }
  const boundaries: number[] = []
  let from = 0
  for (let m = steps; m >= 2; m--) {
    from = cuts[m - 2][from]
    boundaries.push(from)
  }
  return boundaries
}

/** [(T+1)·(T+1)] averageStd of frames start … end−1 at `start·(T+1) + end`. */
function segmentSpreads(frames: Frames): Float64Array {
  const width = frames.length + 1
  const table = new Float64Array(width * width)
  for (let start = 0; start < frames.length; start++) {
    const spread = new GrowingSpread(frames[0].length)
    for (let end = start + 1; end <= frames.length; end++) {
      spread.add(frames[end - 1])
      table[start * width + end] = spread.averageStd()
    }
  }
  return table
}

function binaryBoundaries(frames: Frames, start: number, end: number, steps: number, minSize: number): number[] {
  if (steps === 1) return []
  const left = Math.floor(steps / 2)
  const right = steps - left
  let best = -1
  let bestValue = Number.POSITIVE_INFINITY
  for (let c = start + left * minSize; c <= end - right * minSize; c++) {
    const value = averageStd(frames.slice(start, c)) + averageStd(frames.slice(c, end))
    if (value < bestValue - IMPROVEMENT) {
      bestValue = value
      best = c
    }
  }
  return [
    ...binaryBoundaries(frames, start, best, left, minSize),
    best,
    ...binaryBoundaries(frames, best, end, right, minSize),
  ]
}

function checkFrames(frames: Frames): void {
  assertNotEmpty(frames, 'frames')
  for (let t = 0; t < frames.length; t++) {
    if (frames[t].length !== frames[0].length) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected ${frames[0].length} features in every frame; frame ${t} has ${frames[t].length}`,
        { path: ['frames', t] },
      )
    }
    for (let j = 0; j < frames[t].length; j++) {
      if (Number.isFinite(frames[t][j])) continue
      throw new GuerdonError('not_finite', `expected finite features; frame ${t} has ${frames[t][j]} at ${j}`, {
        path: ['frames', t, j],
        hint: 'drop that feature from all frames (fitStepModels does), not the frame',
      })
    }
  }
}

/** Overlap |∩|/|∪| of every predicted step with the true one, and its mean. */
export interface StepOverlap {
  readonly perStep: Float64Array
  readonly mean: number
}

/**
 * Jaccard index of each step's frames between two segmentations of `length` frames.
 * @param predicted [n−1] @param actual [n−1] boundaries
 */
export function stepJaccard(predicted: readonly number[], actual: readonly number[], length: number): StepOverlap {
  if (predicted.length !== actual.length) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected segmentations with one number of steps; got ${predicted.length + 1} and ${actual.length + 1}`,
    )
  }
  const a = [0, ...predicted, length]
  const b = [0, ...actual, length]
  const perStep = Float64Array.from({ length: a.length - 1 }, (_, k) => {
    const shared = Math.max(0, Math.min(a[k + 1], b[k + 1]) - Math.max(a[k], b[k]))
    const union = a[k + 1] - a[k] + (b[k + 1] - b[k]) - shared
    return union === 0 ? 0 : shared / union
  })
  return { perStep, mean: perStep.reduce((sum, value) => sum + value, 0) / perStep.length }
}
