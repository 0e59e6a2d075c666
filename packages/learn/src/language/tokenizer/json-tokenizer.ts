import { describeValue, GuerdonError } from '@guerdon/core'
import { type TextTokenizer, textIds } from './tokenizer.ts'

/**
 * The tokenizer a `tokenizer.json` describes: one from `trainBytePairs`, or another whose first three ids are padding, start
 * and end. Encoding and decoding are those of `@huggingface/tokenizers`, which is loaded when it is asked for.
 *
 * @throws parse for an object that is no tokenizer
 */
export async function jsonTokenizer(json: object): Promise<TextTokenizer> {
  const vocab = (json as { model?: { vocab?: unknown } }).model?.vocab
  if (typeof vocab !== 'object' || vocab === null) {
    throw new GuerdonError('parse', `expected a tokenizer.json with model.vocab; got ${describeValue(vocab)}`, {
      path: ['model', 'vocab'],
    })
  }
  const { Tokenizer } = await import('@huggingface/tokenizers')
  const tokenizer = new Tokenizer(json, { clean_up_tokenization_spaces: false })
  const size = Object.keys(vocab).length
  return {
    size,
    encode: text => Int32Array.from(text === '' ? [] : tokenizer.encode(text, { add_special_tokens: false }).ids),
    decode: ids => {
      const text = textIds(ids, size)
      return text.length === 0 ? '' : tokenizer.decode(text, { clean_up_tokenization_spaces: false })
    },
  }
}
