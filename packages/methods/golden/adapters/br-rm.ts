import {
  type JudgeLossInput,
  judgeLoss,
  judgementReward,
  judgementStatus,
  leaveOneOutAdvantages,
  readBranchTurn,
  readRethinkTurn,
  releasedTurnReward,
  type StyledJudgement,
  styledAccuracy,
} from '@guerdon/methods/judges/br-rm'
import { interpret, type Tensor } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'
import { scalar } from '../nested.ts'

export const adapters = {
  scoreTurnTwo: (input: { turnTwoText: string; goldPreference: 1 | 2; formatPenalty: number }) => {
    const turn = readRethinkTurn(input.turnTwoText)
    return {
      formatValid: turn.formatValid,
      rawVerdict: turn.rawVerdict,
      parsedVerdict: turn.verdict,
      releasedReward: releasedTurnReward(turn, input.goldPreference, input),
      careful: { status: judgementStatus(turn, input.goldPreference) },
    }
  },
  parseTurnOne: (input: {
    turnOneText: string
    allowedAbilities: string[]
    minAbilities: number
    maxAbilities: number
  }) => {
    const turn = readBranchTurn(input.turnOneText, { ...input, abilities: input.allowedAbilities })
    return {
      releasedValid: true,
      releasedReward: judgementReward(input.turnOneText, '', 1, { compat: 'released' }).turnOne,
      strictValid: turn.valid,
      abilities: turn.abilities,
    }
  },
  leaveOneOutAdvantage: (input: { groupRewards: number[]; normalise: boolean }) =>
    leaveOneOutAdvantages(input.groupRewards, { std: input.normalise ? 'leaveOneOut' : 'none', compat: 'released' }),
  clippedTokenLoss: (input: {
    curLogprobs: number[][]
    prevLogprobs: number[][]
    refLogprobs: number[][]
    advantages: number[][]
    assistantTokenMask: number[][]
    ratioClipMin: number
    ratioClipMax: number
    klPenalty: number
  }) => {
    const options = { clipLow: input.ratioClipMin, clipHigh: input.ratioClipMax, klPenalty: input.klPenalty }
    const result = interpret((given: { [Key in keyof JudgeLossInput]: Tensor }) => judgeLoss(given, options))({
      logProbs: input.curLogprobs,
      oldLogProbs: input.prevLogprobs,
      refLogProbs: input.refLogprobs,
      advantages: input.advantages,
      mask: input.assistantTokenMask,
    })
    return { policyLoss: scalar(result.policyLoss), klLoss: scalar(result.klLoss), total: scalar(result.total) }
  },
  rmBenchAccuracy: (input: { judgements: StyledJudgement[] }) => styledAccuracy(input.judgements),
} satisfies Adapters
