import {
  type ErrorPath,
  filledTextAt,
  isRecord,
  type JsonRecord,
  listAt,
  numberAt,
  objectAt,
  optionalAt,
  type RatedPreference,
  textAt,
} from '@guerdon/core'
import type { PreferenceLayout } from './layout.ts'
import { namedFields } from './named-fields.ts'
import { noFormFor } from './pairs.ts'

type RatedResponse = RatedPreference['responses'][number]

/**
 * UltraFeedback as published: `instruction` and `completions`, each rated overall and by attribute. What else is said of a
 * completion stands in its `meta`.
 */
export const ultrafeedbackLayout: PreferenceLayout = {
  name: 'ultrafeedback',
  holds: 'preferences',
  fields: 'instruction, completions[].response, .annotations, .overall_score',
  detect: ({ instruction, completions }) => instruction !== undefined && completions !== undefined,
  read: record => {
    const prompt = filledTextAt(record['instruction'], ['instruction'])
    const responses = listAt(record['completions'], ['completions']).map((entry, i) =>
      ratedResponse(objectAt(entry, ['completions', i]), ['completions', i]),
    )
    const { meta } = namedFields(record, ['instruction', 'completions'])
    return { preferences: [{ kind: 'rated', prompt, responses, ...(meta === undefined ? {} : { meta }) }] }
  },
  write: preference => {
    if (preference.kind !== 'rated') throw noFormFor(preference.kind, 'ultrafeedback')
    const { prompt, responses, meta } = preference
    return { instruction: prompt, completions: responses.map(completionOf), ...meta }
  },
}

function ratedResponse(completion: JsonRecord, path: ErrorPath): RatedResponse {
  const annotations = optionalAt(completion['annotations'], [...path, 'annotations'], objectAt) ?? {}
  const attributes: Record<string, number> = {}
  for (const [name, given] of Object.entries(annotations)) {
    const rating = isRecord(given) ? given['Rating'] : given
    // Raters wrote N/A where a question did not apply.
    if (rating === undefined || rating === null || rating === 'N/A') continue
    attributes[name] = numberAt(typeof rating === 'string' ? Number(rating) : rating, [...path, 'annotations', name])
  }
  const score = optionalAt(
    completion['overall_score'] ?? completion['fine-grained_score'],
    [...path, 'overall_score'],
    numberAt,
  )
  const text = textAt(completion['response'], [...path, 'response'])
  const { meta } = namedFields(completion, ['response'])
  return { text, attributes, ...(score === undefined ? {} : { score }), ...(meta === undefined ? {} : { meta }) }
}

function completionOf({ text, attributes, score, meta }: RatedResponse): JsonRecord {
  if (meta !== undefined) return { response: text, ...meta }
  const ratings = Object.keys(attributes).length > 0 ? { annotations: attributes } : {}
  return { response: text, ...ratings, ...(score === undefined ? {} : { overall_score: score }) }
}
