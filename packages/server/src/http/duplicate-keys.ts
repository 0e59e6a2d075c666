import type { ErrorPath } from '@guerdon/core'

/**
 * Where a JSON text names one key of an object twice, `undefined` when it does not. `value` is what `JSON.parse` made of the
 * text, which keeps the last of such entries without a word: it then has fewer keys than the text.
 *
 * Most bodies are settled by counting: a quote with a colon behind it ends a key or stands within a text, so a text has at
 * most that many keys. Only where the counts differ the text is read through.
 */
export function findDuplicateKey(text: string, value: unknown): ErrorPath | undefined {
  const keys = countKeys(value)
  return countQuotesBeforeColons(text) === keys ? undefined : readThrough(text)
}

function countQuotesBeforeColons(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) {
    let next = at + 1
    let code = text.charCodeAt(next)
    while (code === 32 || code === 10 || code === 13 || code === 9) code = text.charCodeAt(++next)
    if (code === 58) count++
  }
  return count
}

function countKeys(root: unknown): number {
  let count = 0
  const open = [root]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (Array.isArray(value)) {
      for (const member of value) if (typeof member === 'object' && member !== null) open.push(member)
    } else if (typeof value === 'object' && value !== null) {
      const object = value as Record<string, unknown>
      for (const key of Object.keys(object)) {
        count++
        const member = object[key]
        if (typeof member === 'object' && member !== null) open.push(member)
      }
    }
  }
  return count
}

interface Level {
  readonly keys: Set<string> | undefined
  key: string | number
}

/** Reads a text known to be JSON, keeping the keys of the objects that are open. */
function readThrough(text: string): ErrorPath | undefined {
  const open: Level[] = []
  for (let at = 0; at < text.length; at++) {
    const inside = open[open.length - 1]
    switch (text[at]) {
      case '{':
        open.push({ keys: new Set(), key: '' })
        break
      case '[':
        open.push({ keys: undefined, key: 0 })
        break
      case '}':
      case ']':
        open.pop()
        break
      case ',':
        if (typeof inside?.key === 'number') inside.key++
        break
      case '"': {
        const end = endOfString(text, at)
        if (inside?.keys !== undefined && isKey(text, end)) {
          const key = JSON.parse(text.slice(at, end)) as string
          inside.key = key
          if (inside.keys.has(key)) return open.map(level => level.key)
          inside.keys.add(key)
        }
        at = end - 1
      }
    }
  }
  return undefined
}

/** One past the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text[at - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return at + 1
  }
}

function isKey(text: string, end: number): boolean {
  let at = end
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++
  return text[at] === ':'
}
