import { fieldError, type JsonRecord, type Rollout } from '@guerdon/core'
import { contentText, isMessages, messagesAt, promptAt } from './conversations.ts'
import type { RolloutLayout } from './layout.ts'
import { metaFields, numberOrNothing } from './rollout-fields.ts'

const taken = ['prompt', 'completion', 'reward']

/** TRL prompt and completion: `prompt`, `completion` as text or messages; a number `reward` is the outcome. */
export const completionLayout: RolloutLayout = {
  name: 'completion',
  holds: 'rollouts',
  fields: 'prompt, completion as text or messages; reward',
  detect: ({ prompt, completion }) => prompt !== undefined && completion !== undefined,
  read: (record, fallbackId) => {
    const prompt = promptAt(record['prompt'], ['prompt']) as Rollout['prompt']
    const outcome = numberOrNothing(record, 'reward')
    const facts = { ...outcome, ...metaFields(record, taken) }
    const { completion } = record
    if (typeof completion === 'string') {
      return { rollouts: [{ id: fallbackId, prompt, response: completion, ...facts }] }
    }
    if (!isMessages(completion)) throw fieldError(['completion'], 'text or chat messages', completion)
    const messages = [...messagesAt(completion, ['completion'])]
    const response = contentText(messages[messages.length - 1].content)
    return { rollouts: [{ id: fallbackId, prompt, response, messages, ...facts }] }
  },
  write: ({ prompt, response, messages, outcome, meta }) => {
    const record: JsonRecord = { prompt, completion: messages ?? response ?? '' }
    return { ...record, ...(typeof outcome === 'number' ? { reward: outcome } : {}), ...(meta as JsonRecord | null) }
  },
}
