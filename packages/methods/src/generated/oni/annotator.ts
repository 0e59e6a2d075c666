import { assertInRange, assertInteger, type Random } from '@guerdon/core'
import { firstBlock } from '../../shared/tagged-text.ts'

/**
 * Label of a classification answer: the content of its `<label>` element must be FOO (1) or BAR (0); anything else is null and
 * should be asked again. `released`: any FOO in the text is 1, everything else 0 ("FOOTBALL" is helpful, an empty answer not).
 */
export function parseBinaryLabel(answer: string, options: { readonly compat?: 'released' | null } = {}): 0 | 1 | null {
  if (options.compat === 'released') return answer.includes('FOO') ? 1 : 0
  const said = firstBlock(answer, 'label')?.body.trim()
  return said === 'FOO' ? 1 : said === 'BAR' ? 0 : null
}

/**
 * Label of a ranking answer: 0 for the first description, 1 for the second, 2 (tie) for none, and for an answer without the
 * phrase "best_description".
 */
export function parseRankingLabel(answer: string): 0 | 1 | 2 {
  const found = /best_*\s*description\W*(?:\w+\s*)?(1|2|none)/i.exec(answer)?.[1]
  return found === '1' ? 0 : found === '2' ? 1 : 2
}

/** How many items are annotated and kept. */
export interface NewestFirstOptions {
  /** Items of one call. Default 100. */
  readonly batchSize?: number
  /** Most items kept for later, the newest ones; null keeps all. Default 10000. */
  readonly backlogCap?: number | null
  /** A queue of no more items stays where it is, because actors keep writing into it. Default 3. */
  readonly minQueue?: number
}

/** Where an annotator stands, plain JSON. */
export interface AnnotatorState<T> {
  readonly queue: readonly T[]
  readonly backlog: readonly T[]
}

/** An annotator with nothing to do. */
export const idleAnnotator: AnnotatorState<never> = { queue: [], backlog: [] }

/**
 * One turn of the annotator: arrivals join the queue; a queue of more than `minQueue` items moves to the backlog, all of it;
 * the newest `batchSize` of the backlog are annotated and the rest is cut to the newest `backlogCap`. With an empty queue it
 * sleeps, whatever the backlog holds. Old items can starve.
 */
export function newestFirst<T>(
  state: AnnotatorState<T>,
  arrivals: readonly T[],
  options: NewestFirstOptions = {},
): { readonly annotated: T[]; readonly state: AnnotatorState<T> } {
  const { batchSize = 100, backlogCap = 10_000, minQueue = 3 } = options
  assertInteger(batchSize, 'batchSize', 1)
  assertInteger(minQueue, 'minQueue')
  const queue = [...state.queue, ...arrivals]
  if (queue.length === 0) return { annotated: [], state }
  const drained = queue.length > minQueue
  const backlog = drained ? [...state.backlog, ...queue] : state.backlog
  const split = Math.max(0, backlog.length - batchSize)
  const kept = backlog.slice(0, split)
  return {
    annotated: backlog.slice(split),
    state: {
      queue: drained ? [] : queue,
      backlog: backlogCap === null ? kept : kept.slice(Math.max(0, kept.length - backlogCap)),
    },
  }
}

/**
 * The observation pool with the captions of every `subsample`-th entry of a batch appended, from the first on. `dedupe` keeps each
 * caption once; the released default lets frequent captions dominate the pairs.
 */
export function extendPool<T>(
  pool: readonly T[],
  captions: readonly T[],
  options: { readonly subsample?: number; readonly dedupe?: boolean } = {},
): T[] {
  const { subsample = 10, dedupe = true } = options
  assertInteger(subsample, 'subsample', 1)
  const longer = [...pool, ...captions.filter((_, i) => i % subsample === 0)]
  return dedupe ? [...new Set(longer)] : longer
}

/**
 * Random caption pairs to be ranked when fewer than `refillBelow` wait: `pairs` pairs of two different captions each, by two
 * uniform integers a pair. The pool should hold each caption once, or frequent ones dominate.
 */
export function samplePairs<T>(
  pool: readonly T[],
  waiting: number,
  random: Random,
  options: { readonly pairs?: number; readonly refillBelow?: number } = {},
): [T, T][] {
  const { pairs = 10, refillBelow = 200 } = options
  if (waiting >= refillBelow || pool.length < 2) return []
  return Array.from({ length: pairs }, () => {
    const first = random.integer(pool.length)
    const second = random.integer(pool.length - 1)
    return [pool[first], pool[second < first ? second : second + 1]]
  })
}

/** Training steps of a classification model after a policy batch. */
export function trainingSteps(
  labels: { readonly arrived: number; readonly total: number },
  options: { readonly minLabels?: number; readonly bulkSteps?: number; readonly bulkUntil?: number } = {},
): number {
  const { minLabels = 500, bulkSteps = 32, bulkUntil = 25_000 } = options
  if (labels.total < minLabels) return 0
  if (labels.total >= bulkUntil) return 1
  return labels.arrived > 0 ? bulkSteps : 0
}

/** One label on its way. */
export interface LabelRequest<T> {
  readonly item: T
  /** Environment step at which it was asked for. */
  readonly step: number
}

/**
 * Asynchrony on a step clock: a label asked for at step s becomes visible at max(s, free) + latency, and occupies the service
 * for 1/rate steps. Replaces wall-clock time, so that a run is a function of its seed.
 *
 * @param requests in order of their steps
 */
export function labelArrivals<T>(
  requests: readonly LabelRequest<T>[],
  options: { readonly latency: number; readonly rate: number },
): { readonly item: T; readonly visibleAt: number }[] {
  const { latency, rate } = options
  assertInRange(latency, 'latency', 0, Number.MAX_VALUE)
  assertInRange(rate, 'rate', Number.MIN_VALUE, Number.MAX_VALUE)
  let free = 0
  return requests.map(({ item, step }) => {
    const start = Math.max(step, free)
    free = start + 1 / rate
    return { item, visibleAt: start + latency }
  })
}
