import { assertInteger, Random, type RandomState } from '@guerdon/core'
import { type Concrete, type Evaluated, jit, type NdArray, type Tensor, type Tree } from '@guerdon/tensor'
import type { CurvePoint, Learner, Settings } from '../run/learner.ts'
import { readLearnerState, writeLearnerState } from '../run/learner-state.ts'
import { arraysLike } from './checkpoint.ts'
import { createTrainer, type MeasuredLoss, type TrainerOptions } from './trainer.ts'

/** Something to minimise over minibatches: parameters, a loss, and where batches come from. */
export interface GradientTask<P, B> {
  /** Names the learner and its saved state. */
  readonly name: string
  /** What decides the run besides the options of the learner: sizes, data, loss. */
  readonly settings: Settings
  /** Parameters to start from. */
  initial(random: Random): Evaluated<P>
  loss(parameters: P, batch: B): MeasuredLoss
  /** The next minibatch; every draw comes from `random`. `update` counts from 0. */
  nextBatch(random: Random, update: number): Evaluated<B>
  /** Batches that are never trained on, with the number of examples of each. Default none. */
  readonly heldOut?: readonly { readonly batch: Evaluated<B>; readonly count: number }[]
}

/** Choices of a gradient learner. */
export interface GradientLearnerOptions extends TrainerOptions {
  /** A safe integer; decides initial parameters and batches. */
  readonly seed: number
  /** Updates between two looks at the held-out loss; there is one before the first update too. Default 10. */
  readonly evaluateEvery?: number
}

/** A learner that minimises a loss, and remembers where its held-out loss was lowest. */
export interface GradientLearner<P> extends Learner {
  parameters(): Evaluated<P>
  /** Parameters with the lowest held-out loss so far; those of now when nothing is held out. */
  best(): Evaluated<P>
  /** That loss; null before the first look. */
  bestLoss(): number | null
}

interface Rest {
  readonly batchRandom: RandomState
  readonly updates: number
  readonly bestLoss: number | null
  readonly stale: number
}

/**
 * A `Learner` of any differentiable loss. Its points: `loss`, `gradientNorm`, what the loss measured, and with held-out
 * data `heldOutLoss` (mean over examples; null on updates without a look) and `stale`, looks since the lowest one. Stop
 * early with `until: stoppedImproving(n)`.
 */
export function createGradientLearner<P, B>(
  task: GradientTask<P, B>,
  options: GradientLearnerOptions,
): GradientLearner<P> {
  const { seed, evaluateEvery = 10, learningRate, maximumGradientNorm = null, weightDecay = 0, threads = 1 } = options
  assertInteger(evaluateEvery, 'evaluateEvery', 1)
  const { heldOut = [] } = task
  const owner = {
    name: task.name,
    settings: { ...task.settings, seed, evaluateEvery, learningRate, maximumGradientNorm, weightDecay },
  }
  const root = new Random(seed)
  const trainer = createTrainer<P, B>(task.initial(root.split('parameters')), task.loss, options)
  const heldOutLoss = jit((parameters: P, batch: B): Tensor => task.loss(parameters, batch).loss, { threads })
  let batchRandom = root.split('batches')
  let best = trainer.parameters()
  let rest: Omit<Rest, 'batchRandom'> = { updates: 0, bestLoss: null, stale: 0 }

  async function look(): Promise<number> {
    let total = 0
    let examples = 0
    for (const { batch, count } of heldOut) {
      const loss = (await heldOutLoss(...([trainer.parameters(), batch] as unknown as Concrete<[P, B]>))) as NdArray
      total += count * loss.data[0]
      examples += count
    }
    return total / examples
  }

  async function lookAndRemember(): Promise<number> {
    const loss = await look()
    const improved = rest.bestLoss === null || loss < rest.bestLoss
    if (improved) best = trainer.parameters()
    rest = { ...rest, bestLoss: improved ? loss : rest.bestLoss, stale: improved ? 0 : rest.stale + 1 }
    return loss
  }

  return {
    ...owner,
    parameters: () => trainer.parameters(),
    best: () => (rest.bestLoss === null ? trainer.parameters() : best),
    bestLoss: () => rest.bestLoss,
    updates: () => rest.updates,
    async update(): Promise<CurvePoint> {
      if (heldOut.length > 0 && rest.bestLoss === null) await lookAndRemember()
      const { loss, gradientNorm, measured } = await trainer.step(task.nextBatch(batchRandom, rest.updates))
      rest = { ...rest, updates: rest.updates + 1 }
      const point = { loss, gradientNorm, ...measured }
      if (heldOut.length === 0) return point
      const heldOutLoss = rest.updates % evaluateEvery === 0 ? await lookAndRemember() : null
      return { ...point, heldOutLoss, stale: rest.stale }
    },
    save() {
      const { parameters, optimiser } = trainer.state()
      const arrays = { parameters, optimiser, best } as unknown as Tree<NdArray>
      return writeLearnerState(owner, arrays, { ...rest, batchRandom: batchRandom.state() } satisfies Rest)
    },
    restore(bytes) {
      const { tensors, rest: found } = readLearnerState<Rest>(bytes, owner)
      const arrays = arraysLike(tensors, { ...trainer.state(), best })
      const { batchRandom: drawn, ...others } = found
      trainer.restore(arrays)
      best = arrays.best
      batchRandom = new Random(drawn)
      rest = others
    },
  }
}

/** For `trainLearner`: stops when `looks` looks at the held-out loss in a row brought nothing better. */
export function stoppedImproving(looks: number): (point: CurvePoint) => boolean {
  assertInteger(looks, 'looks', 1)
  return point => (point['stale'] ?? 0) >= looks
}
