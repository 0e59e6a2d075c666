import { assertInteger } from '@guerdon/core'

/** Items taken for a reward period, and what stays in the cache. */
export interface RewardBatch<T> {
  /** The oldest `size` items, or none while there are fewer. */
  readonly batch: readonly T[]
  readonly rest: readonly T[]
}

/**
 * The alternation of the method: after every update on original prompts, a batch of the oldest cached items is trained on,
 * but only when a full batch is there, so that recycled items never outnumber original prompts. First in, first out. The
 * rollouts of a reward period are not recycled again.
 *
 * @param options size of a batch and threshold of the cache, default 64
 */
export function takeRewardBatch<T>(cache: readonly T[], options: { readonly size?: number } = {}): RewardBatch<T> {
  const { size = 64 } = options
  assertInteger(size, 'size', 1)
  if (cache.length < size) return { batch: [], rest: cache }
  return { batch: cache.slice(0, size), rest: cache.slice(size) }
}
