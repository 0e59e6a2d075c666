import { GuerdonError } from '@guerdon/core'
import { type FoundRun, RUN_FORMAT } from './run-store.ts'
import type { StoredAnswer } from './stored-answers.ts'

/** A run as databases keep it: texts and whole numbers. */
export interface SavedFields {
  readonly format: unknown
  readonly revision: unknown
  readonly update: unknown
  readonly state: unknown
  readonly answers: unknown
}

/** The run in these fields. Throws `version` for another format, `state` for damaged ones. */
export function readFields(run: string, fields: SavedFields): FoundRun {
  const { format, revision, update, state, answers } = fields
  if (Number(format) !== RUN_FORMAT) {
    throw new GuerdonError('version', `expected run "${run}" saved in format ${RUN_FORMAT}; got another`, {
      path: ['run'],
      hint: 'it was written by another release of Guerdon',
    })
  }
  const kept = parseAnswers(answers)
  const count = Number(update)
  if (typeof revision !== 'string' || typeof state !== 'string' || !Number.isSafeInteger(count) || kept === undefined) {
    throw new GuerdonError('state', `expected the saved state of run "${run}"; got a damaged one`, { path: ['run'] })
  }
  return { update: count, state, answers: kept, revision }
}

function parseAnswers(text: unknown): readonly StoredAnswer[] | undefined {
  try {
    const value: unknown = JSON.parse(String(text))
    return Array.isArray(value) ? (value as StoredAnswer[]) : undefined
  } catch {
    return undefined
  }
}
