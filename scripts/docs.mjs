#!/usr/bin/env node
// Generates what is derived: a page for each method under docs/methods, their index, and the table in the README.
// `--check` writes nothing and fails when a file is not what it would write, or a public name has no doc comment.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { families, methods } from '../packages/methods/dist/index.js'
import { formatted } from './docs/format.mjs'
import { leaderboard } from './docs/leaderboard.mjs'
import { methodPage, namesOf } from './docs/method-page.mjs'
import { indexPage, readmeTable } from './docs/overviews.mjs'
import { scoreboard } from './docs/scoreboard.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const check = process.argv.includes('--check')
const context = { root, families, methods, slugs: methods.map(method => method.slug) }

/** The README with what stands between its two markers replaced. */
function withPart(text, name, part) {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const [before, after] = [text.split(start)[0], text.split(end)[1]]
  if (after === undefined) throw new Error(`README.md needs the lines ${start} and ${end}`)
  return `${before}${start}\n\n${part}\n\n${end}${after}`
}

function readme() {
  const parts = [
    ['methods', readmeTable(context)],
    ['scoreboard', scoreboard(context)],
    ['arena-credit', leaderboard(context, 'credit')],
  ]
  return parts.reduce((text, [name, part]) => withPart(text, name, part), readFileSync(join(root, 'README.md'), 'utf8'))
}

const wanted = formatted(
  new Map([
    ...methods.map(method => [`docs/methods/${method.slug}.md`, methodPage(method, context)]),
    ['docs/methods/README.md', indexPage(context)],
    ['README.md', readme()],
  ]),
  root,
)
const stale = [...wanted].filter(([path, content]) => {
  const file = join(root, path)
  return !existsSync(file) || readFileSync(file, 'utf8') !== content
})
const pages = join(root, 'docs', 'methods')
const leftOver = (existsSync(pages) ? readdirSync(pages) : [])
  .map(name => `docs/methods/${name}`)
  .filter(path => !wanted.has(path))
const undocumented = methods.flatMap(method =>
  namesOf(method, root)
    .filter(({ comment }) => comment === '')
    .map(({ name }) => `${name} of ${method.slug}`),
)

if (!check) {
  for (const [path, content] of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  for (const path of leftOver) rmSync(join(root, path))
  console.log(`${stale.length} files written, ${leftOver.length} removed`)
}
const list = lines => lines.map(line => `  ${line}`).join('\n')
if (undocumented.length > 0) console.error(`public names without a doc comment:\n${list(undocumented)}`)
if (check) {
  const changed = [...stale.map(([path]) => path), ...leftOver]
  if (changed.length > 0) console.error(`not current, run \`npm run docs\`:\n${list(changed)}`)
  if (changed.length + undocumented.length > 0) process.exitCode = 1
  else console.log('documentation is current')
}
