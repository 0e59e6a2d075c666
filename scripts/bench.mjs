#!/usr/bin/env node
// Runs one benchmark: `npm run bench -- engine [options]`. Each benchmark is a folder of bench/ with a run.mjs, whose first
// comment is its help.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../bench/', import.meta.url))
const names = readdirSync(folder).filter(name => existsSync(`${folder}${name}/run.mjs`))
const [name, ...options] = process.argv.slice(2)

/** The lines of the comment a benchmark begins with. */
function help(name) {
  const source = readFileSync(`${folder}${name}/run.mjs`, 'utf8')
  const [, comment] = /^\/\*\*\n([\s\S]*?)\n \*\//.exec(source) ?? [undefined, ` * ${name} has no help.`]
  return comment.split('\n').map(line => line.replace(/^ \* ?/, ''))
}

const asksForHelp = word => word === '--help' || word === '-h'
if (asksForHelp(name)) {
  const lines = names.map(known => `  ${known.padEnd(10)} ${help(known)[0]}`)
  process.stdout.write(`npm run bench -- NAME [options]; NAME --help tells the options.\n\n${lines.join('\n')}\n`)
  process.exit(0)
}
if (!names.includes(name)) {
  const problem = name === undefined ? 'which benchmark?' : `no benchmark named "${name}".`
  process.stderr.write(`guerdon: ${problem} There are: ${names.join(', ')}. Example: npm run bench -- ${names[0]}\n`)
  process.exit(2)
}
if (options.some(asksForHelp)) {
  process.stdout.write(`${help(name).join('\n')}\n`)
  process.exit(0)
}
const { status } = spawnSync(process.execPath, [`${folder}${name}/run.mjs`, ...options], { stdio: 'inherit' })
process.exit(status ?? 1)
