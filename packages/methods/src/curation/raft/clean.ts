/**
 * A response as LMFlow cleans it: cut at the next-turn marker `###Human` (the first non-empty piece; a marker at the very
 * start keeps what follows it), white space and then `#` stripped at both ends. Null when nothing but markers is there, where
 * the released code raises.
 */
export function cleanResponse(text: string): string | null {
  if (text === '') return text
  const piece = text.split('###Human').find(part => part !== '')
  return piece === undefined ? null : piece.trim().replace(/^#+|#+$/g, '')
}

/** True for a cleaned response not worth training on: none, fewer than two characters, or a `#` still in it. */
export function isDiscarded(cleaned: string | null): boolean {
  return cleaned === null || cleaned.includes('#') || isTooShort(cleaned)
}

/** True for a response of fewer than two characters. */
export function isTooShort(response: string): boolean {
  return Array.from(response).length < 2
}
