import {
  aggregateJudgments,
  curatePairs,
  dedupePairs,
  labelAccuracy,
  ngramContaminated,
  type OrderedChoice,
  type PreferencePair,
  retrievalCounts,
  retrievalPlan,
  retrieveSimilar,
} from '@guerdon/methods/curation/skywork-v2'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  retrievalCount: (input: { chosenRewards: number[]; rejectedRewards: number[]; kMax: number }) =>
    retrievalPlan(input.chosenRewards, input.rejectedRewards, { maxCount: input.kMax }),
  retrievalCountFromP: (input: { p: number[]; kMax: number }) => ({
    k: retrievalCounts(input.p, { maxCount: input.kMax }),
  }),
  retrieveSimilar: (input: { queryEmbeddings: number[][]; kPerQuery: number[]; poolEmbeddings: number[][] }) => {
    const { perQuery, union } = retrieveSimilar(input.queryEmbeddings, input.kPerQuery, input.poolEmbeddings)
    return { indicesPerQuery: perQuery, unionInFirstSeenOrder: union }
  },
  aggregateJudgments: (input: { votesByModel: OrderedChoice[][] }) => aggregateJudgments(input.votesByModel),
  stage2Decision: (input: {
    pBestRm: number[]
    pGoldRm: number[]
    llmAgreesWithOriginalLabel: (boolean | null)[]
  }) => ({
    decisions: curatePairs({
      bestConfidence: input.pBestRm,
      goldConfidence: input.pGoldRm,
      judgeAgrees: input.llmAgreesWithOriginalLabel,
    }).map(({ needsJudge, keep, flip }) => ({ needsLlmAnnotation: needsJudge, keep, recycleByFlipping: flip })),
  }),
  dedupe: (input: { pairs: PreferencePair[] }) => ({ keptIndices: dedupePairs(input.pairs) }),
  ngramContaminated: (input: { documentTokens: string[][]; benchmarkTokens: string[][]; n: number }) => ({
    contaminated: ngramContaminated(input.documentTokens, input.benchmarkTokens, { n: input.n }),
  }),
  labelAccuracy: (input: { goldLabels: (string | null)[]; labels: (string | null)[] }) => ({
    accuracy: labelAccuracy(input.goldLabels, input.labels),
  }),
} satisfies Adapters
