import { checkRollout, type JsonRecord } from '@guerdon/core'
import type { RolloutLayout } from './layout.ts'

/** The rollout record of this house, with every check of it. */
export const guerdonLayout: RolloutLayout = {
  name: 'guerdon',
  holds: 'rollouts',
  fields: 'id, group, prompt, response, messages, turns, tokens, outcome, reference, meta, columns, groupColumns',
  detect: ({ id, prompt, response, turns, tokens, messages, data_source: source }) =>
    typeof id === 'string' &&
    prompt !== undefined &&
    source === undefined &&
    [response, turns, tokens, messages].some(field => field !== undefined),
  read: record => ({ rollouts: [checkRollout(record, 0).rollout] }),
  write: rollout => rollout as JsonRecord,
}
