import * as epo from '@guerdon/methods/credit/epo'
import { interpret, ndarray, reshape, sum, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

interface Corridor {
  entropyHistoryPerTurn: (number | null)[]
  tokenEntropies: number[][]
  turnIndex: number[]
  kappaLow?: number
  kappaHigh?: number
}

const matrix = (rows: number[][]) => ndarray(rows, { dtype: 'float64', shape: [rows.length, rows[0]?.length ?? 0] })
const nested = (array: { shape: readonly number[]; data: ArrayLike<number> }): number[][] =>
  Array.from({ length: array.shape[0] }, (_, r) =>
    Array.from({ length: array.shape[1] }, (_, t) => array.data[r * array.shape[1] + t]),
  )
const referencesOf = (input: Corridor) => input.turnIndex.map(turn => input.entropyHistoryPerTurn[turn])
const historyOf = (lists: number[][]) =>
  lists.reduce((history, list) => epo.extendEntropyHistory(history, list), epo.emptyEntropyHistory)

export const adapters = {
  indicatorPenaltyReleasedCode: (input: Corridor & { mode?: 'token' | 'seq'; penalty?: number }) => {
    const run = interpret(
      valueAndGrad(
        (entropies: Tensor) => {
          const result = epo.indicatorPenalty(entropies, referencesOf(input), input)
          return [sum(result.penalty), result] as const
        },
        { hasAux: true },
      ),
    )
    const { gradient, aux } = run(matrix(input.tokenEntropies))
    return {
      penaltyMatrix: nested(aux.penalty),
      inRangeFraction: aux.inRangeFraction.data[0],
      gradTokenEntropies: nested(gradient),
    }
  },
  hingePenalty: (input: Corridor & { mask: number[][]; alpha?: number }) => {
    const run = interpret(
      valueAndGrad(
        (entropies: Tensor, mask: Tensor) => {
          const result = epo.hingePenalty(entropies, mask, referencesOf(input), input)
          return [result.loss, result] as const
        },
        { hasAux: true },
      ),
    )
    const { value, gradient, aux } = run(matrix(input.tokenEntropies), matrix(input.mask))
    return {
      penaltyMatrix: nested(aux.penalty),
      rowPenalty: aux.rowPenalty.data,
      smoothLoss: value.data[0],
      gradTokenEntropies: nested(gradient),
    }
  },
  phaseWeightReleasedCode: (input: { epoch: number; maxEpochs?: number }) => ({
    weight: epo.releasedPhaseWeight(input.epoch, input),
  }),
  phaseWeightPaper: (input: { step: number; totalSteps: number; gamma?: number }) => ({
    beta: epo.phaseWeight(input.step, input),
  }),
  entropyHistoryReleasedCode: (input: { perStepEntropyLists: number[][]; maxSteps: number }) => ({
    reference: epo.releasedEntropyReference(input.perStepEntropyLists, input),
  }),
  entropyHistoryAligned: (input: { perStepEntropyLists: number[][]; maxSteps: number }) => {
    const history = historyOf(input.perStepEntropyLists)
    const reference = epo.entropyReference(history)
    const padded = (values: readonly (number | null)[]) =>
      Array.from({ length: input.maxSteps }, (_, t) => values[t] ?? 0)
    return { reference: padded(reference), counts: padded(history.counts) }
  },
  entropyLoss: (input: { tokenEntropies: number[][]; mask: number[][]; trajectoryIds: (string | number)[] }) => {
    const of = (aggregation: 'token-mean' | 'seq-mean-token-mean' | 'trajectory') =>
      interpret((entropies: Tensor, mask: Tensor) =>
        epo.entropyBonus(entropies, mask, { aggregation, trajectoryIds: input.trajectoryIds }),
      )(matrix(input.tokenEntropies), matrix(input.mask)).data[0]
    return {
      tokenMean: of('token-mean'),
      seqMeanTokenMean: of('seq-mean-token-mean'),
      trajectoryTurnTokenMean: of('trajectory'),
    }
  },
  epoLoss: (input: {
    policyLoss: number
    entropy: number
    smoothPenalty: number
    entropyCoef?: number
    smoothCoef?: number
    phaseWeight?: number
  }) => {
    const run = interpret((policyLoss: Tensor, entropy: Tensor, smoothPenalty: Tensor) =>
      epo.epoLoss({ policyLoss, entropy, smoothPenalty }, input),
    )
    return { loss: run(input.policyLoss, input.entropy, input.smoothPenalty).data[0] }
  },
  tokenEntropy: (input: { logits: number[][] }) => ({
    entropy: interpret((logits: Tensor) => epo.entropyFromLogits(logits))(matrix(input.logits)).data,
  }),
  hingePenaltyLogitGradient: (input: {
    logits: number[]
    reference: number | null
    kappaLow?: number
    kappaHigh?: number
    alpha?: number
  }) => {
    const run = interpret(
      valueAndGrad(
        (logits: Tensor, mask: Tensor) => {
          const entropy = epo.entropyFromLogits(logits)
          const { loss } = epo.hingePenalty(reshape(entropy, [1, 1]), mask, [input.reference], input)
          return [loss, entropy] as const
        },
        { hasAux: true },
      ),
    )
    const { value, gradient, aux } = run(matrix([input.logits]), matrix([[1]]))
    return { entropy: aux.data[0], penalty: value.data[0], gradLogits: gradient.data }
  },
} satisfies Adapters
