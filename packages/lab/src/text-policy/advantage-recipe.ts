import { bindStage, defineRecipe, moveStage } from '@guerdon/core'

/**
 * Credit that a study works out itself: `rollout.advantage` on every token of the rollout; rollouts without one are not learnt
 * from.
 */
export const advantageRecipe = defineRecipe({
  name: 'rollout-advantage',
  records: [{ name: 'rollout.advantage', kind: 'number' }],
  steps: [bindStage(moveStage, { from: 'rollout.advantage', to: 'token.advantage', how: 'spread' })],
  final: 'token.advantage',
})
