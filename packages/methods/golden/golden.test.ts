import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadAdapters } from './adapters/index.ts'
import { evaluateCase, parseGolden } from './evaluate.ts'

const folder = new URL('./vectors/', import.meta.url)

for (const file of readdirSync(folder).filter(name => name.endsWith('.json'))) {
  const content = parseGolden(JSON.parse(readFileSync(new URL(file, folder), 'utf8')))
  const slug = content.method ?? file.replace('.json', '')
  describe(`golden ${slug}`, () => {
    it.each(content.cases.map(given => [`${given.function} ${given.name}`, given] as const))('%s', async (_, given) => {
      const result = await evaluateCase(given, slug, loadAdapters)
      expect(result.error).toBeNull()
    })
  })
}
