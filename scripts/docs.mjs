#!/usr/bin/env node
// Generates what is derived: a page for each method under docs/methods, their index, and the table in the README.
// `--check` writes nothing and fails when a file is not what it would write.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toJSONSchema } from 'zod'
import { families, methods } from '../packages/methods/dist/index.js'
import { publicNames } from './docs/declarations.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const check = process.argv.includes('--check')
const stale = []

function put(file, content) {
  const current = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  if (current === content) return
  stale.push(relative(root, file))
  if (check) return
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}

function cell(text) {
  return String(text).replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function optionRows(schema) {
  const json = toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return Object.entries(json.properties ?? {}).map(([name, property]) => {
    const type = property.enum ? property.enum.map(value => `\`${value}\``).join(', ') : typeName(property)
    const value = property.default === undefined ? '' : `\`${JSON.stringify(property.default)}\``
    return `| \`${name}\` | ${cell(type)} | ${cell(value)} | ${cell(property.description ?? '')} |`
  })
}

function typeName(property) {
  const kinds = property.anyOf?.map(typeName) ?? [
    property.const === undefined ? (property.type ?? 'any') : JSON.stringify(property.const),
  ]
  if (property.type === 'array' && property.items) return `list of ${typeName(property.items)}`
  return [...new Set(kinds.flat())].join(' or ')
}

function stageSection(method) {
  if (method.stages.length === 0) {
    return ['## In a recipe', '', method.withoutStage ?? 'This method offers no stage.', '']
  }
  const lines = ['## In a recipe', '']
  for (const stage of method.stages) {
    const options = stage.options.parse({})
    lines.push(`### \`${stage.name}\``, '', stage.about, '', '| column | | what it holds |', '| --- | --- | --- |')
    for (const column of stage.reads(options)) {
      lines.push(`| \`${column.name}\` | reads${column.optional ? ', when there' : ''} | ${cell(column.about)} |`)
    }
    for (const column of stage.writes(options)) lines.push(`| \`${column.name}\` | writes | ${cell(column.about)} |`)
    const rows = optionRows(stage.options)
    if (rows.length > 0) lines.push('', '| option | type | default | meaning |', '| --- | --- | --- | --- |', ...rows)
    lines.push('')
  }
  const recipe = join(root, 'examples', 'recipes', `${method.slug}.yaml`)
  if (existsSync(recipe)) {
    lines.push('Example, ', `[examples/recipes/${method.slug}.yaml](../../examples/recipes/${method.slug}.yaml):`, '')
    lines.push('```yaml', readFileSync(recipe, 'utf8').trimEnd(), '```', '')
  }
  return lines
}

function methodPage(method) {
  const { claim } = method
  const module = join(root, 'packages', 'methods', 'dist', method.family, `${method.slug}.d.ts`)
  const lines = [
    `# ${method.slug} — ${method.title}`,
    '',
    `${method.summary}`,
    '',
    `*${method.paper}, ${method.year}.* Family [${method.family}](README.md#${method.family}): ${families[method.family]}.`,
    '',
    `Module: [\`@guerdon/methods/${method.family}/${method.slug}\`](../../packages/methods/src/${method.family}/${method.slug}.ts)`,
    '',
    '## What goes in and comes out',
    '',
    ...method.consumes.map(text => `- in: ${text}`),
    ...method.produces.map(text => `- out: ${text}`),
    '',
  ]
  const rows = optionRows(method.options)
  if (rows.length > 0)
    lines.push('## Options', '', '| option | type | default | meaning |', '| --- | --- | --- | --- |', ...rows, '')
  if (method.compat?.length)
    lines.push('## Where paper and released code part', '', ...method.compat.map(text => `- ${text}`), '')
  lines.push(...stageSection(method))
  lines.push('## Claim', '', claim.statement, '')
  lines.push(`- measured by: ${claim.metric} (${claim.direction} is better), size ${claim.size}, ${claim.seeds} seeds`)
  if (claim.against.length > 0) lines.push(`- against: ${claim.against.join(', ')}`)
  lines.push(`- setting: ${claim.setting}`, '')
  lines.push('## Functions and types', '')
  for (const { name, signature, comment } of publicNames(module)) {
    lines.push(`### \`${name}\``, '', comment, '', '```ts', signature, '```', '')
  }
  if (method.related?.length)
    lines.push('## Related', '', method.related.map(slug => `[${slug}](${slug}.md)`).join(', '), '')
  return `${lines.join('\n').trimEnd()}\n`
}

function indexPage() {
  const lines = [
    '# Methods',
    '',
    `${methods.length} methods in ${Object.keys(families).length} families. Generated from the registry.`,
    '',
  ]
  for (const [family, question] of Object.entries(families)) {
    lines.push(
      `## ${family}`,
      '',
      `*${question}*`,
      '',
      '| method | title | year | stages |',
      '| --- | --- | --- | --- |',
    )
    for (const method of methods.filter(entry => entry.family === family)) {
      const stages = method.stages.map(stage => `\`${stage.name}\``).join(' ') || '—'
      lines.push(`| [${method.slug}](${method.slug}.md) | ${cell(method.title)} | ${method.year} | ${stages} |`)
    }
    lines.push('')
  }
  return `${lines.join('\n').trimEnd()}\n`
}

function readmeTable() {
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
    lines.push(`| **${family}**: ${question} | ${entries.join(' · ')} |`)
  }
  lines.push(
    '',
    'The number is how many reference vectors the method is held to; ° marks methods that train something and offer no recipe stage.',
  )
  return lines.join('\n')
}

const pages = join(root, 'docs', 'methods')
for (const method of methods) put(join(pages, `${method.slug}.md`), methodPage(method))
put(join(pages, 'README.md'), indexPage())
const wanted = new Set(['README.md', ...methods.map(method => `${method.slug}.md`)])
for (const file of existsSync(pages) ? readdirSync(pages) : []) {
  if (wanted.has(file)) continue
  stale.push(`docs/methods/${file}`)
  if (!check) rmSync(join(pages, file))
}

const readme = join(root, 'README.md')
const [start, end] = ['<!-- methods:start -->', '<!-- methods:end -->']
const text = readFileSync(readme, 'utf8')
const [before, after] = [text.split(start)[0], text.split(end)[1]]
if (after === undefined) throw new Error(`README.md needs the lines ${start} and ${end}`)
put(readme, `${before}${start}\n${readmeTable()}\n${end}${after}`)

if (check && stale.length > 0) {
  console.error(`not current, run \`npm run docs\`:\n${stale.map(file => `  ${file}`).join('\n')}`)
  process.exitCode = 1
} else console.log(check ? 'documentation is current' : `${stale.length} files written`)
