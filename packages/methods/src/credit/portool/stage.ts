import {
  type Column,
  defineStage,
  numbers,
  type Outcome,
  optionalNumbers,
  outcomeAt,
  type RolloutBatch,
  type Signal,
  Status,
  signalFromOutcomes,
  texts,
} from '@guerdon/core'
import * as z from 'zod'
import { advantageColumns, missingOnTurn } from '../../shared/turn-columns.ts'
import { portoolAdvantages, trajectoryRewardModes } from './tree.ts'

/** Options of the stage. */
export const portoolOptions = z.strictObject({
  gamma: z.number().min(0).max(1).default(0.95).describe('decay of an outcome per step of distance to the end'),
  maxDepth: z.int().min(1).optional().describe('depth limit of the rollouts; the longest of the group when absent'),
  aggregate: z.enum(['mean', 'max']).default('mean').describe('how outcomes of trajectories through a node combine'),
  trajectoryReward: z
    .enum(trajectoryRewardModes)
    .default('meanStepReward')
    .describe('score that compares trajectories'),
  trajectoryWeight: z.number().default(1).describe('weight ω₁ of the trajectory-relative advantage'),
  forkWeight: z.number().default(1).describe('weight ω₂ of the fork-relative advantage'),
  normaliseByStd: z.boolean().default(true).describe('divide both by their sample deviation'),
  epsilon: z.number().min(0).default(1e-6).describe('added to the deviations'),
  sharedPrefix: z
    .enum(['full', 'divided'])
    .default('full')
    .describe('weight of a shared step in each trajectory through it: 1, or 1 over their number'),
  place: z.enum(['turn', 'tokens']).default('turn').describe('write turn.advantage only, or token.advantage too'),
})

const written: readonly Column[] = [
  { name: 'turn.portoolReward', kind: 'number', about: 'decayed outcomes through the node, with formatting' },
  { name: 'turn.portoolFork', kind: 'number', about: 'advantage among the steps proposed at the same fork' },
  { name: 'turn.portoolTrajectory', kind: 'number', about: 'advantage of the whole trajectory in its group' },
  { name: 'turn.advantage', kind: 'number', about: 'weighted sum of both' },
]

/** Compares the steps of a rollout tree at their fork and whole trajectories in their group. */
export const portoolStage = defineStage<z.infer<typeof portoolOptions>, null>({
  name: 'portool',
  about: 'fork-relative and trajectory-relative advantages of a tree of tool-use rollouts',
  options: portoolOptions,
  reads: () => [
    { name: 'rollout.score', kind: 'number', about: 'outcome: 1 correct, 0 unfinished, −1 wrong' },
    {
      name: 'turn.node',
      kind: 'text',
      about: 'id of the step in the tree; rollouts that share a prefix share its ids',
    },
    { name: 'turn.formatScore', kind: 'number', about: 'share of formatting checks passed, in [0, 1]', optional: true },
  ],
  writes: options =>
    options.place === 'tokens'
      ? [...written, { name: 'token.advantage', kind: 'number', about: 'advantage of the turn on its policy tokens' }]
      : written,
  initial: () => null,
  apply: (batch, _state, options) => {
    const score = numbers(batch, 'rollout.score')
    const nodes = texts(batch, 'turn.node')
    const format = optionalNumbers(batch, 'turn.formatScore')
    const problems = batch.rolloutIds.map((_, r) => problemOf(batch, score, nodes, r))
    const parts = {
      reward: [] as number[],
      fork: [] as number[],
      trajectory: [] as number[],
      advantage: [] as number[],
    }
    for (let g = 0; g < batch.groupIds.length; g++) {
      const members: number[] = []
      for (let r = batch.groupOffsets[g]; r < batch.groupOffsets[g + 1]; r++) if (!problems[r]) members.push(r)
      const formattingScores: Record<string, number> = {}
      const trajectoryStepIds = members.map(r => {
        const ids: string[] = []
        for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++) {
          ids.push(nodes[t] ?? '')
          if (format?.status[t] === Status.scored) formattingScores[nodes[t] ?? ''] = format.values[t]
        }
        return ids
      })
      const outcomes = members.map(r => score.values[r])
      const result = portoolAdvantages({ trajectoryStepIds, outcomes, formattingScores }, options)
      for (const [k, r] of members.entries()) {
        for (const [step, id] of trajectoryStepIds[k].entries()) {
          const t = batch.turnOffsets[r] + step
          parts.reward[t] = result.stepRewards[id]
          parts.fork[t] = result.forkAdvantages[id]
          parts.trajectory[t] = result.trajectoryAdvantages[k] ?? 0
          parts.advantage[t] = result.advantages[k]?.[step] ?? 0
        }
      }
    }
    const column = (values: readonly number[]): Signal => {
      const outcomes: Outcome[] = []
      problems.forEach((problem, r) => {
        for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++)
          outcomes.push(problem ?? { status: 'scored', value: values[t] })
      })
      return signalFromOutcomes('turn', outcomes)
    }
    return {
      columns: {
        'turn.portoolReward': column(parts.reward),
        'turn.portoolFork': column(parts.fork),
        'turn.portoolTrajectory': column(parts.trajectory),
        ...advantageColumns(batch, column(parts.advantage), score, options.place),
      },
      state: null,
    }
  },
})

function problemOf(
  batch: RolloutBatch,
  score: Signal,
  nodes: readonly (string | undefined)[],
  r: number,
): Outcome | undefined {
  if (score.status[r] !== Status.scored) return outcomeAt(score, r)
  for (let t = batch.turnOffsets[r]; t < batch.turnOffsets[r + 1]; t++)
    if (nodes[t] === undefined) return missingOnTurn('a node id', t - batch.turnOffsets[r], 'portool')
  return undefined
}
