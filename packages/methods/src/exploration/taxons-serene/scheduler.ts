import { assertInRange, assertOneOf, type Random } from '@guerdon/core'

/** What a chunk of the budget is spent on. */
export type ChunkChoice = 'explore' | 'exploit'

/** State of the bandit scheduler, index 0 exploration, 1 exploitation. Plain data. */
export interface UcbState {
  readonly values: readonly [number, number]
  readonly pulls: readonly [number, number]
  /** The choice before; null at the start. */
  readonly choice: ChunkChoice | null
  readonly emittersAvailable: boolean
}

/** Choices of the bandit. */
export interface UcbOptions {
  /** Weight of the confidence term. Default 1. */
  readonly c?: number
  /** Step size of the values; −1 (default) averages over all pulls. */
  readonly alpha?: number
}

/** A bandit that has chosen nothing yet. */
export const initialUcbState: UcbState = { values: [0, 0], pulls: [0, 0], choice: null, emittersAvailable: false }

/**
 * The next choice: exploration at first and while there are no emitters, then the larger of Q + c·√(ln N/n); an arm never
 * pulled comes first, exploration on ties.
 */
export function ucbChoice(state: UcbState, options: UcbOptions = {}): ChunkChoice {
  const { c = 1 } = options
  if (state.choice === null || !state.emittersAvailable) return 'explore'
  const total = state.pulls[0] + state.pulls[1]
  const [explore, exploit] = state.values.map((value, arm) =>
    state.pulls[arm] > 0 ? value + c * Math.sqrt(Math.log(total) / state.pulls[arm]) : Number.POSITIVE_INFINITY,
  )
  return exploit > explore ? 'exploit' : 'explore'
}

/**
 * Learns from a chunk: Q ← Q + α(r − Q).
 *
 * @param feedback the choice, its reward, and whether emitters or candidates are there now
 */
export function ucbUpdate(
  state: UcbState,
  feedback: { readonly choice: ChunkChoice; readonly reward: number; readonly emittersAvailable: boolean },
  options: UcbOptions = {},
): UcbState {
  const { alpha = -1 } = options
  const { choice, reward, emittersAvailable } = feedback
  if (alpha !== -1) assertInRange(alpha, 'alpha', 0, 1)
  const arm = choice === 'explore' ? 0 : 1
  const pulls: [number, number] = [state.pulls[0], state.pulls[1]]
  const values: [number, number] = [state.values[0], state.values[1]]
  pulls[arm]++
  values[arm] += (alpha === -1 ? 1 / pulls[arm] : alpha) * (reward - values[arm])
  return { values, pulls, choice, emittersAvailable }
}

/**
 * What the bandit is paid for a chunk, Δ the change of emitters and candidates: −tanh Δ for exploration (many new ones say it
 * is time to exploit), tanh Δ for exploitation, and −1 when there was nothing to exploit.
 *
 * @param before, after emitters and candidates around the chunk
 */
export function chunkReward(choice: ChunkChoice, before: number, after: number): number {
  if (choice === 'explore') return -Math.tanh(after - before)
  return before === 0 ? -1 : Math.tanh(after - before)
}

/** How the two processes share the budget: turn about, a fair coin, more exploitation as time passes, or a bandit. */
export const schedulers = ['alternating', 'coin', 'time', 'ucb'] as const
/** Name of a way to share the budget between exploring and exploiting. */
export type SchedulerName = (typeof schedulers)[number]

/** What the scheduler of a run knows. */
export interface ScheduleContext {
  readonly previous: ChunkChoice | null
  /** Share of the budget that is left, in [0, 1]. */
  readonly budgetLeft: number
  readonly ucb: UcbState
}

/** The next chunk's choice. Draws one uniform for `coin` and `time`, none otherwise. */
export function scheduleChunk(
  name: SchedulerName,
  context: ScheduleContext,
  random: Random,
  options: UcbOptions = {},
): ChunkChoice {
  assertOneOf(name, 'scheduler', schedulers)
  switch (name) {
    case 'alternating':
      return context.previous === 'explore' ? 'exploit' : 'explore'
    case 'coin':
      return random.bernoulli(0.5) ? 'explore' : 'exploit'
    case 'time':
      return random.bernoulli(context.budgetLeft) ? 'explore' : 'exploit'
    case 'ucb':
      return ucbChoice(context.ucb, options)
  }
}
