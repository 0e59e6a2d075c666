import {
  type GateOp,
  gatedAccumulate,
  gatedGroupAdvantages,
  gatedTurnRewards,
  type SweEpisode,
  type SweValues,
  sweMetrics,
  sweOutcome,
} from '@guerdon/methods/credit/g-ra'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  gatedAccumulate: (input: {
    levelRewards: number[][]
    thresholds?: (number | null)[]
    weights?: number[]
    gateOp?: GateOp
    gatePenalties?: boolean
  }) => gatedAccumulate(input.levelRewards, input),
  gatedTurnRewards: (input: {
    stepRewards: number[]
    outcomeReward: number
    threshold?: number
    gateOp?: GateOp
    stepWeight?: number
    gatePenalties?: boolean
  }) => gatedTurnRewards(input.stepRewards, input.outcomeReward, input),
  sweOutcome: (input: SweEpisode & { values?: SweValues }) => sweOutcome(input, input.values),
  gatedGroupAdvantage: (input: {
    stepRewards: number[][]
    outcomeRewards: number[]
    threshold?: number
    gateOp?: GateOp
    groupIds: (string | number)[]
    epsilon?: number
  }) => gatedGroupAdvantages(input.stepRewards, input.outcomeRewards, input.groupIds, { ...input, singleton: 'raw' }),
  sweMetrics: (input: { outcomeRewards: number[]; values?: SweValues }) =>
    sweMetrics(input.outcomeRewards, input.values),
} satisfies Adapters
