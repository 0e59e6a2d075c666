import { boxedContent } from '../../shared/boxed.ts'

/**
 * The short answer of a reasoning text: content of the *first* `\boxed{…}`, trimmed, to the end of the text when its braces
 * never close; null when there is none or it is blank. The verifier reads the last box instead.
 *
 * `compat: 'released'` gives the empty string for a box of white space only, as the released code does.
 */
export function firstBoxedAnswer(text: string, options: { readonly compat?: 'released' } = {}): string | null {
  const content = boxedContent(text, { which: 'first', unclosed: 'rest', trim: false })
  if (content === undefined || content === '') return null
  const answer = content.trim()
  return answer === '' && options.compat !== 'released' ? null : answer
}
