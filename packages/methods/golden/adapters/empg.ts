import { empgStepAdvantages, empgTokenAdvantages, expectedScoreNorm, stepEntropies } from '@guerdon/methods/credit/empg'
import type { Span } from '@guerdon/methods/shared/spans'
import type { Adapters } from '../adapter.ts'

interface Options {
  trajectoryAdvantages: number[]
  k?: number
  kFuture?: number
  zeta?: number
  epsilon?: number
}

export const adapters = {
  expectedScoreNorm: (input: { logits: number[] }) => expectedScoreNorm(input.logits),
  stepEntropy: (input: { tokenEntropies: number[][]; stepTokenSpans: Span[][] }) => ({
    stepEntropies: input.tokenEntropies.map((row, i) => stepEntropies(row, input.stepTokenSpans[i]).entropies),
  }),
  empgStepAdvantage: (input: Options & { stepEntropies: number[][] }) =>
    empgStepAdvantages(input.stepEntropies, input.trajectoryAdvantages, input),
  empgTokenAdvantage: (input: Options & { tokenEntropies: number[][]; stepTokenSpans: Span[][] }) => ({
    tokenAdvantages: empgTokenAdvantages(input.tokenEntropies, input.stepTokenSpans, input.trajectoryAdvantages, input),
  }),
} satisfies Adapters
