import { palette, picture, rectangle } from '../world/svg.ts'

/** One row of a card: what it is about, and what is to be read. */
export interface CardRow {
  readonly label: string
  readonly text: string
  /** Colour of the mark beside the label. Default plain. */
  readonly tone?: 'plain' | 'good' | 'bad' | 'agent'
}

const tones = { plain: palette.faint, good: palette.goal, bad: palette.warm, agent: palette.agent } as const
const lineLength = 58
const lineHeight = 18
const width = 560
const margin = 16
const labelWidth = 92

/** A state of a text world as a card: a title, then labelled rows whose text is broken where it is long. An SVG document. */
export function card(title: string, rows: readonly CardRow[]): string {
  const shapes: string[] = [text(margin, margin + 14, title, { bold: true })]
  let y = margin + 26
  for (const row of rows) {
    const lines = brokenLines(row.text)
    const height = lines.length * lineHeight
    shapes.push(rectangle(margin, y + 3, 3, height - 4, { fill: tones[row.tone ?? 'plain'] }))
    shapes.push(text(margin + 10, y + 14, row.label, { faint: true }))
    lines.forEach((line, i) => {
      shapes.push(text(margin + 10 + labelWidth, y + 14 + i * lineHeight, line))
    })
    y += height + 4
  }
  return picture(escaped(title), width, y + margin - 4, shapes)
}

/** Text as it may stand in an SVG document. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** A line of text of a picture, from its left end at the base line. */
export function text(x: number, y: number, content: string, paint: { bold?: boolean; faint?: boolean } = {}): string {
  const style = `font-family="monospace" font-size="12"${paint.bold ? ' font-weight="bold"' : ''}`
  return `<text x="${x}" y="${y}" ${style} fill="${palette.ink}"${paint.faint ? ' fill-opacity="0.6"' : ''}>${escaped(content)}</text>`
}

function brokenLines(content: string): string[] {
  const lines = ['']
  for (const word of content.split(/\s+/).filter(Boolean)) {
    const last = lines[lines.length - 1]
    if (last !== '' && last.length + 1 + word.length > lineLength) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}
