import { conversationAt, promptAt } from './conversations.ts'
import type { PreferenceLayout } from './layout.ts'
import { nameAt, namedFields, softLabelAt } from './named-fields.ts'
import { noFormFor } from './pairs.ts'

const taken = ['prompt', 'completion', 'label']

/** TRL unpaired: `prompt`, `completion`, `label` true, false, or a number in [0, 1]. */
export const unpairedLayout: PreferenceLayout = {
  name: 'unpaired',
  holds: 'preferences',
  fields: 'prompt, completion, label',
  detect: ({ completion, label }) => completion !== undefined && label !== undefined,
  read: record => {
    const { label } = record
    const { named, meta } = namedFields(record, typeof label === 'boolean' ? taken.slice(0, 2) : taken, {
      id: nameAt,
      label: softLabelAt,
    })
    const labelled = {
      kind: 'labelled' as const,
      ...named,
      prompt: promptAt(record['prompt'], ['prompt']),
      response: conversationAt(record['completion'], ['completion']),
      label: softLabelAt(label, ['label']),
    }
    return { preferences: [meta === undefined ? labelled : { ...labelled, meta }] }
  },
  write: preference => {
    if (preference.kind !== 'labelled') throw noFormFor(preference.kind, 'unpaired')
    const { kind: _, prompt, response, meta, ...named } = preference
    return { ...named, prompt, completion: response, ...meta }
  },
}
