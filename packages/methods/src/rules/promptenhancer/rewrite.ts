import { findBlocks, firstBlock, removeBlocks } from '../../shared/tagged-text.ts'

/** A rewritten prompt and where it came from. */
export interface Rewrite {
  readonly text: string
  /** `answer`: the first answer block; `text`: what is left without the reasoning; `original`: the user's prompt. */
  readonly source: 'answer' | 'text' | 'original'
}

/**
 * The rewrite in a rewriter's output: the first `<answer>…</answer>`, trimmed; without one, the text without `<think>`
 * blocks; when that is empty, the original prompt. Single quotes are replaced in all three.
 *
 * By default an empty answer falls back to the original prompt and stray answer tags of an unclosed block are taken
 * off. `compat: 'released'` gives an empty prompt for the former and keeps the tags of the latter.
 *
 * Source: `predict` of the released PromptEnhancer code.
 */
export function extractRewrite(
  modelOutput: string,
  originalPrompt: string,
  options: { readonly compat?: 'released' | undefined } = {},
): Rewrite {
  const { compat } = options
  const answer = firstBlock(modelOutput, 'answer')?.body.trim()
  if (answer !== undefined && (answer !== '' || compat === 'released'))
    return { text: replaceSingleQuotes(answer), source: 'answer' }
  const original: Rewrite = { text: replaceSingleQuotes(originalPrompt), source: 'original' }
  if (answer === '') return original
  const rest = removeBlocks(modelOutput, 'think').trim()
  const text = compat === 'released' ? rest : rest.replace(/<\/?answer>/g, '').trim()
  return text === '' ? original : { text: replaceSingleQuotes(text), source: 'text' }
}

/**
 * Replaces quoting single quotes by double ones: `'…'` whose outer sides are no letters, digits or underscores of any
 * script becomes `"…"`, so an apostrophe stays; then ’ and ‘ become ” and “.
 *
 * Source: `replace_single_quotes` of the released code, with Python's Unicode-aware word boundary.
 */
export function replaceSingleQuotes(text: string): string {
  return text
    .replace(/(?<![\p{L}\p{N}_])'([^']*)'(?![\p{L}\p{N}_])/gu, '"$1"')
    .replaceAll('’', '”')
    .replaceAll('‘', '“')
}

/** Whether the output is one reasoning block and one answer, for the fallback rate of a log. */
export function hasAnswer(modelOutput: string): boolean {
  return findBlocks(modelOutput, 'answer').length === 1
}
