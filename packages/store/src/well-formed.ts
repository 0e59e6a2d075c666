const halfPairs = /\p{Surrogate}/gu

/** True unless half a surrogate pair stands in the text, which UTF-8 cannot hold. */
export function isWellFormed(text: string): boolean {
  return text.search(halfPairs) < 0
}

/** The text with the replacement character for every half of a surrogate pair. */
export function wellFormed(text: string): string {
  return isWellFormed(text) ? text : text.replace(halfPairs, '\ufffd')
}
