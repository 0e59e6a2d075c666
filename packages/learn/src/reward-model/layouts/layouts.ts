import { describeValue, findNamed } from '@guerdon/core'
import { fieldErrorSaying, isRecord, type JsonRecord, objectAt } from './fields.ts'
import {
  benchmarkChoice,
  labelledResponse,
  prm800kSolution,
  stepwiseSolution,
  ultrafeedbackRatings,
} from './label-layouts.ts'
import { binarizedPair, embeddedPair, explicitPair, implicitPair, openaiPair } from './pair-layouts.ts'
import type { PreferenceRecord } from './records.ts'

/** A way in which preference files are laid out. */
export interface Layout {
  readonly name: string
  /** The fields it has, for people. */
  readonly fields: string
  /** Whether a record looks like it. */
  matches(record: JsonRecord): boolean
  /** Throws `invalid_input` naming the field that is not as it should be. */
  read(record: JsonRecord): PreferenceRecord
}

const has = (record: JsonRecord, ...names: string[]): boolean => names.every(name => record[name] !== undefined)
const listOf = (value: unknown, type: string): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(entry => typeof entry === type)

/** Every layout, the more particular ones first: the first that matches is taken. */
export const layouts: readonly Layout[] = [
  {
    name: 'embeddings',
    fields: 'chosen [numbers], rejected [numbers]; prompt [numbers], user, margin',
    matches: record => listOf(record['chosen'], 'number'),
    read: embeddedPair,
  },
  {
    name: 'rewardbench-2',
    fields: 'id, prompt, chosen [texts], rejected [texts], subset',
    matches: record => listOf(record['chosen'], 'string') && Array.isArray(record['rejected']),
    read: benchmarkChoice,
  },
  {
    name: 'openai',
    fields: 'input.messages, preferred_output, non_preferred_output',
    matches: record => has(record, 'preferred_output'),
    read: openaiPair,
  },
  {
    name: 'prm800k',
    fields: 'question.problem, label.steps[].completions[].rating',
    matches: record => isRecord(record['label']) && has(record['label'], 'steps'),
    read: prm800kSolution,
  },
  {
    name: 'ultrafeedback',
    fields: 'instruction, completions[].response, .annotations, .overall_score',
    matches: record => has(record, 'instruction', 'completions'),
    read: ultrafeedbackRatings,
  },
  {
    name: 'stepwise',
    fields: 'prompt, completions [texts], labels [true or false]',
    matches: record => has(record, 'completions', 'labels'),
    read: stepwiseSolution,
  },
  {
    name: 'unpaired',
    fields: 'prompt, completion, label',
    matches: record => has(record, 'completion', 'label'),
    read: labelledResponse,
  },
  {
    name: 'rewardbench',
    fields: 'prompt, chosen, rejected, subset, chosen_model',
    matches: record => has(record, 'prompt', 'chosen', 'rejected', 'subset', 'chosen_model'),
    read: explicitPair,
  },
  {
    name: 'ultrafeedback-binarized',
    fields: 'prompt, chosen, rejected, score_chosen, score_rejected',
    matches: record => has(record, 'chosen', 'rejected', 'score_chosen'),
    read: binarizedPair,
  },
  {
    name: 'explicit',
    fields: 'prompt, chosen, rejected as text or messages; margin, label, strength, tied, subset, user',
    matches: record => has(record, 'prompt', 'chosen', 'rejected'),
    read: explicitPair,
  },
  {
    name: 'hh-rlhf',
    fields: 'chosen, rejected, texts with "\\n\\nHuman:" and "\\n\\nAssistant:"',
    matches: ({ chosen, rejected }) =>
      typeof chosen === 'string' && typeof rejected === 'string' && chosen.includes('\n\nAssistant:'),
    read: implicitPair,
  },
  {
    name: 'implicit',
    fields: 'chosen, rejected, whole conversations as text or messages',
    matches: record => has(record, 'chosen', 'rejected'),
    read: implicitPair,
  },
]

/** The layout called `name`. Throws `unknown_name`. */
export function findLayout(name: string): Layout {
  return findNamed(name, layouts, {
    kind: 'layout',
    nameOf: layout => layout.name,
    hint: `there are ${layouts.map(layout => layout.name).join(', ')}`,
  })
}

/** The layout a record has. Throws `invalid_input` naming its fields when there is none. */
export function detectLayout(value: unknown): Layout {
  const record = objectAt(value, [])
  const found = layouts.find(layout => layout.matches(record))
  if (found !== undefined) return found
  const expected = 'the fields of a preference layout'
  const known = layouts.map(({ name, fields }) => `${name} (${fields})`).join('; ')
  throw fieldErrorSaying([], expected, `the fields ${describeValue(Object.keys(record))}`, `known: ${known}`)
}

/** One record of a layout. Throws `invalid_input` naming the field. */
export function readPreference(value: unknown, layout: Layout): PreferenceRecord {
  return layout.read(objectAt(value, []))
}
