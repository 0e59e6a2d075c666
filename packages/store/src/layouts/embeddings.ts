import { fieldErrorSaying, type JsonRecord, listAt, numberAt, optionalAt } from '@guerdon/core'
import type { PreferenceLayout } from './layout.ts'
import { noFormFor, pairFacts, pairOf, requirePair } from './pairs.ts'

/** Two embeddings, `chosen` and `rejected` as lists of numbers, `prompt` one more or absent. */
export const embeddingsLayout: PreferenceLayout = {
  name: 'embeddings',
  holds: 'preferences',
  fields: 'chosen [numbers], rejected [numbers]; prompt [numbers], user, margin',
  detect: ({ chosen }) => Array.isArray(chosen) && chosen.length > 0 && chosen.every(one => typeof one === 'number'),
  read: record => {
    const [chosen, rejected] = [vectorAt(record, 'chosen'), vectorAt(record, 'rejected')]
    if (chosen.length !== rejected.length) {
      const got = `${rejected.length} numbers`
      throw fieldErrorSaying(['rejected'], `${chosen.length} numbers, as many as in chosen`, got)
    }
    const prompt = optionalAt(record['prompt'], ['prompt'], () => vectorAt(record, 'prompt'))
    const sides = { ...(prompt === undefined ? {} : { prompt }), chosen, rejected }
    return { preferences: [pairOf(record, sides, prompt === undefined ? taken.slice(1) : taken)] }
  },
  write: preference => {
    const pair = requirePair(preference, 'embeddings')
    const { prompt, chosen, rejected } = pair
    if (typeof chosen[0] !== 'number') throw noFormFor('a pair of texts', 'embeddings')
    return { ...(prompt === undefined ? {} : { prompt }), chosen, rejected, ...pairFacts(pair) }
  },
}

const taken = ['prompt', 'chosen', 'rejected']

function vectorAt(record: JsonRecord, name: string): number[] {
  return listAt(record[name], [name]).map((value, i) => numberAt(value, [name, i]))
}
