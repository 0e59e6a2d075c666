import {
  type ColumnData,
  type ColumnName,
  GuerdonError,
  type RolloutBatch,
  Status,
  signal,
  withColumns,
} from '@guerdon/core'
import type { SampledSequences } from './sampler.ts'
import type { TrainingRows } from './training-rows.ts'

/** Sampled responses as a batch that recipes run on. */
export interface SampledRollouts {
  readonly sequences: SampledSequences
  /** [count] group of each response; responses of a group stand together. */
  readonly groupIds: readonly string[]
}

/**
 * The columnar batch of sampled responses: one rollout a row, one turn a rollout, one token a response token, with columns
 * `token.id`, `token.logprob`, `token.entropy` and those given.
 */
export function rolloutBatch(
  rollouts: SampledRollouts,
  columns: Readonly<Record<ColumnName, ColumnData>> = {},
): RolloutBatch {
  const { sequences, groupIds } = rollouts
  const { count, width, promptLengths, responseLengths } = sequences
  const starts: number[] = []
  const names: string[] = []
  for (let i = 0; i < count; i++) {
    if (i > 0 && groupIds[i] === groupIds[i - 1]) continue
    starts.push(i)
    names.push(groupIds[i])
  }
  const tokenOffsets = new Int32Array(count + 1)
  for (let i = 0; i < count; i++) tokenOffsets[i + 1] = tokenOffsets[i] + responseLengths[i]
  const total = tokenOffsets[count]
  const responseTokens = (values: ArrayLike<number>): Float64Array => {
    const flat = new Float64Array(total)
    for (let i = 0; i < count; i++) {
      const start = i * width + promptLengths[i]
      for (let t = 0; t < responseLengths[i]; t++) flat[tokenOffsets[i] + t] = values[start + t]
    }
    return flat
  }
  const turnSpans = new Int32Array(2 * count)
  for (let i = 0; i < count; i++) {
    turnSpans[2 * i] = tokenOffsets[i]
    turnSpans[2 * i + 1] = tokenOffsets[i + 1]
  }
  const batch: RolloutBatch = {
    groupIds: names,
    rolloutIds: groupIds.map((group, i) => `${group}/${i}`),
    groupOffsets: Int32Array.from([...starts, count]),
    turnOffsets: Int32Array.from({ length: count + 1 }, (_, i) => i),
    tokenOffsets,
    turnSpans,
    columns: new Map(),
  }
  return withColumns(batch, {
    'token.id': signal('token', responseTokens(sequences.tokens)),
    'token.logprob': signal('token', responseTokens(sequences.logProbs)),
    'token.entropy': signal('token', responseTokens(sequences.entropies)),
    ...columns,
  })
}

/**
 * What a policy is updated from, of sampled responses and the advantages of their tokens. Tokens without a scored advantage
 * get mask 0 and so leave the loss.
 *
 * @throws not_finite for an advantage that is none, naming rollout and token
 */
export function advantageRows(
  batch: RolloutBatch,
  advantages: { readonly values: Float64Array; readonly status: Uint8Array },
  sequences: SampledSequences,
): TrainingRows {
  const { count, width, promptLengths, tokens } = sequences
  const size = width - 1
  const rows = new Float32Array(count * size)
  const mask = new Float32Array(count * size)
  const logProbs = new Float32Array(count * size)
  for (let i = 0; i < count; i++) {
    logProbs.set(sequences.logProbs.subarray(i * width + 1, (i + 1) * width), i * size)
    const start = i * size + promptLengths[i] - 1
    for (let k = batch.tokenOffsets[i]; k < batch.tokenOffsets[i + 1]; k++) {
      if (advantages.status[k] !== Status.scored) continue
      const at = k - batch.tokenOffsets[i]
      if (!Number.isFinite(advantages.values[k])) {
        throw new GuerdonError(
          'not_finite',
          `expected finite advantages; got ${advantages.values[k]} — rollout ${batch.rolloutIds[i]}, token ${at}`,
          { path: [batch.rolloutIds[i], 'token.advantage', at] },
        )
      }
      rows[start + at] = advantages.values[k]
      mask[start + at] = 1
    }
  }
  return { count, width, tokens, mask, advantages: rows, logProbs }
}
