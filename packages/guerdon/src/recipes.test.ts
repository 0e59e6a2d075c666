import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bindStage, parseRecipe } from '@guerdon/core'
import { methodStages, methods } from '@guerdon/methods'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { ScoreSummary } from './score/summary.ts'
import { runMain } from './testing/run-main.ts'

const recipes = fileURLToPath(new URL('../../../examples/recipes/', import.meta.url))
const names = readdirSync(recipes).filter(name => name.endsWith('.yaml'))

/** Items of the final column that fail because the example shows what becomes of a failure. */
const failures: Readonly<Record<string, number>> = {
  barfi: 1,
  'baselines-qd-diffusion': 1,
  capo: 20,
  harmo: 1,
  laser: 1,
  'mobile-r1': 1,
  par: 1,
  polar: 1,
  ppr: 13,
  prof: 1,
  raft: 1,
  'research-idea': 1,
  'self-consuming': 1,
  spark: 1,
  'srm-mcts': 2,
  stax: 1,
  'taxons-serene': 1,
  text2reward: 3,
  'tp-grpo': 2,
}

const score = (recipe: string) => runMain(['score', '-r', recipe, '--json'])

describe.each(names)('the example %s', name => {
  const file = join(recipes, name)
  const plain = parse(readFileSync(file, 'utf8')) as { name: string; about: string; rollouts: string; steps: unknown[] }

  it('is named after its file, says what it does and names rollouts that exist', () => {
    expect(plain.name).toBe(basename(name, '.yaml'))
    expect(plain.about).toMatch(/\S/)
    expect(existsSync(resolve(dirname(file), plain.rollouts))).toBe(true)
  })
  it('scores them, and nothing fails that is not meant to', async () => {
    const { code, out, err } = await score(file)
    expect(err).toBe('')
    expect(code).toBe(0)
    const { rollouts, final } = JSON.parse(out) as ScoreSummary
    expect(rollouts).toBeGreaterThan(0)
    expect(final.scored).toBeGreaterThan(0)
    expect(final.failed).toBe(failures[plain.name] ?? 0)
  })
})

describe('methods', () => {
  it.each(methods.filter(method => method.stages.length > 0).map(method => [method.slug, method] as const))(
    '%s has an example that uses one of its stages',
    (slug, method) => {
      const plain = parse(readFileSync(join(recipes, `${slug}.yaml`), 'utf8')) as {
        steps: (string | { use: string })[]
      }
      const used = plain.steps.map(step => (typeof step === 'string' ? step : step.use))
      expect(used.filter(stage => method.stages.some(({ name }) => name === stage))).not.toEqual([])
    },
  )
  it.each(methodStages.map(stage => [stage.name, stage] as const))('%s says which column it misses', (name, stage) => {
    const needed = bindStage(stage).reads.filter(column => column.optional !== true)
    for (const missing of needed) {
      const available = needed.filter(column => column !== missing)
      const build = () => parseRecipe({ steps: [name] }, { stages: methodStages, available })
      expect(build).toThrow(`expected column ${missing.name} (`)
      expect(build).toThrow(`stage "${name}"`)
    }
  })
})
