import type { Comparison, Judgement, PairRecord, PreferenceRecord, ScoreRequest, UserRewardModel } from '@guerdon/learn'
import { thirdOf } from './encoding.ts'
import { pairsOf, ratedOf, userRows } from './examples.ts'
import type { LoadedModel } from './model-folder.ts'

/** Told how many of all requests are done. */
export interface JudgeOptions {
  readonly signal?: AbortSignal
  onProgress?(done: number, total: number): void
}

/** A pair with what the model says of both sides. */
export interface JudgedPair {
  readonly pair: PairRecord
  readonly chosen: Judgement
  readonly rejected: Judgement
}

const CHUNK = 64

/** Judgements of requests, in their order. */
export async function judgeAll(
  { model }: LoadedModel,
  requests: readonly ScoreRequest[],
  { signal, onProgress }: JudgeOptions = {},
): Promise<Judgement[]> {
  const judgements: Judgement[] = []
  for (let start = 0; start < requests.length; start += CHUNK) {
    judgements.push(...(await model.scoreAll(requests.slice(start, start + CHUNK), signal ? { signal } : {})))
    onProgress?.(judgements.length, requests.length)
  }
  return judgements
}

/** The number that is compared between two responses: the score, or the logit where the score is a probability. */
export function comparedScore({ score, attributes }: Judgement): number {
  return attributes?.['logit'] ?? score
}

/**
 * Judges every pair in the records. A model of users is told the first half of each user's pairs (eight at most) and judged
 * on the others; a contrastive model compares with the best rated response and is judged on the pairs of the others.
 *
 * @returns no pair for models of steps, and where the records have none
 */
export async function judgePairs(
  loaded: LoadedModel,
  records: readonly PreferenceRecord[],
  options: JudgeOptions = {},
): Promise<JudgedPair[]> {
  const { kind } = loaded.config
  if (kind === 'process') return []
  const compared =
    kind === 'users'
      ? await pairsOfUsers(loaded, pairsOf(records))
      : kind === 'contrastive'
        ? referencedPairs(loaded, records)
        : plainPairs(loaded, pairsOf(records))
  const requests = compared.flatMap(({ chosen, rejected }) => [chosen, rejected])
  const judgements = await judgeAll(loaded, requests, options)
  return compared.map(({ pair }, i) => ({ pair, chosen: judgements[2 * i], rejected: judgements[2 * i + 1] }))
}

interface ComparedPair {
  readonly pair: PairRecord
  readonly chosen: ScoreRequest
  readonly rejected: ScoreRequest
}

function plainPairs({ config, encoder: fresh }: LoadedModel, pairs: readonly PairRecord[]): ComparedPair[] {
  const encoder = fresh()
  const room = config.kind === 'generative' ? 1 : 0
  return pairs.map(pair => ({
    pair,
    chosen: encoder.item(pair.prompt, pair.chosen, { room }),
    rejected: encoder.item(pair.prompt, pair.rejected, { room }),
  }))
}

async function pairsOfUsers(loaded: LoadedModel, pairs: readonly PairRecord[]): Promise<ComparedPair[]> {
  const plain = plainPairs(loaded, pairs)
  const model = loaded.model as UserRewardModel
  const judged: ComparedPair[] = []
  for (const rows of userRows(pairs).rows) {
    const told = Math.min(8, Math.floor(rows.length / 2))
    const comparisons: Comparison[] = rows.slice(0, told).map(row => plain[row])
    const latent = await model.latentOf(comparisons)
    for (const row of rows.slice(told)) {
      const { pair, chosen, rejected } = plain[row]
      judged.push({ pair, chosen: { ...chosen, latent }, rejected: { ...rejected, latent } })
    }
  }
  return judged
}

function referencedPairs(loaded: LoadedModel, records: readonly PreferenceRecord[]): ComparedPair[] {
  const encoder = loaded.encoder()
  const third = thirdOf(encoder.encoding)
  return ratedOf(records).flatMap(({ prompt, responses }) => {
    const [best, ...others] = responses
      .flatMap(({ text, score, attributes }) => (score === undefined ? [] : [{ text, score, attributes }]))
      .sort((a, b) => b.score - a.score)
    if (best === undefined) return []
    const part = (text: string) => encoder.item('', text).candidate.slice(0, third)
    const question = encoder.item(prompt, '').prompt.slice(-third)
    const request = (text: string): ScoreRequest => ({
      prompt: question,
      candidate: part(text),
      reference: part(best.text),
    })
    return pairsOf([{ kind: 'rated', prompt, responses: others }]).map(pair => ({
      pair,
      chosen: request(pair.chosen as string),
      rejected: request(pair.rejected as string),
    }))
  })
}
