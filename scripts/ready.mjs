#!/usr/bin/env node
// Makes a clone ready to run: installs packages when the lock file is newer than what is installed, and compiles when a
// source is newer than the last build. Both steps are skipped when there is nothing to do. `--quiet` prints only failures.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const quiet = process.argv.includes('--quiet')

function run(label, command, args) {
  if (!quiet) process.stderr.write(`guerdon: ${label}\n`)
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', quiet ? 'pipe' : 2, 'pipe'],
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (result.status === 0) return
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}\nguerdon: ${label} failed\n`)
  process.exit(result.status ?? 1)
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0
}

const installed = modified(`${root}/node_modules/.package-lock.json`)
if (installed < modified(`${root}/package-lock.json`)) {
  run('installing packages', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}
run('compiling', process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-b'])
