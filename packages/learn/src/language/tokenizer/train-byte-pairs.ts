import { assertInteger, GuerdonError } from '@guerdon/core'
import { specialTokens } from '@guerdon/worlds/text/vocabulary'
import { byteCharacters } from './byte-characters.ts'
import { specialTokenCount } from './tokenizer.ts'

/** A byte-level BPE tokenizer in the layout of `tokenizer.json`, as far as it is used here. */
export interface BytePairTokenizerJson {
  readonly version: '1.0'
  readonly added_tokens: readonly never[]
  readonly normalizer: null
  readonly pre_tokenizer: {
    readonly type: 'ByteLevel'
    readonly add_prefix_space: false
    readonly trim_offsets: true
    readonly use_regex: true
  }
  readonly post_processor: null
  readonly decoder: { readonly type: 'ByteLevel' }
  readonly model: {
    readonly type: 'BPE'
    readonly vocab: Readonly<Record<string, number>>
    readonly merges: readonly (readonly [string, string])[]
  }
}

/** How GPT-2 cuts text into pieces; no merge crosses from one to the next. */
const pieces = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu

/**
 * Learns byte pairs (Sennrich et al. 2016) from texts: from single bytes, the most frequent pair of neighbours becomes a token
 * until there are `size` ids or no pair occurs twice. Equally frequent pairs: first in order of code units. Any text can be encoded, also
 * with bytes that the sample does not have.
 *
 * Padding, start and end have ids but are no added tokens: a text that spells them out encodes to ordinary tokens.
 *
 * @param options size: most token ids, at least 259
 */
export function trainBytePairs(texts: Iterable<string>, options: { readonly size: number }): BytePairTokenizerJson {
  const { size } = options
  assertInteger(size, 'size', 1)
  const smallest = specialTokenCount + byteCharacters.length
  if (size < smallest) {
    throw new GuerdonError(
      'invalid_option',
      `expected room for ${smallest} single bytes and special tokens; got ${size}`,
      {
        path: ['size'],
      },
    )
  }
  const words = countPieces(texts)
  const names = [...Object.keys(specialTokens).map(name => `<${name}>`), ...byteCharacters]
  const merges: [string, string][] = []
  while (names.length < size) {
    const pair = mostFrequentPair(words)
    if (!pair) break
    merges.push(pair)
    names.push(pair.join(''))
    for (const word of words) merge(word.parts, pair)
  }
  return {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: Object.fromEntries(names.map((name, id) => [name, id])), merges },
  }
}

interface Piece {
  readonly parts: string[]
  readonly count: number
}

function countPieces(texts: Iterable<string>): Piece[] {
  const counts = new Map<string, number>()
  for (const text of texts) {
    for (const [piece] of text.matchAll(pieces)) counts.set(piece, (counts.get(piece) ?? 0) + 1)
  }
  const encoder = new TextEncoder()
  return [...counts].map(([piece, count]) => ({
    parts: Array.from(encoder.encode(piece), byte => byteCharacters[byte]),
    count,
  }))
}

function mostFrequentPair(words: readonly Piece[]): [string, string] | undefined {
  // byte characters are never blank, so a blank keeps the two apart
  const counts = new Map<string, number>()
  for (const { parts, count } of words) {
    for (let i = 0; i + 1 < parts.length; i++) {
      const pair = `${parts[i]} ${parts[i + 1]}`
      counts.set(pair, (counts.get(pair) ?? 0) + count)
    }
  }
  let best: string | undefined
  let most = 1
  for (const [pair, count] of counts) {
    if (count < most || count < 2 || (count === most && best !== undefined && pair > best)) continue
    best = pair
    most = count
  }
  return best?.split(' ') as [string, string] | undefined
}

/** Joins every occurrence of the pair, from the left. */
function merge(parts: string[], [first, second]: readonly [string, string]): void {
  let to = 0
  for (let from = 0; from < parts.length; from++) {
    const joined = parts[from] === first && parts[from + 1] === second
    parts[to++] = joined ? first + second : parts[from]
    if (joined) from++
  }
  parts.length = to
}
