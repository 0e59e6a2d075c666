import type { Random } from '@guerdon/core'
import type { Budget, Curve } from '../harness/experiment.ts'

/**
 * How a claim is tested. `mechanism`: the small setting in which the method's own definition works, often with tables in
 * place of networks. `trained`: the same claim with the natural learnt model on a world.
 */
export type Level = 'mechanism' | 'trained'

/** The levels, in the order they are run. */
export const levels: readonly Level[] = ['mechanism', 'trained']

/**
 * What an arm is there for. `method`: what the paper proposes. `baseline`: what it is compared with, the cheap rivals among
 * them. `control`: the method with its signal shuffled, its sign flipped or its key term removed, which must not do as well.
 */
export type Role = 'method' | 'baseline' | 'control'

/** One thing that is compared. */
export interface StudyArm<Settings = unknown> {
  /** Short name for files and command lines: letters, digits, `-`, `.`. */
  readonly id: string
  /** Name for tables and plots. */
  readonly label: string
  readonly role: Role
  readonly settings: Settings
}

/** A condition the paper's claim makes, as data. */
export interface Criterion {
  /** The condition in words. */
  readonly about: string
  /** Arm it is about. */
  readonly arm: string
  /** Arm it is compared with, on the same seeds; without it the arm's own number is meant. */
  readonly against?: string
  /** `difference` (default): arm − against. `ratio`: arm ÷ against. */
  readonly compare?: 'difference' | 'ratio'
  /** Number compared. Default: the study's metric. */
  readonly metric?: string
  /** Bounds, both included. */
  readonly atLeast?: number
  readonly atMost?: number
  /** `mean` or `median` (of the per-seed numbers) within the bounds, or the share of seeds that must be. Default `mean`. */
  readonly over?: 'mean' | 'median' | { readonly share: number }
}

/** What one run of one arm is given. */
export interface Trial<Settings = unknown> {
  readonly settings: Settings
  readonly seed: number
  readonly budget: Budget
  /** A stream of its own, the same for all arms of a seed: they meet the same tasks and the same noise. */
  readonly random: Random
  /** The rate the protocol tries or has chosen; 0 for a study without a sweep. */
  readonly learningRate: number
  /** `matched`: advantages are to be rescaled to the root mean square of the plain estimator's, by `matchScale`. */
  readonly scale: 'own' | 'matched'
  /** Folder with what the study's `prepare` made for this seed. */
  readonly folder: string
  /** Aborted when the run is cancelled; long loops check it. */
  readonly signal: AbortSignal
  /** Tells how far the run is, in [0, 1]. */
  progress(fraction: number): void
}

/** What a run measured. */
export interface TrialResult {
  /** Final numbers by name; the study's metric is among them. */
  readonly metrics: Readonly<Record<string, number>>
  readonly curves?: Readonly<Record<string, Curve>>
  /** Everything the arm used: rollouts, tokens, environment steps, judge calls, updates. Charged to it in the report. */
  readonly spent: Readonly<Record<string, number>>
}

/** One level of a claim: a paper's experiment section as data, and the function that runs one arm. */
export interface Study<Settings = unknown> {
  /** World, model, sizes, equal budgets, one sentence each. */
  readonly setting: readonly string[]
  /** Number that decides, as it is called in the results. */
  readonly metric: string
  readonly direction: 'higher' | 'lower'
  readonly arms: readonly StudyArm<Settings>[]
  /** What rates are chosen by, where that is not the metric (accuracy, say, when the metric is a length). */
  readonly selectBy?: { readonly metric: string; readonly direction: 'higher' | 'lower' }
  /**
   * Rates every arm tries, equally often, on selection seeds; its best one is confirmed on other seeds. Absent where
   * nothing is trained by gradient steps, or the specification fixes the rate (say so in `setting`).
   */
  readonly learningRates?: Readonly<Record<Budget, readonly number[]>>
  /** Also run each method arm with its advantages scaled as this arm's are. */
  readonly matchScaleTo?: string
  /** Which arms are run so. Default: methods; an arena has baselines run so too. */
  readonly matchedRoles?: readonly Role[]
  readonly seeds: Readonly<Record<Budget, { readonly selection: number; readonly confirmation: number }>>
  /** What must hold for the claim to hold; the first is the one whose effect is reported. */
  readonly criteria: readonly Criterion[]
  /** What must hold at the quick budget: that things run and go the right way. Default: `criteria`. */
  readonly quickCriteria?: readonly Criterion[]
  /** Numbers shown beside the metric. */
  readonly alsoReport?: readonly string[]
  /** Axes of the curves, by curve name. */
  readonly axes?: Readonly<Record<string, { readonly x: string; readonly y: string }>>
  /** What a reader should know about the outcome at this size: why it might not hold, what it does not show. */
  readonly caveats?: readonly string[]
  /** Work shared by all arms of a seed (a reference policy, a reward model), stored in the folder. */
  prepare?(trial: Pick<Trial, 'seed' | 'budget' | 'random' | 'folder' | 'signal' | 'progress'>): Promise<void>
  run(trial: Trial<Settings>): TrialResult | Promise<TrialResult>
}

/** A method's claim and the studies it stands or falls by. */
export interface ClaimExperiment {
  /** The method's slug. */
  readonly slug: string
  /** Raised whenever results of an earlier version would no longer be comparable. */
  readonly version: number
  // biome-ignore lint/suspicious/noExplicitAny: studies with different settings share no narrower type
  readonly studies: Readonly<Partial<Record<Level, Study<any>>>>
}

/** Gives a claim its type and checks that its studies agree with themselves: arms, criteria and controls exist. */
export function defineClaim(claim: ClaimExperiment): ClaimExperiment {
  for (const [level, study] of Object.entries(claim.studies)) checkStudy(`${claim.slug}/${level}`, study as Study)
  return claim
}

/** Gives a study's settings their type. */
export function defineStudy<Settings>(study: Study<Settings>): Study<Settings> {
  return study
}

function checkStudy(name: string, study: Study): void {
  const arms = new Set(study.arms.map(arm => arm.id))
  const fault = (text: string): never => {
    throw new Error(`${name}: ${text}`)
  }
  if (arms.size !== study.arms.length) fault('two arms have one id')
  for (const role of ['method', 'baseline', 'control'] as const) {
    if (!study.arms.some(arm => arm.role === role)) fault(`no arm is a ${role}`)
  }
  for (const { id } of study.arms) if (!/^[\w.-]+$/.test(id)) fault(`an arm's id is a file name; got ${id}`)
  for (const { arm, against, about } of [...study.criteria, ...(study.quickCriteria ?? [])]) {
    if (!arms.has(arm)) fault(`criterion "${about}" is about an arm that does not exist, ${arm}`)
    if (against !== undefined && !arms.has(against)) fault(`criterion "${about}" has no arm ${against} to compare with`)
  }
  if (study.criteria.length === 0) fault('there is no criterion')
  if (study.matchScaleTo !== undefined && !arms.has(study.matchScaleTo)) fault(`no arm ${study.matchScaleTo} to match`)
}
