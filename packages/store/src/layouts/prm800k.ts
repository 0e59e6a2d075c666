import {
  fieldError,
  filledTextAt,
  isRecord,
  type JsonRecord,
  listAt,
  numberAt,
  objectAt,
  optionalAt,
} from '@guerdon/core'
import type { PreferenceLayout } from './layout.ts'
import { namedFields } from './named-fields.ts'
import { noFormFor } from './pairs.ts'

/**
 * PRM800K: `question.problem` and `label.steps`, of each the chosen completion, else what a person wrote, else the first.
 * Ratings −1 count as wrong, 0 (neutral) and 1 as right; a step without a rating has no label. The whole record stands in
 * `meta`.
 */
export const prm800kLayout: PreferenceLayout = {
  name: 'prm800k',
  holds: 'preferences',
  fields: 'question.problem, label.steps[].completions[].rating',
  detect: ({ label }) => isRecord(label) && label['steps'] !== undefined,
  read: record => {
    const prompt = filledTextAt(objectAt(record['question'], ['question'])['problem'], ['question', 'problem'])
    const path = ['label', 'steps']
    const steps = listAt(objectAt(record['label'], ['label'])['steps'], path).map((entry, i) =>
      labelledStep(objectAt(entry, [...path, i]), [...path, i]),
    )
    const { meta } = namedFields(record, [])
    return {
      preferences: [
        {
          kind: 'steps',
          prompt,
          steps: steps.map(({ text }) => text),
          labels: steps.map(({ label }) => label),
          ...(meta === undefined ? {} : { meta }),
        },
      ],
    }
  },
  write: ({ kind, meta }) => {
    if (kind === 'steps' && meta !== undefined && prm800kLayout.detect(meta)) return meta
    throw noFormFor(`${kind} that came from another layout`, 'prm800k')
  },
}

function labelledStep(step: JsonRecord, path: readonly (string | number)[]): { text: string; label: number | null } {
  const human = step['human_completion']
  if (isRecord(human)) return { text: filledTextAt(human['text'], [...path, 'human_completion', 'text']), label: 1 }
  const completions = listAt(step['completions'], [...path, 'completions'])
  const at = optionalAt(step['chosen_completion'], [...path, 'chosen_completion'], numberAt) ?? 0
  const here = [...path, 'completions', at]
  const chosen = objectAt(completions[at], here)
  const rating = optionalAt(chosen['rating'], [...here, 'rating'], numberAt)
  if (rating !== undefined && ![-1, 0, 1].includes(rating)) {
    throw fieldError([...here, 'rating'], '−1, 0, 1 or null', rating)
  }
  return {
    text: filledTextAt(chosen['text'], [...here, 'text']),
    label: rating === undefined ? null : Number(rating >= 0),
  }
}
