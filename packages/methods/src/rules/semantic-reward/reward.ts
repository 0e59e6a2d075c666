import { assertFinite, assertInRange, assertSameRagged, GuerdonError } from '@guerdon/core'
import { cosineSimilarity } from '../../shared/cosine.ts'
import { euclideanNorm } from '../../shared/linear-algebra.ts'
import { readTagged } from '../../shared/tagged-text.ts'

/**
 * Sentence embedding: mean of the token embeddings with mask 1, Σ m·h / max(Σ m, 1e-9). Special tokens and padding
 * belong masked out.
 *
 * @param tokenEmbeddings [T][d]
 * @param mask [T] 0 or 1
 * @returns [d]; zeros when nothing is unmasked
 */
export function meanPool(
  tokenEmbeddings: readonly ArrayLike<number>[],
  mask: ArrayLike<number>,
  options: { readonly normalise?: boolean } = {},
): Float64Array {
  const { normalise = false } = options
  if (tokenEmbeddings.length !== mask.length) {
    throw new GuerdonError(
      'shape_mismatch',
      `expected one mask entry for each of ${tokenEmbeddings.length} tokens; got ${mask.length}`,
      { path: ['mask'] },
    )
  }
  if (tokenEmbeddings.length > 0) {
    const like = tokenEmbeddings.map(() => tokenEmbeddings[0])
    assertSameRagged(tokenEmbeddings, 'tokenEmbeddings', like, 'tokenEmbeddings of the first token')
  }
  const pooled = new Float64Array(tokenEmbeddings[0]?.length ?? 0)
  let weight = 0
  tokenEmbeddings.forEach((embedding, t) => {
    if (!mask[t]) return
    assertFinite(embedding, 'tokenEmbeddings', ['tokenEmbeddings', t])
    weight += mask[t]
    for (let k = 0; k < pooled.length; k++) pooled[k] += mask[t] * embedding[k]
  })
  const mean = pooled.map(value => value / Math.max(weight, 1e-9))
  const norm = normalise ? euclideanNorm(mean) : 0
  return norm === 0 ? mean : mean.map(value => value / norm)
}

/**
 * Semantic reward: cosine of the embeddings of a generated explanation and of its reference, e_gen·e_ref /
 * (‖e_gen‖·‖e_ref‖ + ε) ∈ [−1, 1]. Not clipped at 0. A zero vector gives 0. Encode the explanation alone: no tags, no
 * option letter.
 *
 * Source: arXiv 2509.13081; ε beside the product of norms as in the companion pipeline.
 */
export function cosineReward(
  generated: ArrayLike<number>,
  reference: ArrayLike<number>,
  options: { readonly epsilon?: number } = {},
): number {
  const { epsilon = 1e-8 } = options
  return cosineSimilarity(generated, reference, { epsilon })
}

/** Parts of the companion pipeline's reward. */
export interface MultiCriteriaReward {
  readonly semantic: number
  readonly length: number
  readonly brevity: number
  readonly total: number
}

/**
 * The companion pipeline's reward: w_s·R_sem + w_l·R_len + w_b·R_brev. R_len = min(1, length/minChars); R_brev =
 * exp(−|ln(length/reference length)|), each length at least 1 there. Lengths are code points of the trimmed texts.
 *
 * @param semantic the cosine, already computed
 */
export function multiCriteriaReward(
  generated: string,
  reference: string,
  semantic: number,
  options: {
    /** [semantic, length, brevity]. Default [0.7, 0.2, 0.1]. */
    readonly weights?: readonly [semantic: number, length: number, brevity: number]
    /** Characters from which a text is long enough. Default 10. */
    readonly minChars?: number
  } = {},
): MultiCriteriaReward {
  const { weights = [0.7, 0.2, 0.1], minChars = 10 } = options
  assertInRange(minChars, 'minChars', 0, Number.MAX_VALUE)
  const own = [...generated.trim()].length
  const other = [...reference.trim()].length
  const length = own >= minChars ? 1 : own / minChars
  const brevity = Math.exp(-Math.abs(Math.log(Math.max(own, 1) / Math.max(other, 1))))
  const total = weights[0] * semantic + weights[1] * length + weights[2] * brevity
  return { semantic, length, brevity, total }
}

/** Weights of the composite reward. */
export interface CompositeWeights {
  readonly semantic: number
  readonly correct: number
  readonly format: number
}

/** Parts of the composite reward. */
export interface CompositeReward extends CompositeWeights {
  readonly total: number
}

/** An exam answer in the template. */
export interface ExamAnswer {
  readonly explanation: string
  readonly option: string
}

/**
 * One non-empty `<think>` block, then one `<answer>` block holding a single letter A–E; undefined for anything else.
 */
export function readExamAnswer(completion: string): ExamAnswer | undefined {
  const read = readTagged(completion, ['think', 'answer'])
  if (!read.ok || !/^[A-E]$/.test(read.bodies[1])) return undefined
  return { explanation: read.bodies[0], option: read.bodies[1] }
}

/**
 * Composite reward of an exam answer: w_s·R_sem + w_c·1[option = gold] + w_f·R_fmt. A failed format makes every part 0,
 * because then neither explanation nor option can be found.
 *
 * @param semantic cosine of the explanation, already computed; null without a reference, and then the term is left out
 */
export function compositeReward(
  completion: string,
  goldOption: string,
  semantic: number | null,
  options: { readonly weights?: CompositeWeights } = {},
): CompositeReward & { readonly semanticMissing: boolean } {
  const { weights = { semantic: 1, correct: 1, format: 1 } } = options
  const answer = readExamAnswer(completion)
  const semanticMissing = semantic === null
  if (answer === undefined) return { semantic: 0, correct: 0, format: 0, total: 0, semanticMissing }
  const correct = answer.option === goldOption ? 1 : 0
  const term = semantic ?? 0
  const total = weights.semantic * term + weights.correct * correct + weights.format
  return { semantic: term, correct, format: 1, total, semanticMissing }
}
