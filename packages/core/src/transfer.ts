import type { RolloutBatch } from './batch.ts'

/**
 * The buffers of a batch, each once, for the transfer list of `postMessage`: the batch is then moved to another thread
 * without copying its numbers (text and json are cloned).
 *
 *     worker.postMessage(batch, batchBuffers(batch))
 *
 * What arrives is a `RolloutBatch` as it stands. The sender's batch, and any batch that shares columns with it, is
 * emptied by the move. Shared buffers are left out: they are visible to both sides without a move.
 */
export function batchBuffers(batch: RolloutBatch): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  const add = (array: ArrayBufferView) => {
    if (array.buffer instanceof ArrayBuffer) buffers.add(array.buffer)
  }
  for (const array of [batch.groupOffsets, batch.turnOffsets, batch.tokenOffsets, batch.turnSpans]) add(array)
  for (const column of batch.columns.values()) {
    if (column.kind !== 'number') continue
    add(column.values)
    add(column.status)
  }
  return [...buffers]
}
