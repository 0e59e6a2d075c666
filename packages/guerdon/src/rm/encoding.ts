import { GuerdonError } from '@guerdon/core'
import {
  byteTokens,
  type Content,
  type EncoderConfig,
  type FittedItem,
  fitTokens,
  type PreferenceRecord,
  type TransformerConfig,
  textTokens,
} from '@guerdon/learn'

/** How what stands in a file becomes what a model reads; kept with the model. */
export type Encoding =
  | { readonly kind: 'bytes'; readonly length: number }
  | { readonly kind: 'vectors'; readonly size: number }

/** Sizes of the models that are trained here. */
export interface ModelSizes {
  readonly width: number
  readonly layers: number
  readonly heads: number
  /** Longest text in tokens; longer ones are cut. */
  readonly length: number
}

/** The encoding that fits the records: their vectors' size, or enough bytes for the longest text, up to `length`. */
export function encodingFor(records: readonly PreferenceRecord[], length: number): Encoding {
  for (const record of records) {
    if (record.kind === 'pair' && typeof record.chosen !== 'string') {
      return { kind: 'vectors', size: record.prompt.length + record.chosen.length }
    }
  }
  const longest = Math.max(...records.map(longestText))
  return { kind: 'bytes', length: Math.min(length, 16 * Math.ceil((longest + marksRoom(records)) / 16)) }
}

function longestText(record: PreferenceRecord): number {
  const bytes = (content: Content): number =>
    typeof content === 'string' ? textTokens(content).length : content.length
  const most = (texts: readonly Content[]): number => Math.max(...texts.map(bytes))
  switch (record.kind) {
    case 'pair':
      return bytes(record.prompt) + most([record.chosen, record.rejected])
    case 'rated':
      return bytes(record.prompt) + most(record.responses.map(({ text }) => text))
    case 'labelled':
      return bytes(record.prompt) + bytes(record.response)
    case 'steps':
      return bytes(record.prompt) + record.steps.reduce((total, step) => total + bytes(step), 0)
    case 'choice':
      return bytes(record.prompt) + most([...record.correct, ...record.incorrect])
  }
}

/** Room for a question, or for the mark behind each step. */
function marksRoom(records: readonly PreferenceRecord[]): number {
  return Math.max(1, ...records.map(record => (record.kind === 'steps' ? record.steps.length : 1)))
}

/** The transformer of an encoding of bytes. Throws `invalid_input` for vectors. */
export function transformerOf(encoding: Encoding, sizes: ModelSizes): TransformerConfig {
  if (encoding.kind !== 'bytes') {
    throw new GuerdonError('invalid_input', 'expected text for this kind of model; got embeddings', {
      hint: 'embeddings can be used with bt, ties, ordinal and users',
    })
  }
  const { width, layers, heads } = sizes
  return { vocabularySize: byteTokens.vocabularySize, maximumLength: encoding.length, width, layers, heads }
}

/** The encoder of an encoding. */
export function encoderOf(encoding: Encoding, sizes: ModelSizes): EncoderConfig {
  if (encoding.kind === 'vectors') return { kind: 'vectors', size: encoding.size, hidden: [sizes.width] }
  return { kind: 'tokens', transformer: transformerOf(encoding, sizes) }
}

/** Turns texts or vectors into items, and counts those that did not fit whole. */
export interface Encoder {
  item(prompt: Content, candidate: Content, options?: { readonly room?: number }): FittedItem
  /** Items so far, and how many of them were cut. */
  counts(): { readonly items: number; readonly cut: number }
}

/** An encoder; `room` tokens are left free for what a model puts behind a candidate. */
export function createEncoder(encoding: Encoding): Encoder {
  let items = 0
  let cut = 0
  return {
    item(prompt, candidate, { room = 0 } = {}) {
      items++
      if (encoding.kind === 'vectors') {
        return { prompt: numbersOf(prompt), candidate: numbersOf(candidate), cut: false }
      }
      const item = fitTokens(tokensOf(prompt), tokensOf(candidate), { length: encoding.length - room })
      if (item.cut) cut++
      return item
    },
    counts: () => ({ items, cut }),
  }
}

function tokensOf(content: Content): number[] {
  if (typeof content === 'string') return textTokens(content)
  throw new GuerdonError('invalid_input', 'expected text, as this model was trained on; got a list of numbers')
}

function numbersOf(content: Content): readonly number[] {
  if (typeof content !== 'string') return content
  if (content === '') return []
  throw new GuerdonError('invalid_input', 'expected embeddings, as this model was trained on; got text')
}

/** Tokens for each of prompt, reference and candidate, with room for a separator. Throws `invalid_input` for vectors. */
export function thirdOf(encoding: Encoding): number {
  if (encoding.kind === 'bytes') return Math.floor((encoding.length - 1) / 3)
  throw new GuerdonError('invalid_input', 'expected text to compare with a reference; got embeddings')
}
