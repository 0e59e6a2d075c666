import {
  defineRecipe,
  groupOfRollout,
  numbers,
  type Recipe,
  type RolloutBatch,
  Status,
  type StepInput,
  tokenMask,
  withColumns,
} from '@guerdon/core'
import { grpo } from '@guerdon/methods/credit/baselines-advantage'
import { matchScale } from '../claims/match-scale.ts'

/** Columns beside the built-in ones that played episodes, `withCreditColumns` and the estimators' helpers bring. */
const records = [
  { name: 'rollout.score', kind: 'number' },
  { name: 'rollout.verdict', kind: 'number' },
  { name: 'rollout.otherScore', kind: 'number' },
  { name: 'rollout.answerLogProbs', kind: 'json' },
  { name: 'turn.place', kind: 'json' },
  { name: 'turn.otherPlace', kind: 'json' },
  { name: 'turn.otherAction', kind: 'text' },
  { name: 'turn.form', kind: 'number' },
  { name: 'turn.formatScore', kind: 'number' },
  { name: 'turn.contribution', kind: 'number' },
  { name: 'turn.node', kind: 'text' },
  { name: 'turn.heard', kind: 'text' },
  { name: 'turn.observation', kind: 'text' },
  { name: 'turn.action', kind: 'text' },
  { name: 'token.entropy', kind: 'number' },
  { name: 'token.mask', kind: 'number' },
  { name: 'token.value', kind: 'number' },
] as const

/** A recipe of these steps, the last of which writes `token.advantage`. */
export function creditRecipe(name: string, steps: readonly StepInput[]): Recipe {
  return defineRecipe({ name, records, steps, final: 'token.advantage' })
}

/** A recipe whose credit is rescaled to the root mean square of GRPO's advantages on the same rollouts. */
export function atGrpoScale(recipe: Recipe): Recipe {
  return {
    ...recipe,
    async run(batch, state, options) {
      const credited = await recipe.run(batch, state, options)
      return { ...credited, batch: matchedToGrpo(credited.batch) }
    },
  }
}

function matchedToGrpo(batch: RolloutBatch): RolloutBatch {
  const credit = numbers(batch, 'token.advantage')
  const mask = tokenMask(batch)
  const groups = { index: groupOfRollout(batch), count: batch.groupIds.length }
  const plain = grpo(numbers(batch, 'rollout.score').values, groups)
  const trained: number[] = []
  const reference: number[] = []
  for (let r = 0; r < batch.rolloutIds.length; r++) {
    for (let t = batch.tokenOffsets[r]; t < batch.tokenOffsets[r + 1]; t++) {
      if (!mask[t]) continue
      reference.push(plain[r])
      if (credit.status[t] === Status.scored) trained.push(t)
    }
  }
  const own = Float64Array.from(trained, t => credit.values[t])
  matchScale(own, reference)
  const values = credit.values.slice()
  for (const [i, t] of trained.entries()) values[t] = own[i]
  return withColumns(batch, { 'token.advantage': { ...credit, values } })
}
