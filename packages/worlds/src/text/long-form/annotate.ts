import { assertProbability, type Random } from '@guerdon/core'
import type { AtomicFact, FactKind, LongFormLabels } from './labels.ts'

/** How often an annotator errs on one kind of label. */
export interface ErrorRates {
  /** Probability that an error goes unnoticed. Default 0. */
  readonly miss?: number
  /** Probability that an error is seen where there is none. Default 0. */
  readonly falseAlarm?: number
}

/** Error rates by what is labelled. */
export interface AnnotationNoise {
  readonly irrelevant?: ErrorRates
  readonly unsupported?: ErrorRates
  readonly missing?: ErrorRates
  /** Verifying atomic facts: an error is a fact that does not hold. Unverifiable ones stay so. */
  readonly facts?: ErrorRates
}

/**
 * The same labels as an annotator or judge with these error rates gives them. Draws one number for each clause, then one
 * for each of its facts that is verifiable; then one for each sentence; then one for each required fact.
 *
 * @throws invalid_option for a rate outside [0, 1]
 */
export function annotateLongForm(labels: LongFormLabels, noise: AnnotationNoise, random: Random): LongFormLabels {
  const seen = (error: boolean, { miss = 0, falseAlarm = 0 }: ErrorRates = {}): boolean => {
    assertProbability(miss, 'miss')
    assertProbability(falseAlarm, 'falseAlarm')
    return random.bernoulli(error ? miss : falseAlarm) ? !error : error
  }
  const missing = new Set(labels.missing)
  return {
    ...labels,
    clauses: labels.clauses.map(clause => {
      const irrelevant = seen(clause.irrelevant, noise.irrelevant)
      const facts = clause.facts.map(fact => {
        return fact.consistent === null ? fact : { ...fact, consistent: !seen(!fact.consistent, noise.facts) }
      })
      return { ...clause, irrelevant, reason: irrelevant ? (clause.reason ?? 'not asked') : null, facts }
    }),
    sentences: labels.sentences.map(sentence => {
      return { ...sentence, unsupported: seen(sentence.unsupported, noise.unsupported) }
    }),
    missing: labels.required.filter(fact => seen(missing.has(fact), noise.missing)),
  }
}

/**
 * Label of one kind of a clause from its facts: −1 nothing of this kind is said, 1 at least one fact is refuted, 0
 * otherwise. Facts that cannot be verified say nothing.
 */
export function factLabel(facts: readonly AtomicFact[], kind: FactKind): -1 | 0 | 1 {
  const verified = facts.filter(({ type, consistent }) => type === kind && consistent !== null)
  if (verified.length === 0) return -1
  return verified.some(({ consistent }) => consistent === false) ? 1 : 0
}
