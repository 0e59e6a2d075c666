import { GuerdonError } from '@guerdon/core'
import type { LabelledRecord, PairRecord, PreferenceRecord, RatedRecord, StepsRecord } from '@guerdon/learn'

/**
 * Every pair there is in the records: stated ones, every two responses of different rating to one prompt (the difference is
 * the margin), and every correct with every incorrect answer of a benchmark.
 */
export function pairsOf(records: readonly PreferenceRecord[]): PairRecord[] {
  return records.flatMap((record): PairRecord[] => {
    if (record.kind === 'pair') return [record]
    if (record.kind === 'rated') return ratedPairs(record)
    if (record.kind !== 'choice') return []
    const { prompt, correct, incorrect, subset, id } = record
    return correct.flatMap(chosen =>
      incorrect.map((rejected): PairRecord => ({ kind: 'pair', prompt, chosen, rejected, subset, id })),
    )
  })
}

function ratedPairs({ prompt, responses }: RatedRecord): PairRecord[] {
  return responses.flatMap((a, i) =>
    responses.slice(i + 1).flatMap((b): PairRecord[] => {
      if (a.score === undefined || b.score === undefined || a.score === b.score || a.text === b.text) return []
      const [better, worse] = a.score > b.score ? [a, b] : [b, a]
      const margin = Math.abs(a.score - b.score)
      return [{ kind: 'pair', prompt, chosen: better.text, rejected: worse.text, margin }]
    }),
  )
}

/** A response with a number for each of several attributes, null where there is none. */
export interface TargetRecord {
  readonly prompt: string
  readonly response: string
  readonly targets: readonly (number | null)[]
}

/** Names of the attributes that raters gave, in order of appearance. */
export function attributeNames(records: readonly PreferenceRecord[]): string[] {
  const names = records.flatMap(record =>
    record.kind === 'rated' ? record.responses.flatMap(response => Object.keys(response.attributes)) : [],
  )
  return [...new Set(names)]
}

/** Rated responses with their attributes. */
export function attributeTargets(records: readonly PreferenceRecord[], names: readonly string[]): TargetRecord[] {
  return ratedOf(records).flatMap(({ prompt, responses }) =>
    responses.map(({ text, attributes }) => ({
      prompt,
      response: text,
      targets: names.map(name => attributes[name] ?? null),
    })),
  )
}

/** Rated responses with their overall score, and responses labelled good or bad. */
export function scoreTargets(records: readonly PreferenceRecord[]): TargetRecord[] {
  return records.flatMap((record): TargetRecord[] => {
    if (record.kind === 'labelled') {
      return [{ prompt: record.prompt, response: record.response, targets: [record.label] }]
    }
    if (record.kind !== 'rated') return []
    return record.responses.flatMap(({ text, score }) =>
      score === undefined ? [] : [{ prompt: record.prompt, response: text, targets: [score] }],
    )
  })
}

/** The records of one kind. */
export const ratedOf = (records: readonly PreferenceRecord[]): RatedRecord[] =>
  records.filter(record => record.kind === 'rated')
/** The records of one kind. */
export const stepsOf = (records: readonly PreferenceRecord[]): StepsRecord[] =>
  records.filter(record => record.kind === 'steps')
/** The records of one kind. */
export const labelledOf = (records: readonly PreferenceRecord[]): LabelledRecord[] =>
  records.filter(record => record.kind === 'labelled')

/** Rows of `pairs` by user, for users with at least two. Throws `invalid_input` when pairs have no user. */
export function userRows(pairs: readonly PairRecord[]): { readonly names: string[]; readonly rows: number[][] } {
  const byUser = new Map<string, number[]>()
  pairs.forEach(({ user }, row) => {
    if (user === undefined) {
      throw new GuerdonError('invalid_input', `expected a user in every pair; pair ${row + 1} has none`, {
        path: ['user'],
        hint: 'add the field user, or train another kind',
      })
    }
    byUser.set(user, [...(byUser.get(user) ?? []), row])
  })
  const kept = [...byUser].filter(([, rows]) => rows.length >= 2)
  return { names: kept.map(([name]) => name), rows: kept.map(([, rows]) => rows) }
}
