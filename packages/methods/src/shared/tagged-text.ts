/** One `<tag>…</tag>` found in text. */
export interface TagBlock {
  readonly tag: string
  /** What stands between the tags, untrimmed. */
  readonly body: string
  /** UTF-16 positions of the whole block, tags included: `[start, end)`. */
  readonly start: number
  readonly end: number
}

/** What came of checking text against a sequence of tags. */
export type TaggedResult =
  | { readonly ok: true; readonly bodies: readonly string[] }
  | { readonly ok: false; readonly problem: string }

/** What a strict template demands beyond the order of its tags. */
export interface TaggedTemplateOptions {
  /** Bodies of nothing but white space are refused for these tags. Default: every tag of the template. */
  readonly nonEmpty?: readonly string[]
}

/**
 * Reads text that must be exactly the blocks `<t₁>…</t₁> <t₂>…</t₂> …` in this order: each tag opened and closed once
 * in the whole text, only white space before, between and after the blocks, no empty body (unless allowed). Tags are
 * case-sensitive and carry no attributes. Linear in the text.
 *
 * @returns the bodies, trimmed, in the order of `tags`; or the first thing that is wrong
 */
export function readTagged(text: string, tags: readonly string[], options: TaggedTemplateOptions = {}): TaggedResult {
  const { nonEmpty = tags } = options
  const bodies: string[] = []
  let position = 0
  for (const tag of tags) {
    const [open, close] = [`<${tag}>`, `</${tag}>`]
    for (const mark of [open, close]) {
      const times = countOf(text, mark)
      if (times !== 1) return { ok: false, problem: `expected ${mark} once; found it ${times} times` }
    }
    const start = text.indexOf(open)
    const end = text.indexOf(close)
    if (end < start) return { ok: false, problem: `expected ${open} before ${close}` }
    if (start < position) return { ok: false, problem: `expected <${tag}> after the blocks before it` }
    if (text.slice(position, start).trim() !== '')
      return { ok: false, problem: `expected only white space before <${tag}>` }
    const body = text.slice(start + open.length, end).trim()
    if (body === '' && nonEmpty.includes(tag)) return { ok: false, problem: `expected <${tag}> to have content` }
    bodies.push(body)
    position = end + close.length
  }
  if (text.slice(position).trim() !== '') return { ok: false, problem: 'expected nothing after the last block' }
  return { ok: true, bodies }
}

/** Every `<tag>…</tag>` from left to right, each closed by the nearest closing tag. Unclosed tags are no block. */
export function findBlocks(text: string, tag: string): TagBlock[] {
  const [open, close] = [`<${tag}>`, `</${tag}>`]
  const blocks: TagBlock[] = []
  let start = text.indexOf(open)
  while (start !== -1) {
    const bodyStart = start + open.length
    const bodyEnd = text.indexOf(close, bodyStart)
    if (bodyEnd === -1) break
    const end = bodyEnd + close.length
    blocks.push({ tag, body: text.slice(bodyStart, bodyEnd), start, end })
    start = text.indexOf(open, end)
  }
  return blocks
}

/** The first block of a tag, if there is one. */
export function firstBlock(text: string, tag: string): TagBlock | undefined {
  const start = text.indexOf(`<${tag}>`)
  const bodyStart = start + tag.length + 2
  const bodyEnd = start === -1 ? -1 : text.indexOf(`</${tag}>`, bodyStart)
  if (bodyEnd === -1) return undefined
  return { tag, body: text.slice(bodyStart, bodyEnd), start, end: bodyEnd + tag.length + 3 }
}

/** The last block of a tag, if there is one. */
export function lastBlock(text: string, tag: string): TagBlock | undefined {
  return findBlocks(text, tag).at(-1)
}

/** The text without the blocks of a tag. */
export function removeBlocks(text: string, tag: string): string {
  let kept = ''
  let position = 0
  for (const block of findBlocks(text, tag)) {
    kept += text.slice(position, block.start)
    position = block.end
  }
  return kept + text.slice(position)
}

/** How often `part` occurs, without overlaps. */
export function countOf(text: string, part: string): number {
  let count = 0
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) count++
  return count
}
