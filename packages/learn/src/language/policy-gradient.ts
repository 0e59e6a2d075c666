import { assertInteger, type Random } from '@guerdon/core'
import type { NdArray } from '@guerdon/tensor'
import { createTrainer, type TrainerOptions, type TrainerState } from '../training/trainer.ts'
import { type OffPolicyCorrection, truncatedImportanceWeights } from './off-policy.ts'
import type { PolicyParameters } from './policy.ts'
import { type ObjectiveBatch, type PolicyObjective, policyObjective } from './policy-objective.ts'
import { createTokenScorer } from './token-scores.ts'
import type { TokenRows, TrainingRows } from './training-rows.ts'
import type { TransformerConfig } from './transformer.ts'

/** How a policy is updated from advantages. */
export interface PolicyGradientOptions extends TrainerOptions, PolicyObjective {
  readonly config: TransformerConfig
  /** Passes over the rows an update. Default 1. */
  readonly epochs?: number
  /** Gradient steps a pass; rows are shuffled between them. Default 1. */
  readonly miniBatches?: number
  /**
   * Weighs advantages by truncated importance between the policy at the start of the update and the distribution sampled
   * from, and relates ratios to the former. Default: the recorded log-probabilities are trusted as they are.
   */
  readonly offPolicy?: OffPolicyCorrection
}

/** What one update measured: means over its gradient steps. */
export interface PolicyUpdate {
  readonly loss: number
  /** Mean estimate of KL(policy ‖ reference) over trained tokens, nats a token; 0 without a reference. */
  readonly kl: number
  readonly clipFraction: number
  /** Loss, norm of the gradient and all that the objective measured. */
  readonly measured: Readonly<Record<string, number>>
}

/** A policy being trained, and the reference it is held to. */
export interface PolicyTrainer {
  /** Parameters after the last update. */
  parameters(): PolicyParameters<NdArray>
  /**
   * `epochs × miniBatches` gradient steps on rows from `trainingRows` or `advantageRows`.
   *
   * @param random shuffles rows, one permutation a pass; not used with a single minibatch
   * @throws not_finite when loss or gradient is not finite; parameters are then as after the last good step
   */
  update(rows: TrainingRows, random?: Random): Promise<PolicyUpdate>
  /** log π_ref of the rows' tokens, [count·(width − 1)]; undefined without a reference. */
  referenceLogProbs(rows: TokenRows): Promise<Float32Array | undefined>
  /** Parameters and optimiser, to be kept. */
  state(): TrainerState<PolicyParameters>
  restore(state: TrainerState<PolicyParameters>): void
}

/**
 * A trainer for the loss of `policyObjective`. The reference stays as it was given; with `null` there is none.
 *
 * Gradient steps all have the same number of rows: the last of a pass is filled up with rows that are not learnt from.
 */
export function createPolicyTrainer(
  initial: PolicyParameters<NdArray>,
  reference: PolicyParameters<NdArray> | null,
  options: PolicyGradientOptions,
): PolicyTrainer {
  const { config, epochs = 1, miniBatches = 1, offPolicy, threads = 1 } = options
  assertInteger(epochs, 'epochs', 1)
  assertInteger(miniBatches, 'miniBatches', 1)
  const score = createTokenScorer(config, { threads })
  const trainer = createTrainer<PolicyParameters, ObjectiveBatch>(
    initial,
    (parameters, batch) => policyObjective(parameters, batch, config, options),
    options,
  )
  const referenceLogProbs: PolicyTrainer['referenceLogProbs'] = async rows =>
    reference ? await score(reference, rows) : undefined

  /** Columns of the loss, one array each over all rows. */
  async function columnsOf(rows: TrainingRows): Promise<Columns> {
    const { advantages, mask, logProbs, samplingLogProbs = logProbs, returns, values } = rows
    const ownReference = rows.referenceLogProbs ?? (await referenceLogProbs(rows))
    const columns = {
      mask,
      ...(ownReference && { referenceLogProbs: ownReference }),
      ...(initial.value && returns && values && { returns, oldValues: values }),
    }
    if (offPolicy === undefined) return { ...columns, advantages, oldLogProbs: logProbs }
    const current = await score(trainer.parameters(), rows)
    const weights = truncatedImportanceWeights(
      { width: rows.width - 1, logProbs: current, samplingLogProbs, mask },
      offPolicy,
    )
    return { ...columns, advantages: advantages.map((advantage, i) => advantage * weights[i]), oldLogProbs: current }
  }

  return {
    parameters: trainer.parameters,
    referenceLogProbs,
    state: trainer.state,
    restore: trainer.restore,
    async update(rows, random) {
      const columns = await columnsOf(rows)
      const size = Math.ceil(rows.count / miniBatches)
      const sums = new Map<string, number>()
      let steps = 0
      for (let epoch = 0; epoch < epochs; epoch++) {
        const order = miniBatches > 1 && random ? random.permutation(rows.count) : undefined
        for (let start = 0; start < rows.count; start += size) {
          const { loss, gradientNorm, measured } = await trainer.step(miniBatch(rows, columns, { order, start, size }))
          for (const [name, value] of Object.entries({ loss, gradientNorm, ...measured })) {
            sums.set(name, (sums.get(name) ?? 0) + value)
          }
          steps++
        }
      }
      const measured = Object.fromEntries([...sums].map(([name, sum]) => [name, sum / steps]))
      return { loss: measured['loss'], kl: measured['kl'] ?? 0, clipFraction: measured['clipFraction'], measured }
    },
  }
}

type Columns = Record<
  Exclude<keyof ObjectiveBatch, 'tokens' | 'referenceLogProbs' | 'returns' | 'oldValues'>,
  Float32Array
> & {
  readonly referenceLogProbs?: Float32Array
  readonly returns?: Float32Array
  readonly oldValues?: Float32Array
}

/** Rows `order[start …]`, in their own order without one; rows beyond the last are of padding and mask 0. */
function miniBatch(
  rows: TrainingRows,
  columns: Columns,
  part: { readonly order: Int32Array | undefined; readonly start: number; readonly size: number },
): ObjectiveBatch<NdArray> {
  const { count, width } = rows
  const { order, start, size } = part
  const gather = <A extends Int32Array | Float32Array>(from: A, to: A, rowSize: number): A => {
    for (let i = 0; i < size && start + i < count; i++) {
      const row = order ? order[start + i] : start + i
      to.set(from.subarray(row * rowSize, (row + 1) * rowSize), i * rowSize)
    }
    return to
  }
  const tokens: NdArray = {
    dtype: 'int32',
    shape: [size, width],
    data: gather(rows.tokens, new Int32Array(size * width), width),
  }
  const gathered = Object.entries(columns).map(([name, column]): [string, NdArray] => [
    name,
    {
      dtype: 'float32',
      shape: [size, width - 1],
      data: gather(column as Float32Array, new Float32Array(size * (width - 1)), width - 1),
    },
  ])
  return { tokens, ...Object.fromEntries(gathered) } as unknown as ObjectiveBatch<NdArray>
}
