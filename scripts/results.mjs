#!/usr/bin/env node
// Publishes what `guerdon reproduce --budget full` and `guerdon arena --budget full` found: docs/results has an outcome a
// study, a page a claim, standings and a page an arena; the README's tables are made from them (`npm run docs`).
//   npm run results -- [folder of results, default runs/claims] [--keep]     --keep: leave published claims not found there
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  arenas,
  claimPage,
  claims,
  levels,
  loadReproduction,
  renderPage,
  studyFolder,
} from '../packages/lab/dist/index.js'
import { findMethod } from '../packages/methods/dist/index.js'

const [from = join('runs', 'claims')] = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
if (process.argv.includes('--help')) {
  console.log('npm run results -- [folder of results, default runs/claims] [--keep]')
  process.exit(0)
}
const folder = fileURLToPath(new URL('../docs/results', import.meta.url))
mkdirSync(folder, { recursive: true })
const written = new Set()
const write = (name, text) => {
  writeFileSync(join(folder, name), text)
  written.add(name)
}
for (const { slug, load } of claims) {
  const claim = await load()
  const found = levels.flatMap(level => loadReproduction(studyFolder(resolve(from), slug, level, 'full')) ?? [])
  if (found.length === 0) continue
  for (const { outcome } of found) write(`${slug}-${outcome.level}.json`, `${JSON.stringify(outcome, null, 2)}\n`)
  write(`${slug}.html`, renderPage(claimPage(claim, findMethod(slug), found)))
}
for (const { slug } of arenas) {
  for (const kind of ['json', 'html']) {
    const file = join(resolve(from), `arena-${slug}-full.${kind}`)
    if (existsSync(file)) write(`arena-${slug}.${kind}`, readFileSync(file, 'utf8'))
  }
}
if (!process.argv.includes('--keep')) {
  for (const name of readdirSync(folder)) if (!written.has(name) && name !== 'README.md') rmSync(join(folder, name))
}
console.log(`${written.size} files in docs/results; run \`npm run docs\` to bring the README up to date`)
