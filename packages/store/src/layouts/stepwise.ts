import { fieldErrorSaying, filledTextAt, listAt } from '@guerdon/core'
import { promptAt } from './conversations.ts'
import type { PreferenceLayout } from './layout.ts'
import { nameAt, namedFields, softLabelAt } from './named-fields.ts'
import { noFormFor } from './pairs.ts'

const taken = ['prompt', 'completions']

/** TRL stepwise: `prompt`, `completions` the steps, `labels` one a step. */
export const stepwiseLayout: PreferenceLayout = {
  name: 'stepwise',
  holds: 'preferences',
  fields: 'prompt, completions [texts], labels [true or false]',
  detect: ({ completions, labels }) => completions !== undefined && labels !== undefined,
  read: record => {
    const steps = listAt(record['completions'], ['completions']).map((step, i) =>
      filledTextAt(step, ['completions', i]),
    )
    const labels = listAt(record['labels'], ['labels']).map((label, i) =>
      label === null ? null : softLabelAt(label, ['labels', i]),
    )
    if (labels.length !== steps.length) {
      throw fieldErrorSaying(['labels'], `a label for each of ${steps.length} completions`, `${labels.length} labels`)
    }
    const { named, meta } = namedFields(record, taken, { id: nameAt })
    const prompt = promptAt(record['prompt'], ['prompt'])
    return {
      preferences: [{ kind: 'steps', ...named, prompt, steps, labels, ...(meta === undefined ? {} : { meta }) }],
    }
  },
  write: preference => {
    if (preference.kind !== 'steps') throw noFormFor(preference.kind, 'stepwise')
    const { kind: _, prompt, steps, labels, meta, ...named } = preference
    return { ...named, prompt, completions: steps, labels, ...meta }
  },
}
