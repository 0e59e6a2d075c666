import { GuerdonError } from '@guerdon/core'
import {
  byteTokenizer,
  type Content,
  type EncoderConfig,
  type FittedItem,
  fitTokens,
  markTokens,
  type PreferenceRecord,
  type TextTokenizer,
  type TransformerConfig,
  trainBytePairs,
} from '@guerdon/learn'
import { jsonTokenizer } from '@guerdon/learn/language/tokenizer/json-tokenizer'

/** How what stands in a file becomes what a model reads; kept with the model. */
export type Encoding =
  | {
      readonly kind: 'text'
      readonly length: number
      /** Bytes, or byte pairs learned from the texts that were trained on. */
      readonly tokens: 'bytes' | 'byte-pairs'
      /** Token ids of text; those of marks follow. */
      readonly size: number
    }
  | { readonly kind: 'vectors'; readonly size: number }

/** Sizes of the models that are trained here. */
export interface ModelSizes {
  readonly width: number
  readonly layers: number
  readonly heads: number
  /** Longest text in tokens; longer ones are cut. */
  readonly length: number
}

/** An encoding with its tokenizer, and what describes that when it was learned. */
export interface TokenizedEncoding {
  readonly encoding: Encoding
  readonly tokenizer: TextTokenizer
  readonly json?: object
}

/**
 * The encoding that fits the records: their vectors' size, or enough tokens for the longest text, up to `length`. Tokens are
 * bytes, or byte pairs learned from the records when `vocabulary` asks for more than those. `thirds`: prompt, reference and
 * candidate each get a third of the length.
 */
export async function encodingFor(
  records: readonly PreferenceRecord[],
  options: { readonly length: number; readonly vocabulary: number; readonly thirds: boolean },
): Promise<TokenizedEncoding> {
  const bytes = byteTokenizer()
  for (const record of records) {
    if (record.kind === 'pair' && typeof record.chosen !== 'string') {
      return { encoding: { kind: 'vectors', size: record.prompt.length + record.chosen.length }, tokenizer: bytes }
    }
  }
  const learned = options.vocabulary > bytes.size
  const json = learned ? trainBytePairs(records.flatMap(textsOf), { size: options.vocabulary }) : undefined
  const tokenizer = json ? await jsonTokenizer(json) : bytes
  const count = (text: string): number => tokenizer.encode(text).length
  const longest = Math.max(
    ...records.map(record => {
      const [prompt, ...answers] = textsOf(record).map(count)
      if (options.thirds) return 3 * Math.max(prompt, ...answers)
      return prompt + (record.kind === 'steps' ? answers.reduce((a, b) => a + b, 0) : Math.max(...answers))
    }),
  )
  const length = Math.min(options.length, 16 * Math.ceil((longest + marksRoom(records)) / 16))
  const tokens = learned ? 'byte-pairs' : 'bytes'
  return { encoding: { kind: 'text', length, tokens, size: tokenizer.size }, tokenizer, ...(json && { json }) }
}

/** The prompt, and everything that answers it. */
function textsOf(record: PreferenceRecord): string[] {
  switch (record.kind) {
    case 'pair':
      return [record.prompt, record.chosen, record.rejected].map(content => `${content}`)
    case 'rated':
      return [record.prompt, ...record.responses.map(({ text }) => text)]
    case 'labelled':
      return [record.prompt, record.response]
    case 'steps':
      return [record.prompt, ...record.steps]
    case 'choice':
      return [record.prompt, ...record.correct, ...record.incorrect]
  }
}

/** Room for a question, or for the mark behind each step. */
function marksRoom(records: readonly PreferenceRecord[]): number {
  return Math.max(1, ...records.map(record => (record.kind === 'steps' ? record.steps.length : 1)))
}

/** The transformer of an encoding of text. Throws `invalid_input` for vectors. */
export function transformerOf(encoding: Encoding, sizes: ModelSizes): TransformerConfig {
  if (encoding.kind !== 'text') {
    throw new GuerdonError('invalid_input', 'expected text for this kind of model; got embeddings', {
      hint: 'embeddings can be used with bt, ties, ordinal and users',
    })
  }
  const { width, layers, heads } = sizes
  return {
    vocabularySize: markTokens(encoding.size).vocabularySize,
    maximumLength: encoding.length,
    width,
    layers,
    heads,
  }
}

/** The encoder of an encoding. */
export function encoderOf(encoding: Encoding, sizes: ModelSizes): EncoderConfig {
  if (encoding.kind === 'vectors') return { kind: 'vectors', size: encoding.size, hidden: [sizes.width] }
  return { kind: 'tokens', transformer: transformerOf(encoding, sizes) }
}

/** Turns texts or vectors into items, and counts those that did not fit whole. */
export interface Encoder {
  readonly encoding: Encoding
  /** Throws `invalid_input` for a list of numbers. */
  tokens(content: Content): number[]
  item(prompt: Content, candidate: Content, options?: { readonly room?: number }): FittedItem
  /** Items so far, and how many of them were cut. */
  counts(): { readonly items: number; readonly cut: number }
}

/** An encoder; `room` tokens are left free for what a model puts behind a candidate. */
export function createEncoder(encoding: Encoding, tokenizer: TextTokenizer): Encoder {
  let items = 0
  let cut = 0
  const tokens = (content: Content): number[] => {
    if (typeof content === 'string') return Array.from(tokenizer.encode(content))
    throw new GuerdonError('invalid_input', 'expected text, as this model was trained on; got a list of numbers')
  }
  return {
    encoding,
    tokens,
    item(prompt, candidate, { room = 0 } = {}) {
      items++
      if (encoding.kind === 'vectors') {
        return { prompt: numbersOf(prompt), candidate: numbersOf(candidate), cut: false }
      }
      const item = fitTokens(tokens(prompt), tokens(candidate), { length: encoding.length - room })
      if (item.cut) cut++
      return item
    },
    counts: () => ({ items, cut }),
  }
}

function numbersOf(content: Content): readonly number[] {
  if (typeof content !== 'string') return content
  if (content === '') return []
  throw new GuerdonError('invalid_input', 'expected embeddings, as this model was trained on; got text')
}

/** Tokens for each of prompt, reference and candidate, with room for a separator. Throws `invalid_input` for vectors. */
export function thirdOf(encoding: Encoding): number {
  if (encoding.kind === 'text') return Math.floor((encoding.length - 1) / 3)
  throw new GuerdonError('invalid_input', 'expected text to compare with a reference; got embeddings')
}
