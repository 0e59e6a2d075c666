/** Guerdon's functions on the data of a row: for each method `make(data, { fresh })` gives a function that does the work. */
import {
  gae,
  gigpo,
  gigpoStepReturns,
  grpo,
  reinforcePlusPlus,
  rloo,
} from '@guerdon/methods/credit/baselines-advantage'
import { empgTokenAdvantages } from '@guerdon/methods/credit/empg'
import { igpoTurnAdvantages } from '@guerdon/methods/credit/igpo'
import { portoolAdvantages } from '@guerdon/methods/credit/portool'
import { saltBaseAdvantages, saltStepAdvantages, saltTokenAdvantages } from '@guerdon/methods/credit/salt'
import { repetitionStart } from '@guerdon/methods/process/laser'
import { groupsFromOffsets } from '@guerdon/methods/shared/group-normalise'
import { broadcastRows, rowSums } from '@guerdon/methods/shared/ragged'
import { placeOnTokens } from '@guerdon/methods/shared/spans'

/** Groups of consecutive rollouts. */
function groupsOf(count, size) {
  return groupsFromOffsets(Int32Array.from({ length: count / size + 1 }, (_, g) => g * size))
}

const groupEstimator =
  estimator =>
  ({ offsets, rewards, mask, groupSize }, { fresh }) => {
    const groups = groupsOf(offsets.length - 1, groupSize)
    const out = fresh ? undefined : new Float32Array(rewards.length)
    return () => broadcastRows(estimator(rowSums(rewards, offsets), groups), { offsets, mask }, out)
  }

/** Work by method. With `fresh` the functions make their own float64 results; else they fill float32 buffers given to them. */
export const ours = {
  grpo: groupEstimator(grpo),
  rloo: groupEstimator(rloo),
  reinforcePlusPlus: ({ offsets, rewards, mask }) => {
    return () => reinforcePlusPlus(rewards, { offsets, mask }, { gamma: 0.99, maskHoles: 'reset' }).advantages
  },
  gae: ({ offsets, rewards, values, mask }, { fresh }) => {
    const out = fresh
      ? undefined
      : { advantages: new Float32Array(rewards.length), returns: new Float32Array(rewards.length) }
    return () => gae(rewards, values, { offsets, mask }, { gamma: 0.99, lambda: 0.95, out }).advantages
  },
  gigpo: data => {
    const { turns, tokensPerTurn, groupSize, spans } = data
    const ids = data.outcomes.flatMap((_, r) => Array(turns).fill(r))
    const steps = {
      episodeScores: ids.map(r => data.outcomes[r]),
      groupIds: ids.map(r => Math.floor(r / groupSize)),
      trajectoryIds: ids,
      anchorObservations: data.states.flat(),
    }
    const rewards = data.rewards.flat()
    return () => {
      const { advantages } = gigpo({ ...steps, stepReturns: gigpoStepReturns(rewards, ids) })
      return data.outcomes.map((_, r) =>
        placeOnTokens(spans, advantages.subarray(r * turns, (r + 1) * turns), turns * tokensPerTurn),
      )
    }
  },
  salt: data => {
    const { turns, tokensPerTurn, groupSize, spans } = data
    const transitions = data.states.map((states, r) =>
      states.map((state, t) => [state, data.actions[r][t], states[t + 1] ?? null]),
    )
    const spansOfGroup = Array(groupSize).fill(spans)
    const lengths = Array(groupSize).fill(turns * tokensPerTurn)
    return () => {
      const results = []
      for (let first = 0; first < transitions.length; first += groupSize) {
        const base = saltBaseAdvantages(data.outcomes.slice(first, first + groupSize))
        const { stepAdvantages } = saltStepAdvantages(transitions.slice(first, first + groupSize), base)
        results.push(...saltTokenAdvantages(stepAdvantages, spansOfGroup, lengths))
      }
      return results
    }
  },
  portool: data => {
    const { turns, tokensPerTurn, groupSize, spans, nodes, outcomes } = data
    return () => {
      const results = []
      for (let first = 0; first < nodes.length; first += groupSize) {
        const tree = {
          trajectoryStepIds: nodes.slice(first, first + groupSize),
          outcomes: outcomes.slice(first, first + groupSize),
        }
        for (const advantages of portoolAdvantages(tree).advantages) {
          results.push(placeOnTokens(spans, advantages, turns * tokensPerTurn))
        }
      }
      return results
    }
  },
  empg: ({ turns, tokensPerTurn, groupSize, spans, entropies, outcomes }) => {
    const length = turns * tokensPerTurn
    const groups = groupsOf(outcomes.length, groupSize)
    const rows = outcomes.map((_, r) => entropies.subarray(r * length, (r + 1) * length))
    const spansOfRows = outcomes.map(() => spans)
    return () => empgTokenAdvantages(rows, spansOfRows, grpo(outcomes, groups))
  },
  igpo: ({ turns, tokensPerTurn, groupSize, spans, gains, outcomes }) => {
    const groups = groupsOf(outcomes.length, groupSize)
    return () => {
      const { turnAdvantages } = igpoTurnAdvantages(gains, outcomes, groups, { gamma: 0.99 })
      return turnAdvantages.map(row => placeOnTokens(spans, row, turns * tokensPerTurn))
    }
  },
  repetition: ({ ids, length }) => {
    const rows = Array.from({ length: ids.length / length }, (_, r) => ids.subarray(r * length, (r + 1) * length))
    return () => rows.map(row => repetitionStart(row))
  },
}
