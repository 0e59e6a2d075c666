import {
  classifyExecution,
  type ExecutionOutcome,
  extractProgram,
  type ManiskillState,
  type MetaworldState,
  maniskillPrograms,
  metaworldPrograms,
  type TermMap,
  toGeneral,
  toSpecific,
} from '@guerdon/methods/generated/text2reward'
import type { Adapters } from '../adapter.ts'

export const adapters = {
  extractCode: (input: { response: string }) => ({ code: extractProgram(input.response) }),
  mapTerms: (input: { map: TermMap; generalCode: string }) => {
    const specificCode = toSpecific(input.generalCode, input.map)
    return { specificCode, backToGeneral: toGeneral(specificCode, input.map) }
  },
  'rewardProgram.metaworld': (input: {
    task: keyof typeof metaworldPrograms
    state: MetaworldState
    action: number[]
  }) => ({ reward: metaworldPrograms[input.task](input.state, input.action) }),
  'rewardProgram.maniskill': (input: {
    program: keyof typeof maniskillPrograms
    cubeHalfSize: number
    state: Omit<ManiskillState, 'cubeHalfSize'>
    action: number[]
  }) => ({
    reward: maniskillPrograms[input.program]({ ...input.state, cubeHalfSize: input.cubeHalfSize }, input.action),
  }),
  classifyExecution: (input: { outcome: ExecutionOutcome }) => ({ category: classifyExecution(input.outcome) }),
} satisfies Adapters
