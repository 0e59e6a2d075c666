import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import * as core from './index.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const AsyncFunction = (async () => undefined).constructor as new (
  ...parts: string[]
) => (...args: unknown[]) => Promise<void>

/** Runs a block and gives back, for each line that logs, what the comment behind it says and what was printed. */
async function run(block: string): Promise<[string, string][]> {
  const promised = [...block.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(match => match[1])
  const printed: string[] = []
  const code = block.replace(/^import (\{.*\}) from '@guerdon\/core'$/m, 'const $1 = core')
  await new AsyncFunction('core', 'console', code)(core, {
    log: (value: unknown) => {
      printed.push(typeof value === 'string' ? value : JSON.stringify(value))
    },
  })
  return promised.map((promise, i) => [promise, printed[i]])
}

it('prints what the README says', async () => {
  const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map(match => match[1])
  expect(blocks.length).toBeGreaterThan(0)
  for (const block of blocks) {
    for (const [promise, printed] of await run(block)) {
      if (/^[[{]|^(true|false)$/.test(promise)) expect(JSON.parse(printed)).toEqual(JSON.parse(promise))
    }
  }
})

it('names nothing that does not exist', () => {
  const table = readme.slice(readme.indexOf('## What is where'), readme.indexOf('## Rules'))
  const names = [...table.matchAll(/`(?:new )?([a-zA-Z]+)[`(]/g)].map(match => match[1])
  expect(names.length).toBeGreaterThan(20)
  for (const name of names) expect(Object.keys(core)).toContain(name)
})
