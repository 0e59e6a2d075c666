import {
  type SaltBase,
  saltBaseAdvantages,
  saltStepAdvantages,
  saltTokenAdvantages,
  type Transition,
} from '@guerdon/methods/credit/salt'
import type { Span } from '@guerdon/methods/shared/spans'
import type { Adapters } from '../adapter.ts'

interface Input {
  trajectories: Transition[][]
  historyLength?: number
  dedupePerTrajectory?: boolean
  rewards?: number[]
  baseAdvantages?: number[]
  baseEstimator?: 'grpo' | 'grpoNoStd' | 'rloo'
  epsilon?: number
}

const bases: Record<string, SaltBase> = { grpo: 'grpo', grpoNoStd: 'drGrpo', rloo: 'rloo' }

function evaluate(input: Input) {
  const baseAdvantages =
    input.baseAdvantages ??
    saltBaseAdvantages(input.rewards ?? [], { base: bases[input.baseEstimator ?? 'grpo'], epsilon: input.epsilon })
  return { baseAdvantages, ...saltStepAdvantages(input.trajectories, baseAdvantages, input) }
}

export const adapters = {
  saltStepAdvantage: evaluate,
  saltTokenAdvantage: (input: Input & { stepTokenSpans: Span[][]; responseLength: number }) => {
    const result = evaluate(input)
    const lengths = input.trajectories.map(() => input.responseLength)
    return { ...result, tokenAdvantages: saltTokenAdvantages(result.stepAdvantages, input.stepTokenSpans, lengths) }
  },
} satisfies Adapters
