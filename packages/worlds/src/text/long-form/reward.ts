import type { ClauseLabel, LongFormLabels } from './labels.ts'

/** Whether a clause claims anything the passage does not say. */
export function isUnsupported({ facts }: ClauseLabel): boolean {
  return facts.some(({ consistent }) => consistent !== true)
}

/**
 * The gold reward of an answer: (covered − unsupported − ½·irrelevant)/required − 1[unfinished], counting required facts
 * that are stated, clauses with an unsupported claim, and irrelevant clauses. A perfect answer has 1, silence 0.
 */
export function longFormReward(labels: LongFormLabels): number {
  const covered = labels.required.length - labels.missing.length
  const unsupported = labels.clauses.filter(isUnsupported).length
  const irrelevant = labels.clauses.filter(clause => clause.irrelevant).length
  return (covered - unsupported - 0.5 * irrelevant) / labels.required.length - (labels.finished ? 0 : 1)
}
