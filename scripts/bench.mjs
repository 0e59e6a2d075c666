#!/usr/bin/env node
// Runs one benchmark: `npm run bench -- engine [options]`. Each benchmark is a folder of bench/ with a run.mjs.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../bench/', import.meta.url))
const names = readdirSync(folder).filter(name => existsSync(`${folder}${name}/run.mjs`))
const [name, ...options] = process.argv.slice(2)

if (!names.includes(name)) {
  const problem = name === undefined ? 'which benchmark?' : `no benchmark named "${name}".`
  process.stderr.write(`guerdon: ${problem} There are: ${names.join(', ')}. Example: npm run bench -- ${names[0]}\n`)
  process.exit(2)
}
const { status } = spawnSync(process.execPath, [`${folder}${name}/run.mjs`, ...options], { stdio: 'inherit' })
process.exit(status ?? 1)
