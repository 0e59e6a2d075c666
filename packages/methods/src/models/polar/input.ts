import { assertInteger } from '@guerdon/core'
import { firstBlock } from '../../shared/tagged-text.ts'

/** Text as tokens and back; what counts against the limits. */
export interface Tokenizer<T> {
  encode(text: string): readonly T[]
  decode(tokens: readonly T[]): string
}

/** One token for each UTF-16 unit: for limits in characters. */
export const characterTokenizer: Tokenizer<string> = {
  encode: text => text.split(''),
  decode: tokens => tokens.join(''),
}

/** Text, or the messages of a dialogue: their contents are joined by newlines and roles dropped. */
export type DialogueText = string | readonly { readonly content: string }[]

/** What POLAR scores: a candidate by its consistency with a reference, both answers to one prompt. */
export interface PolarItem {
  readonly prompt: DialogueText
  readonly reference: DialogueText
  readonly candidate: DialogueText
}

/** How the input of the reward model is put together and cut. */
export interface PolarInputOptions {
  /** `sft` puts a newline between prompt and answer, `pretrain` continues the prompt directly. Default `sft`. */
  readonly wrapper?: 'sft' | 'pretrain'
  /** Tokens of the whole input; four are kept for separators. Default 16384. */
  readonly maxLength?: number
  /** Tokens of one answer. Default 4096. */
  readonly maxResponseLength?: number
  /** End at which a long answer is cut. Default `right`. */
  readonly responseCutSide?: 'right' | 'left'
  /** `released`: a prompt budget of 0 keeps the whole prompt, a negative one a tail from the wrong side. Default null. */
  readonly compat?: 'released' | null
}

/**
 * The text POLAR scores: `prompt ⏎ reference <|reward|> prompt ⏎ candidate [UNUSED_TOKEN_130]`, the score being read at the
 * last token. The reference comes first: scores are not symmetric.
 *
 * Answers are cut to `maxResponseLength` first; then the prompt keeps its last ⌊(maxLength − 4 − |ref| − |cand|)/2⌋ tokens,
 * the same in both halves (none when the budget is 0 or less; see `compat`). The newline stands there for an empty answer
 * too. POLAR, arXiv 2507.05197; `reward_func.py` of InternLM/POLAR.
 */
export function polarInput<T>(item: PolarItem, tokenizer: Tokenizer<T>, options: PolarInputOptions = {}): string {
  const { wrapper = 'sft', maxLength = 16384, maxResponseLength = 4096, responseCutSide = 'right' } = options
  assertInteger(maxLength, 'maxLength', 1)
  assertInteger(maxResponseLength, 'maxResponseLength', 1)
  const cut = (text: DialogueText): readonly T[] => {
    const tokens = tokenizer.encode(joined(text))
    if (tokens.length <= maxResponseLength) return tokens
    return responseCutSide === 'right' ? tokens.slice(0, maxResponseLength) : tokens.slice(-maxResponseLength)
  }
  const reference = cut(item.reference)
  const candidate = cut(item.candidate)
  const budget = Math.floor((maxLength - 4 - reference.length - candidate.length) / 2)
  const whole = tokenizer.encode(joined(item.prompt))
  const kept = budget > 0 || options.compat === 'released' ? whole.slice(-budget) : []
  const prompt = tokenizer.decode(kept)
  const joint = wrapper === 'sft' ? '\n' : ''
  const half = (answer: readonly T[]) => `${prompt}${joint}${tokenizer.decode(answer)}`
  return `${half(reference)}<|reward|>${half(candidate)}[UNUSED_TOKEN_130]`
}

/**
 * An answer without its reasoning: everything before and inside the first `<think>…</think>` is dropped and both parts are
 * trimmed. Text without a closed block is an answer as it stands.
 */
export function splitThinking(text: string): { readonly thinking: string; readonly answer: string } {
  const block = firstBlock(text, 'think')
  if (block === undefined) return { thinking: '', answer: text }
  return { thinking: block.body.trim(), answer: text.slice(block.end).trim() }
}

function joined(text: DialogueText): string {
  return typeof text === 'string' ? text : text.map(message => message.content).join('\n')
}
