import { numbers, type Random, type RolloutBatch, signal, withColumns } from '@guerdon/core'
import { type TransformerParameters, tokenRows, train, transformerHidden } from '@guerdon/learn'
import { linearContributions, progressLoss } from '@guerdon/methods/credit/spa'
import { jit, type NdArray, type Tensor } from '@guerdon/tensor'
import type { TextSetting } from './setting.ts'
import type { Policy } from './start-policy.ts'

/** A transformer whose linear head says what a turn contributed to the outcome. */
interface ProgressParameters<T = Tensor> {
  readonly body: TransformerParameters<T>
  readonly weight: T
  readonly bias: T
}

/** Adds `turn.contribution` to played episodes. */
export type ProgressEstimator = (batch: RolloutBatch) => Promise<RolloutBatch>

/** Choices of `fitProgressEstimator`. */
export interface ProgressFitting {
  readonly updates: number
  readonly random: Random
  readonly signal: AbortSignal
}

/**
 * SPA's progress estimator: the policy's own transformer with a linear head, fitted so that the contributions of an
 * episode's turns sum to its score.
 */
export async function fitProgressEstimator(
  played: RolloutBatch,
  policy: Policy,
  { config }: TextSetting,
  { updates, random, signal: stop }: ProgressFitting,
): Promise<ProgressEstimator> {
  const contributionsOf = ({ body, weight, bias }: ProgressParameters, tokens: Tensor): Tensor =>
    linearContributions(transformerHidden(body, tokens, config, { causal: true }), { weight, bias })
  const width = config.maximumLength
  const rows = tokenRows(played, { maximumLength: width, widthStep: width })
  const ends = turnEnds(played, width)
  const scores = numbers(played, 'rollout.score').values
  const hiddenWidth = policy.head.weight.shape[0]
  const initial: ProgressParameters<NdArray> = {
    body: policy.body,
    weight: { dtype: 'float32', shape: [hiddenWidth], data: new Float32Array(hiddenWidth) },
    bias: { dtype: 'float32', shape: [], data: new Float32Array(1) },
  }
  const batchSize = Math.min(32, rows.count)
  const { parameters } = await train<ProgressParameters, { tokens: Tensor; ends: Tensor; scores: Tensor }>(
    initial,
    (own, batch) => progressLoss(contributionsOf(own, batch.tokens), batch.ends, batch.scores).loss,
    () => {
      const drawn = Array.from({ length: batchSize }, () => random.integer(rows.count))
      const tokens = new Int32Array(batchSize * width)
      const drawnEnds = new Float32Array(batchSize * width)
      for (const [row, r] of drawn.entries()) {
        tokens.set(rows.tokens.subarray(r * width, (r + 1) * width), row * width)
        drawnEnds.set(ends.subarray(r * width, (r + 1) * width), row * width)
      }
      return {
        tokens: { dtype: 'int32', shape: [batchSize, width], data: tokens },
        ends: { dtype: 'float32', shape: [batchSize, width], data: drawnEnds },
        scores: { dtype: 'float32', shape: [batchSize], data: Float32Array.from(drawn, r => scores[r]) },
      }
    },
    { updates, learningRate: 1e-3, maximumGradientNorm: 1, signal: stop },
  )
  const run = jit(contributionsOf, { threads: 1 })
  return async batch => {
    const { count, tokens } = tokenRows(batch, { maximumLength: width, widthStep: width })
    const result = await run(parameters as ProgressParameters<NdArray>, {
      dtype: 'int32',
      shape: [count, width],
      data: tokens,
    })
    return withColumns(batch, { 'turn.contribution': signal('turn', atTurnEnds(batch, result.data, width)) })
  }
}

/** [R·width] 1 on the last token of each turn. */
function turnEnds(batch: RolloutBatch, width: number): Float32Array {
  const ends = new Float32Array(batch.rolloutIds.length * width)
  eachTurnEnd(batch, width, position => {
    ends[position] = 1
  })
  return ends
}

function atTurnEnds(batch: RolloutBatch, values: ArrayLike<number>, width: number): number[] {
  const found: number[] = []
  eachTurnEnd(batch, width, position => found.push(values[position]))
  return found
}

function eachTurnEnd(batch: RolloutBatch, width: number, visit: (position: number) => void): void {
  for (let r = 0; r < batch.rolloutIds.length; r++) {
    for (let turn = batch.turnOffsets[r]; turn < batch.turnOffsets[r + 1]; turn++) {
      visit(r * width + batch.turnSpans[2 * turn + 1] - 1 - batch.tokenOffsets[r])
    }
  }
}
