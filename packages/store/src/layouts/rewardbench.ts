import { type JsonRecord, listAt, textAt } from '@guerdon/core'
import { promptAt } from './conversations.ts'
import { explicitLayout } from './explicit.ts'
import type { PreferenceLayout } from './layout.ts'
import { nameAt, namedFields } from './named-fields.ts'
import { noFormFor } from './pairs.ts'

/** RewardBench: explicit pairs with the subset they belong to and the models that answered. */
export const rewardbenchLayout: PreferenceLayout = {
  ...explicitLayout,
  name: 'rewardbench',
  fields: 'prompt, chosen, rejected, subset, chosen_model',
  detect: record =>
    explicitLayout.detect(record) && record['subset'] !== undefined && record['chosen_model'] !== undefined,
}

const taken = ['prompt', 'chosen', 'rejected']

/** RewardBench 2: `chosen` and `rejected` are lists of answers. */
export const rewardbench2Layout: PreferenceLayout = {
  name: 'rewardbench-2',
  holds: 'preferences',
  fields: 'id, prompt, chosen [texts], rejected [texts], subset',
  detect: ({ chosen, rejected }) =>
    Array.isArray(chosen) &&
    chosen.length > 0 &&
    chosen.every(answer => typeof answer === 'string') &&
    Array.isArray(rejected),
  read: record => {
    nameAt(record['id'], ['id'])
    textAt(record['subset'], ['subset'])
    const { named, meta } = namedFields(record, taken, { id: nameAt, subset: textAt })
    const choice = {
      kind: 'choice' as const,
      ...named,
      prompt: promptAt(record['prompt'], ['prompt']),
      correct: answersAt(record, 'chosen'),
      incorrect: answersAt(record, 'rejected'),
    }
    return { preferences: [meta === undefined ? choice : { ...choice, meta }] }
  },
  write: preference => {
    if (preference.kind !== 'choice') throw noFormFor(preference.kind, 'rewardbench-2')
    const { kind: _, prompt, correct, incorrect, meta, ...named } = preference
    return { ...named, prompt, chosen: correct, rejected: incorrect, ...meta }
  },
}

function answersAt(record: JsonRecord, name: string): string[] {
  return listAt(record[name], [name]).map((answer, i) => textAt(answer, [name, i]))
}
