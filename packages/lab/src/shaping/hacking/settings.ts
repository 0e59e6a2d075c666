import type { Arm, Budget } from '../../harness/experiment.ts'

/** What is done to the reward model's score before it becomes the reward. */
export const rewardDesigns = ['raw', 'centred', 'clip', 'par'] as const
export type RewardDesign = (typeof rewardDesigns)[number]

/** One arm of the hacking experiment. */
export interface HackingSettings {
  readonly design: RewardDesign
  /** Weight of the KL penalty towards the reference policy. */
  readonly klWeight: number
}

/** KL weights the designs are compared at: a single weight would let scale pass for shape. */
export const klWeights = [0.02, 0.1] as const

/** All arms: each design at each KL weight. */
export const hackingArms: readonly Arm<HackingSettings>[] = klWeights.flatMap(klWeight =>
  rewardDesigns.map(design => ({
    id: `${design}-kl${klWeight}`,
    label: `${design}, KL ${klWeight}`,
    settings: { design, klWeight },
  })),
)

/** Sizes of everything that is trained, by budget. */
export interface HackingSizes {
  readonly demonstrations: number
  readonly supervisedUpdates: number
  readonly preferencePairs: number
  readonly rewardModelUpdates: number
  /** Reference responses a prompt that shaping centres on. */
  readonly references: number
  readonly policyUpdates: number
  /** Prompts an update. */
  readonly prompts: number
  /** Responses a prompt. */
  readonly groupSize: number
  readonly learningRate: number
}

/** Sizes by budget. */
export function hackingSizes(budget: Budget): HackingSizes {
  const common = { demonstrations: 4000, references: 10, prompts: 8, groupSize: 8, learningRate: 5e-4 }
  return budget === 'quick'
    ? { ...common, supervisedUpdates: 300, preferencePairs: 1600, rewardModelUpdates: 250, policyUpdates: 100 }
    : { ...common, supervisedUpdates: 800, preferencePairs: 6000, rewardModelUpdates: 800, policyUpdates: 500 }
}
