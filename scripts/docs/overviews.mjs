// The index of the method pages and the table in the README.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cell } from './option-table.mjs'

/** docs/methods/README.md. */
export function indexPage({ methods, families }) {
  const lines = [
    '# Methods',
    '',
    `${methods.length} methods in ${Object.keys(families).length} families. Generated from the registry.`,
    '',
  ]
  for (const [family, question] of Object.entries(families)) {
    const members = methods.filter(method => method.family === family)
    if (members.length === 0) continue
    lines.push(
      `## ${family}`,
      '',
      `*${question}*`,
      '',
      '| method | title | year | stages |',
      '| --- | --- | --- | --- |',
    )
    for (const method of members) {
      const stages = method.stages.map(stage => `\`${stage.name}\``).join(' ') || '—'
      lines.push(`| [${method.slug}](${method.slug}.md) | ${cell(method.title)} | ${method.year} | ${stages} |`)
    }
    lines.push('')
  }
  return lines.join('\n')
}

/** The table of the README: methods by family with the number of vectors each is held to. */
export function readmeTable({ methods, families, root }) {
  const vectors = join(root, 'packages', 'methods', 'golden', 'vectors')
  const lines = ['| family | methods |', '| --- | --- |']
  for (const [family, question] of Object.entries(families)) {
    const entries = methods
      .filter(method => method.family === family)
      .map(method => {
        const file = join(vectors, `${method.slug}.json`)
        const cases = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).cases.length : 0
        return `[${method.slug}](docs/methods/${method.slug}.md)${method.stages.length > 0 ? '' : '°'} ${cases}`
      })
    if (entries.length > 0) lines.push(`| **${family}**: ${question} | ${entries.join(' · ')} |`)
  }
  return [
    ...lines,
    '',
    'The number is how many reference vectors the method is held to; ° marks methods that offer no recipe stage.',
  ].join('\n')
}
