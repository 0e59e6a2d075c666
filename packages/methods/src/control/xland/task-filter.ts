import { assertInteger, assertNotEmpty } from '@guerdon/core'

/** Bounds of "just learnable"; each member of a population has its own. */
export interface TaskThresholds {
  /** m_easy: a return above it counts as mastered. */
  readonly easyReturn: number
  /** p_easy: the task is refused when mastered this often. */
  readonly maxEasy: number
  /** m_margin: by how much the agent must beat the control policy. */
  readonly margin: number
  /** p_beat: it must do so more often than this. */
  readonly minBeat: number
  /** m_control: a control return above it is good. */
  readonly controlReturn: number
  /** p_control: the task is refused when the control is good this often. */
  readonly maxControl: number
}

/** Measured fractions and the verdict. */
export interface TaskVerdict {
  readonly easy: number
  readonly beats: number
  readonly controlGood: number
  readonly accept: boolean
}

/**
 * Accepts a candidate task iff, strictly, mean 1[Rᵢ > m_easy] < p_easy (not mastered), mean 1[Rᵢ > Cᵢ + m_margin] >
 * p_beat (learnable) and mean 1[Cᵢ > m_control] < p_control (not solved by the control).
 *
 * @param agentReturns [E] evaluation episodes of the current agent, not those it learns from
 * @param controlReturns [E] of the control policy; when the numbers differ, the shorter list's length is compared
 * pairwise
 */
export function filterTask(
  agentReturns: ArrayLike<number>,
  controlReturns: ArrayLike<number>,
  thresholds: TaskThresholds,
): TaskVerdict {
  assertNotEmpty(agentReturns, 'agentReturns')
  assertNotEmpty(controlReturns, 'controlReturns')
  const fraction = (length: number, holds: (i: number) => boolean) => {
    let count = 0
    for (let i = 0; i < length; i++) if (holds(i)) count++
    return count / length
  }
  const easy = fraction(agentReturns.length, i => agentReturns[i] > thresholds.easyReturn)
  const beats = fraction(
    Math.min(agentReturns.length, controlReturns.length),
    i => agentReturns[i] > controlReturns[i] + thresholds.margin,
  )
  const controlGood = fraction(controlReturns.length, i => controlReturns[i] > thresholds.controlReturn)
  return {
    easy,
    beats,
    controlGood,
    accept: easy < thresholds.maxEasy && beats > thresholds.minBeat && controlGood < thresholds.maxControl,
  }
}

/** How far a verdict lies outside the three bounds; 0 inside. */
export function distanceToBounds(verdict: TaskVerdict, thresholds: TaskThresholds): number {
  return (
    Math.max(0, verdict.easy - thresholds.maxEasy) +
    Math.max(0, thresholds.minBeat - verdict.beats) +
    Math.max(0, verdict.controlGood - thresholds.maxControl)
  )
}

/** What came of looking for a learnable task. */
export interface TaskSearch<Task> {
  readonly task: Task
  readonly verdict: TaskVerdict
  /** True when no candidate was accepted and the one nearest to the bounds was taken: log it. */
  readonly relaxed: boolean
  readonly attempts: number
}

/**
 * Draws candidates until one is accepted, at most `attempts` (default 200) times, then relaxes to the candidate nearest
 * to the bounds (the first of equals). `evaluate` runs the evaluation episodes of agent and control, each on a random
 * stream of its own.
 */
export function findLearnableTask<Task>(
  draw: (attempt: number) => Task,
  evaluate: (task: Task, attempt: number) => { agent: ArrayLike<number>; control: ArrayLike<number> },
  thresholds: TaskThresholds,
  options: { readonly attempts?: number } = {},
): TaskSearch<Task> {
  const { attempts = 200 } = options
  assertInteger(attempts, 'attempts', 1)
  let nearest: { task: Task; verdict: TaskVerdict; distance: number } | undefined
  for (let attempt = 0; attempt < attempts; attempt++) {
    const task = draw(attempt)
    const returns = evaluate(task, attempt)
    const verdict = filterTask(returns.agent, returns.control, thresholds)
    if (verdict.accept) return { task, verdict, relaxed: false, attempts: attempt + 1 }
    const distance = distanceToBounds(verdict, thresholds)
    if (!nearest || distance < nearest.distance) nearest = { task, verdict, distance }
  }
  const { task, verdict } = nearest as { task: Task; verdict: TaskVerdict }
  return { task, verdict, relaxed: true, attempts }
}

/** A bounded pool of accepted tasks with the number of uses of each. */
export interface TaskPool<Task> {
  readonly entries: readonly { readonly task: Task; readonly uses: number }[]
}

/** Adds a task; the oldest leaves a full pool. Default capacity 512. */
export function addToPool<Task>(
  pool: TaskPool<Task>,
  task: Task,
  options: { readonly capacity?: number } = {},
): TaskPool<Task> {
  const { capacity = 512 } = options
  assertInteger(capacity, 'capacity', 1)
  const entries = [...pool.entries, { task, uses: 0 }]
  return { entries: entries.slice(Math.max(0, entries.length - capacity)) }
}

/** Counts one use of entry `index`, and says whether it is due for a re-test (default every 50 uses). */
export function useFromPool<Task>(
  pool: TaskPool<Task>,
  index: number,
  options: { readonly retestAfter?: number } = {},
): { readonly pool: TaskPool<Task>; readonly task: Task; readonly retest: boolean } {
  const { retestAfter = 50 } = options
  const entry = pool.entries[index]
  const uses = entry.uses + 1
  const entries = pool.entries.map((other, i) => (i === index ? { task: other.task, uses } : other))
  return { pool: { entries }, task: entry.task, retest: uses % retestAfter === 0 }
}

/** Drops entry `index`, for a task that failed its re-test as mastered. */
export function dropFromPool<Task>(pool: TaskPool<Task>, index: number): TaskPool<Task> {
  return { entries: pool.entries.filter((_, i) => i !== index) }
}
