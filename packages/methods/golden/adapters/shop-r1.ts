import {
  actionReward,
  type SelfCertaintyMode,
  type ShopAction,
  selfCertainty,
  shopAdvantages,
  shopReward,
} from '@guerdon/methods/rules/shop-r1'
import { rougeL } from '@guerdon/methods/shared/text-overlap'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  rougeL: (input: { prediction: string; reference: string }) => rougeL(input.prediction, input.reference).f1,
  selfCertainty: (input: { tokenLogits: number[][] }) => ({
    printed: selfCertainty(input.tokenLogits, { mode: 'printed' }),
    meanKlToUniform: selfCertainty(input.tokenLogits, { mode: 'meanKlToUniform' }),
    meanKlFromUniform: selfCertainty(input.tokenLogits, { mode: 'meanKlFromUniform' }),
  }),
  actionReward: (input: {
    groundTruth: ShopAction
    prediction: ShopAction
    darsFactor: number
    similarityThreshold: number
  }) => actionReward(input.groundTruth, input.prediction, input),
  totalReward: (input: {
    completion: string
    groundTruth: ShopAction
    rationaleLogits: number[][] | null
    alpha: number
    selfCertaintyMode: SelfCertaintyMode
    darsFactor: number
    similarityThreshold: number
  }) => {
    const evidence = { logits: input.rationaleLogits ?? undefined }
    const reward = shopReward(input.completion, input.groundTruth, evidence, input)
    return { ...reward, action: reward.action.total }
  },
  groupAdvantage: (input: { rewards: number[]; epsilon: number; ddof: 0 | 1 }) => shopAdvantages(input.rewards, input),
} satisfies Adapters
