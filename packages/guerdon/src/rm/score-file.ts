import {
  fieldError,
  filledTextAt,
  GuerdonError,
  isRecord,
  type JsonlReport,
  type JsonRecord,
  jsonLine,
  listAt,
  numberAt,
  objectAt,
  readJsonLines,
} from '@guerdon/core'
import type { Content, Judgement, ScoreRequest } from '@guerdon/learn'
import {
  isMessages,
  messageText,
  renderMessages,
  responseMarker,
} from '@guerdon/learn/reward-model/preferences/messages'
import { placedError } from '@guerdon/store/layouts/index'
import { openBytes } from '../files.ts'
import type { Io } from '../io.ts'
import { type Encoder, thirdOf } from './encoding.ts'
import { stepItem } from './items.ts'
import { type JudgeOptions, judgeAll } from './judge.ts'
import { type LoadedModel, loadModel } from './model-folder.ts'

/** What was scored. */
export interface ScoredFile {
  readonly file: string
  readonly reading: JsonlReport
  /** One line of JSON a response, `{ id?, line, score, … }`, in the order of the file. */
  readonly lines: readonly string[]
  readonly scores: readonly number[]
}

/** Choices of scoring. */
export interface ScoreFileOptions extends JudgeOptions {
  readonly onError: 'stop' | 'skip'
}

/**
 * Scores responses: one JSON object a line with `prompt` (text, messages, or numbers) and `response` (or `completion`),
 * `completions` for models of steps, `reference` for contrastive ones, `latent` for those of users. States are left out.
 *
 * @throws what the first bad record is at fault for, naming file, line and field; empty for a file without records
 */
export async function scoreResponses(
  folder: string,
  file: string,
  options: ScoreFileOptions,
  io: Io,
): Promise<ScoredFile> {
  const loaded = await loadModel(folder)
  const { name, bytes } = openBytes(file, io)
  const { signal, onError } = options
  const reading = readJsonLines(bytes, { file: name, onError, ...(signal && { signal }) })
  const encoder = loaded.encoder()
  const requests: ScoreRequest[] = []
  const origins: { readonly id?: unknown; readonly line: number }[] = []
  for await (const { line, value } of reading.records) {
    try {
      const record = objectAt(value, [])
      requests.push(requestOf(record, loaded, encoder))
      origins.push({ ...(record['id'] === undefined ? {} : { id: record['id'] }), line })
    } catch (error) {
      if (!(error instanceof GuerdonError)) throw error
      reading.refuse(placedError(error, { file: name, line }))
    }
  }
  if (requests.length === 0) {
    throw new GuerdonError('empty', `expected responses to score in ${name}; got none`, { file: name })
  }
  const judgements = await judgeAll(loaded, requests, options)
  return {
    file: name,
    reading: reading.report,
    lines: judgements.map((judgement, i) => jsonLine({ ...origins[i], ...withoutState(judgement) })),
    scores: judgements.map(({ score }) => score),
  }
}

function withoutState({ hidden: _, ...rest }: Judgement): Omit<Judgement, 'hidden'> {
  return rest
}

function requestOf(record: JsonRecord, { config }: LoadedModel, encoder: Encoder): ScoreRequest {
  const prompt = contentAt(record, 'prompt')
  if (config.kind === 'process') {
    if (typeof prompt !== 'string') throw fieldError(['prompt'], 'text', record['prompt'])
    const steps = listAt(record['completions'], ['completions']).map((step, i) =>
      filledTextAt(step, ['completions', i]),
    )
    return stepItem({ prompt, steps, labels: steps.map(() => null) }, encoder)
  }
  const response = contentAt(record, record['response'] === undefined ? 'completion' : 'response')
  if (config.kind === 'contrastive') {
    const third = thirdOf(config.encoding)
    const part = (content: Content) => encoder.item('', content).candidate.slice(0, third)
    return {
      prompt: encoder.item(prompt, '').prompt.slice(-third),
      candidate: part(response),
      reference: part(contentAt(record, 'reference')),
    }
  }
  const item = encoder.item(prompt, response, { room: config.kind === 'generative' ? 1 : 0 })
  if (config.kind !== 'users' || record['latent'] === undefined) return item
  return { ...item, latent: listAt(record['latent'], ['latent']).map((value, i) => numberAt(value, ['latent', i])) }
}

function contentAt(record: JsonRecord, name: string): Content {
  const value = record[name]
  if (isMessages(value)) {
    return name === 'prompt'
      ? `${renderMessages(value, [name])}${responseMarker}`
      : value.map((message, i) => messageText(message, [name, i])).join('\n')
  }
  if (Array.isArray(value) && !value.some(isRecord)) return value.map((entry, i) => numberAt(entry, [name, i]))
  if (name === 'prompt' && (value === undefined || value === '')) return ''
  return filledTextAt(value, [name])
}
