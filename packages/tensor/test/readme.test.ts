import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

test('the example of the README is the one that is run here, and it learns', async () => {
  expect(read('../README.md')).toContain(`\`\`\`ts\n${read('./readme-example.ts')}\`\`\``)
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('./readme-example.ts')
  const [message] = log.mock.calls[0]
  log.mockRestore()
  expect(message).toMatch(/^loss 0\.\d{4}$/)
  expect(Number(String(message).slice(5))).toBeLessThan(0.01)
})

test('the README names every dependency', () => {
  const { dependencies } = JSON.parse(read('../package.json'))
  for (const name of Object.keys(dependencies)) expect(read('../README.md')).toContain(`\n| \`${name}\` `)
})
