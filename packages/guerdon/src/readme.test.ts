import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

describe('README', () => {
  it('shows the example as it stands in the repository, and it runs', () => {
    const [, example] = /```js\n([\s\S]*?)```/.exec(readFileSync(`${root}README.md`, 'utf8')) ?? []
    expect(example).toBe(readFileSync(`${root}examples/quick-start.mjs`, 'utf8'))
    const output = execFileSync(process.execPath, [`${root}examples/quick-start.mjs`], { encoding: 'utf8' })
    expect(output).toMatch(/grpo\.trl rollout\.advantage/)
  })
})
