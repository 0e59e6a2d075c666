import type { TransformerConfig } from '@guerdon/learn'
import { shopWorld } from '@guerdon/worlds/text/shop'
import type { TextWorld } from '@guerdon/worlds/text/text-world'
import { toolUseWorld } from '@guerdon/worlds/text/tool-use'
import type { Budget } from '../harness/experiment.ts'

/** A text world of which only the interface is known. */
// biome-ignore lint/suspicious/noExplicitAny: worlds with different tasks and states share no narrower type
export type AnyTextWorld = TextWorld<any, any>

/** A text world, the transformer that acts in it, and how it is shown what to do before it learns by itself. */
export interface TextSetting {
  readonly world: AnyTextWorld
  /** Difficulty of the tasks. */
  readonly level: number
  readonly config: TransformerConfig
  /** Demonstrations are learnt until this share of tasks is solved: room is left for learning by reward. */
  readonly startSuccess: number
  /** How demonstrations are learnt. */
  readonly teaching?: TeachingOptions
}

/** How a policy learns from demonstrations before it learns from rewards. */
export interface TeachingOptions {
  /** Default 1000. */
  readonly demonstrations?: number
  /** Default 3e-3. */
  readonly learningRate?: number
  /** Gradient steps between two looks at what it can do. Default 15. */
  readonly stepsBetweenLooks?: number
  /** Looks after which teaching ends in any case. Default 40. */
  readonly mostLooks?: number
}

const setting = (
  world: AnyTextWorld,
  rest: Omit<TextSetting, 'world' | 'config'>,
  maximumLength: number,
): TextSetting => ({
  world,
  ...rest,
  config: { vocabularySize: world.vocabulary.size, maximumLength, width: 32, layers: 2, heads: 2 },
})

/** Searching, opening and buying what is wished for: three turns at best, more with slips. */
export const shopSetting = setting(shopWorld, { level: 0, startSuccess: 0.35 }, 80)

/** A call of the table, one of the calculator and the answer: three turns at best. */
export const toolUseSetting = setting(toolUseWorld, { level: 1, startSuccess: 0.35 }, 72)

/** How much is played and learnt, the same for every arm. */
export interface TrainingSize {
  readonly updates: number
  /** Tasks an update. */
  readonly groups: number
  /** Episodes a task. */
  readonly groupSize: number
  /** Gradient steps an update. */
  readonly miniBatches: number
  /** Tasks, never trained on on purpose, that the trained policy is judged on. */
  readonly heldOut: number
}

/** Sizes by budget. */
export const trainingSizes: Readonly<Record<Budget, TrainingSize>> = {
  quick: { updates: 3, groups: 4, groupSize: 6, miniBatches: 2, heldOut: 48 },
  full: { updates: 24, groups: 8, groupSize: 8, miniBatches: 4, heldOut: 192 },
}
