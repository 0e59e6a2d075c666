// Turns doc comments into Markdown.

const listItem = /^\s*([-*]|\d+\.) /

/**
 * A doc comment as Markdown: stars removed, tags as list items, links as code, and lines set off by indentation (formulas,
 * as a rule) as code blocks, so that they keep their columns.
 */
export function commentMarkdown(comment) {
  const lines = comment
    .split('\n')
    .map(line => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
    .split('\n')
  return codeBlocks(lines)
    .join('\n')
    .replace(/\{@link (\w+)\}/g, (_, name) => `[\`${name}\`](#${name.toLowerCase()})`)
    .replace(/^@param (\S+) ?/gm, '- `$1`: ')
    .replace(/^@returns ?/gm, '- returns ')
    .replace(/^@throws ?/gm, '- throws ')
}

/** Puts runs of indented lines into fences, but for those that continue a list item or a tag. */
function codeBlocks(lines) {
  const result = []
  let inCode = false
  let inItem = false
  for (const line of lines) {
    const indented = /^ {2,}\S/.test(line)
    if (line !== '' && !indented) inItem = listItem.test(line) || line.startsWith('@')
    if (indented && !inItem && !inCode) {
      if (result.length > 0 && result.at(-1) !== '') result.push('')
      result.push('```text')
      inCode = true
    } else if (!indented && inCode) {
      result.push('```')
      if (line !== '') result.push('')
      inCode = false
    }
    result.push(inCode ? line.slice(2) : escapeTags(line))
  }
  if (inCode) result.push('```')
  return result
}

/** Text that looks like an HTML tag would vanish; in `code` it stays. */
function escapeTags(line) {
  return line.replace(/`[^`]*`|<(?=[a-z/!])/gi, match => (match === '<' ? '\\<' : match))
}
