#!/usr/bin/env node
/** `npm run golden -- [--json] FILE...`: evaluates golden vectors against the methods and prints `passed/total` per file. */
import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { loadAdapters } from './adapters/index.ts'
import { evaluateCase, parseGolden } from './evaluate.ts'

const usage = `usage: npm run golden -- [--json] [--verbose] FILE...

Evaluates each case {method, function, input, expected, atol, rtol} of the files and prints passed/total per file.
  --json      one line per case: file, name, function, ok, actual, error
  --verbose   also name every failing case and where it differs
Exit code: 0 when every case passes, 1 when one fails, 2 for a usage or file error.`

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json')
  const verbose = args.includes('--verbose')
  const files = args.filter(arg => !arg.startsWith('--'))
  if (args.includes('--help')) {
    console.log(usage)
    return 0
  }
  const unknown = args.find(arg => arg.startsWith('--') && !['--json', '--verbose'].includes(arg))
  if (unknown || files.length === 0) {
    console.error(unknown ? `unknown option ${unknown}\n${usage}` : usage)
    return 2
  }
  let exitCode = 0
  for (const file of files) {
    let content: ReturnType<typeof parseGolden>
    try {
      content = parseGolden(JSON.parse(readFileSync(resolve(process.env['INIT_CWD'] ?? '.', file), 'utf8')))
    } catch (error) {
      console.error(`${file}: ${error instanceof Error ? error.message : error}`)
      exitCode = 2
      continue
    }
    const method = content.method ?? basename(file, '.json')
    let passed = 0
    for (const given of content.cases) {
      const result = await evaluateCase(given, method, loadAdapters)
      if (result.ok) passed++
      else if (exitCode === 0) exitCode = 1
      if (json) console.log(JSON.stringify({ file, ...result }))
      else if (verbose && !result.ok) console.log(`  ${result.function} / ${result.name}: ${result.error}`)
    }
    if (!json) console.log(`${passed === content.cases.length ? '✓' : '✗'} ${file} ${passed}/${content.cases.length}`)
  }
  return exitCode
}

process.exitCode = await main(process.argv.slice(2))
