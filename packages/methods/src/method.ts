import type { StageDefinition } from '@guerdon/core'
import type * as z from 'zod'

/** The families of methods: the folder a method lives in and the question it answers. */
export const families = {
  credit: 'which turn or token earned the outcome',
  process: 'how good was each step of the reasoning',
  rules: 'what can be checked by rule, in parts and stages',
  shaping: 'how a raw score becomes a safe training reward',
  models: 'how a reward is learned from preferences',
  judges: "how a language model's verdict becomes a reward",
  curation: 'which data deserves to be learned from',
  generated: 'rewards written or labelled by a language model',
  search: 'search guided by a judged landscape',
  control: 'reward design for acting agents',
  exploration: 'finding reward where there is almost none',
  diffusion: 'rewards for denoising policies',
} as const

export type Family = keyof typeof families

/** What a paper claims, as data that an experiment can be held against. */
export interface Claim {
  /** One sentence a reader can check. */
  readonly statement: string
  /** Name of the number that decides. */
  readonly metric: string
  /** Which way is better. */
  readonly direction: 'higher' | 'lower'
  /** The size to reach, in the metric's unit, as the difference to `against` (or the bound itself when there is no rival). */
  readonly size: number
  /** The rivals it is measured against. */
  readonly against: readonly string[]
  /** Number of seeds. */
  readonly seeds: number
  /** The small setting in which it is tested, one or two sentences. */
  readonly setting: string
}

/** One entry of the registry: everything that lists methods is derived from these. */
export interface MethodDefinition {
  /** The name it is found by everywhere: module, test, recipe, docs, command line, server. */
  readonly slug: string
  readonly title: string
  readonly year: number
  /** Where it was published: arXiv number, venue or repository. */
  readonly paper: string
  readonly family: Family
  /** What it does, one sentence. */
  readonly summary: string
  /** What it needs, in the field's terms, with shapes. */
  readonly consumes: readonly string[]
  /** What it gives back. */
  readonly produces: readonly string[]
  /** Schema of its principal options; parsing `{}` gives the defaults. */
  readonly options: z.ZodType
  readonly claim: Claim
  /** The stages it offers to recipes; empty for a method that does not act on recorded rollouts. */
  // biome-ignore lint/suspicious/noExplicitAny: a list of stages with different options and states has no narrower element type
  readonly stages: readonly StageDefinition<any, any>[]
  /** Why there is no stage, when there is none. */
  readonly withoutStage?: string
  /** Readings kept for comparison where the released code departs from the sound one. */
  readonly compat?: readonly string[]
  /** Nearest relatives by slug. */
  readonly related?: readonly string[]
}

/** Gives a definition its type; checks nothing. */
export function defineMethod(definition: MethodDefinition): MethodDefinition {
  return definition
}
