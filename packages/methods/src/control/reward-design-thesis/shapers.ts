import { GuerdonError } from '@guerdon/core'
import { checkTransitions, requiredChannel, type TransitionShaper } from '../../shared/transition-shaper.ts'
import { type ExplorationBonusOptions, explorationBonus } from './explo-rs.ts'

/** Visit counts `[S]` as plain JSON. */
export interface VisitState {
  readonly visits: readonly number[]
}

/** Choices of the ExploRS shaper. */
export interface ExploRsShaperOptions extends ExplorationBonusOptions {
  readonly stateCount: number
  readonly actionCount: number
  /** [S·A] φ of SelfRS; the bonus alone (ExploB) when absent. Hand a new shaper the newest table. */
  readonly intrinsic?: ArrayLike<number>
  /** Weight of the bonus; 0 leaves SelfRS. Default 1. */
  readonly bonusWeight?: number
}

/**
 * ExploRS on transitions: r̂ = r + φ(s,a) + B(s′). Steps are taken in their order of time: the bonus of s′ reads the
 * counts so far, then the state left is counted.
 */
export function exploRsShaper(options: ExploRsShaperOptions): TransitionShaper<VisitState> {
  const { stateCount, actionCount, intrinsic, bonusWeight = 1 } = options
  return {
    name: 'reward-design-thesis.explors',
    initial: () => ({ visits: new Array<number>(stateCount).fill(0) }),
    shape: (transitions, state) => {
      const count = checkTransitions(transitions)
      const states = requiredChannel(transitions, 'states')
      const nextStates = requiredChannel(transitions, 'nextStates')
      const actions = intrinsic ? requiredChannel(transitions, 'actions') : undefined
      const visits = [...state.visits]
      const self = new Float64Array(count)
      const bonus = new Float64Array(count)
      for (let i = 0; i < count; i++) {
        checkState(states[i], stateCount, i)
        checkState(nextStates[i], stateCount, i)
        if (intrinsic && actions) self[i] = intrinsic[states[i] * actionCount + actions[i]]
        bonus[i] = bonusWeight * explorationBonus(nextStates[i], visits[nextStates[i]], options)
        visits[states[i]]++
      }
      const reward = transitions.reward.map((value, i) => value + self[i] + bonus[i])
      return { reward, components: { intrinsic: self, bonus }, state: { visits } }
    },
  }
}

/** A designed table on transitions: pays R̂(s,a) *instead of* the task's reward, as EXPRD and ExpAdaRD require. */
export function designedTableShaper(table: ArrayLike<number>, actionCount: number): TransitionShaper<null> {
  return {
    name: 'reward-design-thesis.table',
    initial: () => null,
    shape: (transitions, state) => {
      const count = checkTransitions(transitions)
      const states = requiredChannel(transitions, 'states')
      const actions = requiredChannel(transitions, 'actions')
      const reward = Float64Array.from({ length: count }, (_, i) => {
        checkState(states[i], table.length / actionCount, i)
        return table[states[i] * actionCount + actions[i]]
      })
      return { reward, components: { original: transitions.reward }, state }
    },
  }
}

function checkState(state: number, stateCount: number, index: number): void {
  if (state >= 0 && state < stateCount) return
  throw new GuerdonError('invalid_input', `expected states in [0, ${stateCount}); step ${index} has ${state}`, {
    path: ['states', index],
  })
}
