import type { ErrorPath } from '@guerdon/core'
import {
  fieldError,
  fieldErrorSaying,
  filledTextAt,
  isRecord,
  type JsonRecord,
  listAt,
  numberAt,
  objectAt,
  optional,
  textAt,
} from './fields.ts'
import { isMessages, messageText, renderMessages } from './messages.ts'
import { nameAt } from './pair-layouts.ts'
import type { ChoiceRecord, LabelledRecord, RatedRecord, RatedResponse, StepsRecord } from './records.ts'

function promptText(record: JsonRecord): string {
  const { prompt } = record
  return isMessages(prompt) ? `${renderMessages(prompt, ['prompt'])}\n\nAssistant: ` : textAt(prompt, ['prompt'])
}

/** TRL unpaired: `prompt`, `completion`, `label` true, false, or a number in [0, 1]. */
export function labelledResponse(record: JsonRecord): LabelledRecord {
  const { completion, label } = record
  const response = isMessages(completion)
    ? completion.map((message, i) => messageText(message, ['completion', i])).join('\n')
    : filledTextAt(completion, ['completion'])
  return { kind: 'labelled', prompt: promptText(record), response, label: softLabel(label, ['label']) }
}

function softLabel(value: unknown, path: ErrorPath): number {
  if (typeof value === 'boolean') return Number(value)
  const found = numberAt(value, path)
  if (found >= 0 && found <= 1) return found
  throw fieldError(path, 'true, false, or a number in [0, 1]', value)
}

/** TRL stepwise: `prompt`, `completions` the steps, `labels` one a step. */
export function stepwiseSolution(record: JsonRecord): StepsRecord {
  const steps = listAt(record['completions'], ['completions']).map((step, i) => filledTextAt(step, ['completions', i]))
  const labels = listAt(record['labels'], ['labels']).map((label, i) =>
    label === null ? null : softLabel(label, ['labels', i]),
  )
  if (labels.length !== steps.length) {
    throw fieldErrorSaying(['labels'], `a label for each of ${steps.length} completions`, `${labels.length} labels`)
  }
  return { kind: 'steps', prompt: promptText(record), steps, labels }
}

/**
 * PRM800K: `question.problem` and `label.steps`, of each the chosen completion, else the first. Ratings −1 count as wrong,
 * 0 (neutral) and 1 as right; a step without a rating has no label.
 */
export function prm800kSolution(record: JsonRecord): StepsRecord {
  const problem = filledTextAt(objectAt(record['question'], ['question'])['problem'], ['question', 'problem'])
  const path = ['label', 'steps']
  const steps = listAt(objectAt(record['label'], ['label'])['steps'], path).map((entry, i) => {
    const step = objectAt(entry, [...path, i])
    const human = step['human_completion']
    if (isRecord(human))
      return { text: filledTextAt(human['text'], [...path, i, 'human_completion', 'text']), label: 1 }
    const completions = listAt(step['completions'], [...path, i, 'completions'])
    const at = optional(step['chosen_completion'], [...path, i, 'chosen_completion'], numberAt) ?? 0
    const here = [...path, i, 'completions', at]
    const chosen = objectAt(completions[at], here)
    const rating = optional(chosen['rating'], [...here, 'rating'], numberAt)
    if (rating !== undefined && ![-1, 0, 1].includes(rating)) {
      throw fieldError([...here, 'rating'], '−1, 0, 1 or null', rating)
    }
    return {
      text: filledTextAt(chosen['text'], [...here, 'text']),
      label: rating === undefined ? null : Number(rating >= 0),
    }
  })
  return { kind: 'steps', prompt: problem, steps: steps.map(step => step.text), labels: steps.map(step => step.label) }
}

/** UltraFeedback as published: `instruction` and `completions`, each rated overall and by attribute. */
export function ultrafeedbackRatings(record: JsonRecord): RatedRecord {
  const prompt = filledTextAt(record['instruction'], ['instruction'])
  const responses = listAt(record['completions'], ['completions']).map((entry, i) =>
    ratedResponse(objectAt(entry, ['completions', i]), ['completions', i]),
  )
  return { kind: 'rated', prompt, responses }
}

function ratedResponse(completion: JsonRecord, path: ErrorPath): RatedResponse {
  const annotations = optional(completion['annotations'], [...path, 'annotations'], objectAt) ?? {}
  const attributes: Record<string, number> = {}
  for (const [name, given] of Object.entries(annotations)) {
    const here = [...path, 'annotations', name]
    const rating = isRecord(given) ? given['Rating'] : given
    // raters wrote N/A where a question did not apply
    if (rating === undefined || rating === null || rating === 'N/A') continue
    attributes[name] = numberAt(typeof rating === 'string' ? Number(rating) : rating, here)
  }
  const score = optional(
    completion['overall_score'] ?? completion['fine-grained_score'],
    [...path, 'overall_score'],
    numberAt,
  )
  const text = textAt(completion['response'], [...path, 'response'])
  return { text, attributes, ...(score === undefined ? {} : { score }) }
}

/** RewardBench 2: `chosen` and `rejected` are lists of answers, `num_correct` may say how many are right. */
export function benchmarkChoice(record: JsonRecord): ChoiceRecord {
  const answers = (name: string): string[] => listAt(record[name], [name]).map((text, i) => textAt(text, [name, i]))
  return {
    kind: 'choice',
    id: nameAt(record['id'], ['id']),
    prompt: promptText(record),
    correct: answers('chosen'),
    incorrect: answers('rejected'),
    subset: textAt(record['subset'], ['subset']),
  }
}
