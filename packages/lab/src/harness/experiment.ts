import type { Page, Verdict } from '../report/page.ts'
import type { Manifest } from './results.ts'

/** `quick` shows that the machinery works and which way things go, in seconds; `full` is the size a claim is judged at. */
export type Budget = 'quick' | 'full'

/** One thing that is compared: a method, a baseline, or a setting of either. */
export interface Arm<Settings = unknown> {
  /** Short name for files and command lines. */
  readonly id: string
  /** Name for tables and plots. */
  readonly label: string
  readonly settings: Settings
}

/** A measured curve; `x` in the unit the experiment names (updates, rollouts, nats of KL …). */
export interface Curve {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

/** What one run of one arm under one seed produced. */
export interface RunRecord {
  /** Final numbers by name. */
  readonly metrics: Readonly<Record<string, number>>
  readonly curves: Readonly<Record<string, Curve>>
  /** What was spent: rollouts, tokens, updates, reward-model calls … */
  readonly spent: Readonly<Record<string, number>>
}

/** What a running job may use of its surroundings. */
export interface JobContext {
  /** Aborted when the run is cancelled; long loops check it. */
  readonly signal: AbortSignal
  /** Folder for what `prepare` makes and `run` reads, one per seed. */
  readonly folder: string
  /** Tells how far the job is, in [0, 1]. */
  progress(fraction: number): void
}

/**
 * What the harness runs: arms × seeds, each really trained or evaluated. A run is a function of (arm, seed, budget) alone, so
 * it can be repeated, distributed and resumed.
 */
export interface Runnable<Settings = unknown> {
  readonly slug: string
  /** Raised whenever results of an earlier version would no longer be comparable. */
  readonly version: number
  arms(budget: Budget): readonly Arm<Settings>[]
  /** Number of seeds when the person asks for none in particular. */
  seeds(budget: Budget): number
  /** Work shared by all arms of a seed (reference policy, reward model …), done once and stored in the job's folder. */
  prepare?(seed: number, budget: Budget, context: JobContext): Promise<void>
  run(arm: Arm<Settings>, seed: number, budget: Budget, context: JobContext): Promise<RunRecord>
}

/** A runnable with a question, and a report that answers it. */
export interface Experiment<Settings = unknown> extends Runnable<Settings> {
  readonly title: string
  /** The question the experiment answers, one sentence. */
  readonly question: string
  /** What the results say, in numbers, words and pictures. */
  report(results: ExperimentResults): ExperimentReport
}

/** Everything an experiment's report is made from. */
export interface ExperimentResults {
  readonly manifest: Manifest
  readonly seeds: readonly number[]
  readonly runs: readonly FinishedRun[]
  readonly failures: readonly FailedRun[]
}

/** The same findings three times: a page to look at, a table for the terminal, an object for programs. */
export interface ExperimentReport {
  readonly page: Page
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
  readonly verdicts: readonly Verdict[]
  readonly json: unknown
}

/** One run that is over. */
export interface FinishedRun {
  readonly arm: string
  readonly seed: number
  /** Processor time it took. */
  readonly seconds: number
  readonly record: RunRecord
}

/** One run that could not be finished. */
export interface FailedRun {
  /** Absent for a failed preparation. */
  readonly arm?: string
  readonly seed: number
  readonly message: string
}
