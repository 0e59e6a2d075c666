import {
  type AnnotatedKey,
  keyText,
  type Literal,
  optionSegments,
  parseAnnotation,
  rewardTable,
  subgoalRewards,
  tableReward,
  transitionMetrics,
} from '@guerdon/methods/generated/calm'
import type { Adapters } from '../adapter.ts'

const plain = (value: Literal): unknown =>
  value instanceof Map
    ? Object.fromEntries([...value].map(([key, entry]) => [keyText(key), plain(entry)]))
    : Array.isArray(value)
      ? value.map(plain)
      : value

export const adapters = {
  parseAnnotation: (input: { response: string }) => {
    const lenient = parseAnnotation(input.response, { compat: 'released' })
    const strict = parseAnnotation(input.response, { compat: 'released', strict: true })
    return {
      dictionary: plain(lenient.dictionary ?? new Map()),
      strictFound: (strict.dictionary?.size ?? 0) > 0,
      achievedAt: lenient.achievedAt,
      detected: lenient.detected,
    }
  },
  transitionMetrics: (input: { predictedAchieved: boolean[]; trueAchieved: boolean[] }) =>
    transitionMetrics(input.predictedAchieved, input.trueAchieved),
  annotationRewardTable: (input: { annotations: AnnotatedKey[][] }) => {
    const careful = rewardTable(input.annotations)
    const released = rewardTable(input.annotations, { compat: 'released' })
    return { counts: careful.counts, careful: careful.rewards, released: released.rewards ?? null }
  },
  tableShapedReward: (input: { table: Record<string, number>; key: string; environmentReward: number; beta: number }) =>
    tableReward(
      new Map(Object.entries(input.table)),
      { key: input.key, reward: input.environmentReward },
      { beta: input.beta },
    ),
  subgoalAuxiliaryReward: (input: {
    subgoals: string[]
    achievedPerStep: string[][]
    environmentReward: number[]
    bonus: number | Record<string, number>
    ordered: boolean
    oncePerEpisode: boolean
  }) => {
    const { rewards, terminated } = subgoalRewards(input.environmentReward, input.achievedPerStep, input)
    return { reward: rewards, terminatedOptions: terminated }
  },
  optionSegments: (input: { length: number; terminationSteps: number[] }) =>
    optionSegments(input.length, input.terminationSteps),
} satisfies Adapters
