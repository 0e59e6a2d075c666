import type { Span } from './spans.ts'

/**
 * Splits a response into reasoning steps at blank lines: the text is trimmed and cut at every `"\n\n"`, pieces are trimmed
 * and empty ones dropped. A text without any piece is its own single step (the empty string for a blank text).
 */
export function splitParagraphs(text: string): string[] {
  const pieces = text
    .trim()
    .split('\n\n')
    .map(piece => piece.trim())
    .filter(piece => piece !== '')
  return pieces.length > 0 ? pieces : [text.trim()]
}

/** Spans [start, end) in UTF-16 positions of the steps `splitParagraphs` finds; a blank text has none. */
export function paragraphSpans(text: string): Span[] {
  const spans: Span[] = []
  let from = 0
  for (const piece of splitParagraphs(text)) {
    if (piece === '') continue
    const start = text.indexOf(piece, from)
    from = start + piece.length
    spans.push([start, from])
  }
  return spans
}

/**
 * Spans of steps written with markers such as `<step 1>`: a step runs from its marker to the next one, or to the end of
 * the text without trailing white space. Text before the first marker belongs to no step. Without any marker the steps are
 * the paragraphs.
 */
export function markedStepSpans(text: string): Span[] {
  const starts = Array.from(text.matchAll(/<step\s+\d+>/gi), match => match.index)
  if (starts.length === 0) return paragraphSpans(text)
  const end = text.trimEnd().length
  return starts.map((start, i) => [start, starts[i + 1] ?? end])
}
