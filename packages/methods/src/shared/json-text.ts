/** What came of reading JSON from text a model wrote. */
export type JsonResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: string }

/** A JSON object: neither null nor a list. */
export type JsonObject = Readonly<Record<string, unknown>>

/** True for a plain JSON object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Options of `parseJson`. */
export interface ParseJsonOptions {
  /** Also read the bare words NaN, Infinity and -Infinity as numbers, as Python's parser does. Default false. */
  readonly nonFinite?: boolean
}

/** Parses text that must be JSON and nothing else (white space around it allowed). Never throws. */
export function parseJson(text: string, options: ParseJsonOptions = {}): JsonResult {
  try {
    return { ok: true, value: options.nonFinite ? parseWithNonFinite(text) : JSON.parse(text) }
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : 'not JSON' }
  }
}

const stringOrNonFinite = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/gs

/** Words outside strings become texts that stand nowhere else in the document, and are numbers again afterwards. */
function parseWithNonFinite(text: string): unknown {
  let mark = 'number:'
  while (text.includes(mark)) mark += ':'
  let found = false
  const marked = text.replace(stringOrNonFinite, match => {
    if (match.startsWith('"')) return match
    found = true
    return `"${mark}${match}"`
  })
  if (!found) return JSON.parse(text)
  const restore = (_key: string, value: unknown): unknown =>
    typeof value === 'string' && value.startsWith(mark) ? Number(value.slice(mark.length)) : value
  return JSON.parse(marked, restore)
}

/**
 * Removes a Markdown code fence: a leading line of three backticks (with or without a language) and everything from the
 * next three backticks on. Text without a leading fence comes back trimmed and otherwise unchanged.
 */
export function stripCodeFence(text: string): string {
  const trimmed = text.trim()
  const opening = /^```[A-Za-z0-9_-]*[^\S\n]*(?:\n|$)/.exec(trimmed)
  if (!opening) return trimmed
  const rest = trimmed.slice(opening[0].length)
  const closing = rest.indexOf('```')
  return (closing === -1 ? rest : rest.slice(0, closing)).trim()
}

/**
 * Finds JSON inside prose: the whole text if it parses, else the content of a code fence, else the first balanced `{…}`
 * or `[…]` that parses. Braces inside strings do not count. Gives up after 200 brackets that lead nowhere, so hostile
 * text costs no more than 200 passes.
 *
 * @param options.opening restrict what may be found: an object, a list, or either. Default `either`.
 */
export function extractJson(
  text: string,
  options: { readonly opening?: 'object' | 'list' | 'either' } = {},
): JsonResult {
  const { opening = 'either' } = options
  const wanted = (value: unknown): boolean =>
    opening === 'either' || (opening === 'list' ? Array.isArray(value) : isJsonObject(value))
  for (const candidate of [text, stripCodeFence(text)]) {
    const whole = parseJson(candidate)
    if (whole.ok && wanted(whole.value)) return whole
  }
  const starts = opening === 'object' ? '{' : opening === 'list' ? '[' : '{['
  let attempts = 0
  for (let position = 0; position < text.length && attempts < maximumAttempts; position++) {
    if (!starts.includes(text[position])) continue
    attempts++
    const end = balancedEnd(text, position)
    const found = end === -1 ? undefined : parseJson(text.slice(position, end))
    if (found?.ok) return found
  }
  return { ok: false, problem: `no JSON ${opening === 'either' ? 'object or list' : opening} in the text` }
}

const maximumAttempts = 200

/** One past the bracket that closes the one at `start`, or −1. */
function balancedEnd(text: string, start: number): number {
  let depth = 0
  let inString = false
  for (let i = start; i < text.length; i++) {
    const character = text[i]
    if (inString) {
      if (character === '\\') i++
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') {
      if (--depth === 0) return i + 1
    }
  }
  return -1
}

/**
 * Deep equality of JSON values: key order does not matter, list order does, `1` and `true` differ, NaN equals nothing.
 */
export function jsonEqual(first: unknown, second: unknown): boolean {
  if (first === second) return true
  if (Array.isArray(first) || Array.isArray(second)) {
    if (!Array.isArray(first) || !Array.isArray(second) || first.length !== second.length) return false
    return first.every((entry, i) => jsonEqual(entry, second[i]))
  }
  if (!isJsonObject(first) || !isJsonObject(second)) return false
  const keys = Object.keys(first)
  if (keys.length !== Object.keys(second).length) return false
  return keys.every(key => Object.hasOwn(second, key) && jsonEqual(first[key], second[key]))
}
