/** How the content of a LaTeX `\boxed{…}` is read. */
export interface BoxedOptions {
  /** Which box counts when there are several. Default `last`. */
  readonly which?: 'first' | 'last'
  /** A box whose braces never close: nothing, or the rest of the text. Default `none`. */
  readonly unclosed?: 'none' | 'rest'
  /** Strip white space around the content. Default true. */
  readonly trim?: boolean
}

const opener = '\\boxed{'

/**
 * The content of a `\boxed{…}`, braces balanced; `undefined` when there is no box.
 * An empty box gives the empty string, so that callers can tell "no answer" from "an empty answer".
 */
export function boxedContent(text: string, options: BoxedOptions = {}): string | undefined {
  const { which = 'last', unclosed = 'none', trim = true } = options
  const start = which === 'first' ? text.indexOf(opener) : text.lastIndexOf(opener)
  if (start < 0) return undefined
  const from = start + opener.length
  const end = closingBrace(text, from - 1)
  if (end === undefined && unclosed === 'none') return undefined
  const content = text.slice(from, end ?? text.length)
  return trim ? content.trim() : content
}

/**
 * The answer as the MATH data set's scorer reads it (`last_boxed_only_string` and `remove_boxed`, kept by verl and its
 * forks); `undefined` when it finds none. It differs from `boxedContent` in three ways: `\boxed 5$` (a space instead of
 * braces) counts and wins over any braced box, the content is not trimmed, and a last `\fbox{…}` is located but refused.
 */
export function mathBoxedAnswer(text: string): string | undefined {
  const spaced = text.lastIndexOf('\\boxed ')
  if (spaced >= 0) return text.slice(spaced + '\\boxed '.length).split('$', 1)[0]
  const start = text.lastIndexOf('\\boxed')
  if (start < 0 || !text.startsWith(opener, start)) return undefined
  const end = closingBrace(text, start + opener.length - 1)
  return end === undefined ? undefined : text.slice(start + opener.length, end)
}

/** Position of the brace that closes the one at `open`, or `undefined`. */
function closingBrace(text: string, open: number): number | undefined {
  let depth = 0
  for (let i = open; i < text.length; i++) {
    if (text[i] === '{') depth++
    else if (text[i] === '}' && --depth === 0) return i
  }
  return undefined
}
