import { escapeHtml } from './charts.ts'

/** A legend entry. */
export interface LegendEntry {
  readonly label: string
  readonly colour: string
  readonly dashed?: boolean
}

/** A block of a report page. */
export type Section =
  | { readonly kind: 'text'; readonly title?: string; readonly paragraphs: readonly string[] }
  | { readonly kind: 'verdicts'; readonly title: string; readonly verdicts: readonly Verdict[] }
  | {
      readonly kind: 'charts'
      readonly title: string
      readonly note?: string
      readonly legend?: readonly LegendEntry[]
      readonly charts: readonly string[]
    }
  | {
      readonly kind: 'table'
      readonly title: string
      readonly note?: string
      readonly head: readonly string[]
      readonly rows: readonly (readonly string[])[]
    }

/** A judgement in words about one arm. */
export interface Verdict {
  readonly label: string
  readonly mood: 'good' | 'bad' | 'neutral'
  readonly text: string
}

export interface Page {
  readonly title: string
  readonly subtitle: string
  readonly sections: readonly Section[]
  readonly footer: string
}

const style = `
:root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --line: #d9d9e0; --paper: #fcfcfd; --good: #18794e; --bad: #ce2c31; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --soft: #b0b4ba; --line: #363a3f; --paper: #111113; --good: #3dd68c; --bad: #ff9592; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1010px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.subtitle, .note, footer { color: var(--soft); } footer { border-top: 1px solid var(--line); margin-top: 2.5rem; padding: 1rem 0; font-size: .85rem; }
.charts { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; } figcaption { font-weight: 600; font-size: .9rem; } svg { max-width: 100%; --plot-background: none; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0; font-size: .9rem; }
.legend span { display: inline-block; width: 1.8rem; border-top: 3px solid; vertical-align: middle; margin-right: .4rem; }
.verdicts { list-style: none; padding: 0; } .verdicts li { border-left: 4px solid var(--line); padding: .1rem .8rem; margin: .5rem 0; }
.verdicts .good { border-color: var(--good); } .verdicts .bad { border-color: var(--bad); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .25rem .8rem; border-bottom: 1px solid var(--line); text-align: right; } th:first-child, td:first-child { text-align: left; }`

/** The page as one self-contained HTML document: no scripts, no requests, light and dark. */
export function renderPage(page: Page): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title><style>${style}</style></head>
<body>
<h1>${escapeHtml(page.title)}</h1>
<p class="subtitle">${escapeHtml(page.subtitle)}</p>
${page.sections.map(renderSection).join('\n')}
<footer>${escapeHtml(page.footer)}</footer>
</body>
</html>
`
}

function renderSection(section: Section): string {
  const heading = section.title ? `<h2>${escapeHtml(section.title)}</h2>` : ''
  switch (section.kind) {
    case 'text':
      return `${heading}${section.paragraphs.map(text => `<p>${escapeHtml(text)}</p>`).join('')}`
    case 'verdicts':
      return `${heading}<ul class="verdicts">${section.verdicts
        .map(
          ({ label, mood, text }) =>
            `<li class="${mood}"><strong>${escapeHtml(label)}</strong> ${escapeHtml(text)}</li>`,
        )
        .join('')}</ul>`
    case 'charts':
      return `${heading}${renderNote(section.note)}${renderLegend(section.legend)}<div class="charts">${section.charts.join('')}</div>`
    case 'table': {
      const head = `<tr>${section.head.map(cell => `<th>${escapeHtml(cell)}</th>`).join('')}</tr>`
      const rows = section.rows.map(row => `<tr>${row.map(cell => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`)
      return `${heading}${renderNote(section.note)}<div class="scroll"><table>${head}${rows.join('')}</table></div>`
    }
  }
}

function renderNote(note: string | undefined): string {
  return note ? `<p class="note">${escapeHtml(note)}</p>` : ''
}

function renderLegend(legend: readonly LegendEntry[] | undefined): string {
  if (!legend) return ''
  const entries = legend.map(
    ({ label, colour, dashed }) =>
      `<li><span style="border-color:${colour};border-top-style:${dashed ? 'dashed' : 'solid'}"></span>${escapeHtml(label)}</li>`,
  )
  return `<ul class="legend">${entries.join('')}</ul>`
}
