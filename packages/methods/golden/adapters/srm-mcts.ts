import {
  backpropagate,
  beamSearch,
  type NodeCounts,
  pairAccuracy,
  pairLoss,
  preferencePairs,
  type Step,
  stateView,
  uctSelect,
  type ViewKind,
} from '@guerdon/methods/process/srm-mcts'
import { interpret, type Tensor, valueAndGrad } from '@guerdon/tensor'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  uctSelect: (input: { children: NodeCounts[]; parentVisits: number; wExp: number }) =>
    uctSelect(input.children, input.parentVisits, { explorationWeight: input.wExp }),
  backpropagate: (input: { parents: (number | null)[]; rollouts: { leaf: number; outcome: number }[] }) =>
    backpropagate(input.parents, input.rollouts),
  preferencePairs: (input: {
    parents: (number | null)[]
    visits: number[]
    correct: number[]
    minGap: number
    minVisits: number
  }) => {
    const { minGap, minVisits, ...tree } = input
    return { pairs: preferencePairs(tree, { minGap, minVisits }) }
  },
  stateView: (input: { steps: Step[]; kind: ViewKind; nextThought: string | null }) => ({
    segments: stateView(input.steps, input.kind, input.nextThought),
  }),
  pairwiseLoss: (input: { preferredScores: number[]; rejectedScores: number[] }) => {
    const { preferredScores: preferred, rejectedScores: rejected } = input
    const run = interpret(
      valueAndGrad((scores: { preferred: Tensor; rejected: Tensor }) => pairLoss(scores.preferred, scores.rejected)),
    )
    const { value, gradient } = run({ preferred, rejected })
    return {
      loss: value.data[0],
      gradPreferred: gradient.preferred.data,
      gradRejected: gradient.rejected.data,
      accuracy: pairAccuracy(preferred, rejected).strict,
    }
  },
  beamSearch: (input: {
    children: number[][]
    scores: number[]
    terminal: boolean[]
    beamSize: number
    depthLimit: number
  }) =>
    beamSearch(
      {
        children: state => input.children[state],
        score: state => input.scores[state],
        isTerminal: state => input.terminal[state],
      },
      { beamSize: input.beamSize, depthLimit: input.depthLimit },
    ),
} satisfies Adapters
