import { isRecord, type JsonRecord, objectAt, optionalAt, type Rollout, textAt } from '@guerdon/core'
import { promptAt } from './conversations.ts'
import type { RolloutLayout } from './layout.ts'
import { metaFields } from './rollout-fields.ts'

/**
 * verl's rows, as Parquet or JSONL: `data_source`, `prompt` messages, `reward_model.ground_truth`, `extra_info`. The ground
 * truth is the reference; they are prompts, so that there is no response unless the row has one.
 */
export const verlLayout: RolloutLayout = {
  name: 'verl',
  holds: 'rollouts',
  fields: 'data_source, prompt [messages], ability, reward_model.ground_truth, .style, extra_info; response',
  detect: record => isRecord(record['reward_model']) && record['reward_model']['ground_truth'] !== undefined,
  read: (record, fallbackId) => {
    const { ground_truth: reference, ...model } = objectAt(record['reward_model'], ['reward_model'])
    const source = optionalAt(record['data_source'], ['data_source'], textAt)
    const response = optionalAt(record['response'], ['response'], textAt)
    const { meta } = metaFields(record, ['prompt', 'reward_model', 'response'])
    const rollout: Rollout = {
      id: fallbackId,
      prompt: promptAt(record['prompt'], ['prompt']) as Rollout['prompt'],
      ...(response === undefined ? {} : { response }),
      reference,
      meta: { ...meta, reward_model: model },
      ...(source === undefined ? {} : { columns: { dataSource: source } }),
    }
    return { rollouts: [rollout] }
  },
  write: ({ prompt, response, reference, meta }) => {
    const { reward_model: model, ...rest } = (isRecord(meta) ? meta : {}) as JsonRecord
    return {
      data_source: 'guerdon',
      ...rest,
      prompt: typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt,
      reward_model: { ...(isRecord(model) ? model : { style: 'rule' }), ground_truth: reference ?? null },
      ...(typeof response === 'string' ? { response } : {}),
    }
  },
}
