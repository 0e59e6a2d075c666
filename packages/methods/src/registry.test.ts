import { readdirSync } from 'node:fs'
import { bindStage, type ColumnName, GuerdonError } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { type Family, families, type MethodDefinition } from './method.ts'
import { findMethod, findStage, methodStages, methods } from './registry.ts'

/** Every method by family: 59 papers and 4 collections of baselines. */
const catalogue: Readonly<Record<Family, string>> = {
  credit: 'spa g-ra oprl igpo salt portool empg epo meow-tea-taro baselines-advantage',
  process: 'prof tp-grpo capo ppr co-reward spark laser srm-mcts',
  rules: 'toolrl shop-r1 craft-gui mobile-r1 vision-r1 harmo semantic-reward research-idea promptenhancer',
  shaping: 'par rm-ensembles',
  models: 'polar base-reward rlhf-secrets-2 vpl gcrm rm-topology baselines-reward-model',
  judges: 'br-rm reward-dance fg-rlhf fgaif',
  curation: 'skywork-v2 raft self-consuming',
  generated: 'text2reward calm oni',
  search: 'moose-chem2',
  control:
    'barfi reward-design-thesis lipschitz-gail effective-reward-spec perceptual-rewards lucy-skg xland envs-and-baselines-rl',
  exploration: 'stax taxons-serene baselines-qd-diffusion',
  diffusion: 'fk-steering instruct-video r0 b2-diffurl d3po',
}
const slugsOf = (family: Family) => catalogue[family].split(' ')
const allSlugs = (Object.keys(catalogue) as Family[]).flatMap(slugsOf).sort()
const stageColumn = /^(group|rollout|turn|token)\.[a-zA-Z][a-zA-Z0-9]*$/

const golden = new URL('../golden/', import.meta.url)
const namesIn = (folder: string, suffix: string) =>
  readdirSync(new URL(folder, golden))
    .filter(name => name.endsWith(suffix) && name !== 'index.ts')
    .map(name => name.slice(0, -suffix.length))
    .sort()

function hintOf(find: () => unknown): string | undefined {
  try {
    find()
  } catch (error) {
    if (error instanceof GuerdonError) return `${error.code} ${error.hint}`
  }
  return undefined
}

describe('registry', () => {
  it('holds every method of the catalogue once, each in its family', () => {
    expect(allSlugs).toHaveLength(63)
    expect(methods.map(method => method.slug).sort()).toEqual(allSlugs)
    for (const family of Object.keys(families) as Family[]) {
      const members = methods.filter(method => method.family === family).map(method => method.slug)
      expect(members.sort()).toEqual(slugsOf(family).sort())
    }
  })
  it('finds methods and stages by name, and suggests the nearest', () => {
    for (const method of methods) expect(findMethod(method.slug)).toBe(method)
    for (const stage of methodStages) expect(findStage(stage.name)).toBe(stage)
    expect(hintOf(() => findMethod('protool'))).toMatch(/did you mean "portool"/)
    expect(hintOf(() => findStage('grpo.tlr'))).toMatch(/did you mean "grpo\.trl"/)
  })
  it('gives every stage a name of its own', () => {
    const names = methodStages.map(stage => stage.name)
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  })
  it('has reference vectors and adapters for every method, and for nothing else', () => {
    expect(namesIn('vectors/', '.json')).toEqual(allSlugs)
    expect(namesIn('adapters/', '.ts')).toEqual(allSlugs)
  })
})

describe.each(methods.map(method => [method.slug, method] as const))('%s', (slug, method) => {
  it('lives where its family and slug say', async () => {
    const module = (await import(`./${method.family}/${slug}.ts`)) as Record<string, unknown>
    expect(Object.values(module)).toContain(method)
  })
  it('is described in full', () => {
    for (const text of [method.title, method.paper, method.summary]) expect(text.trim()).not.toBe('')
    expect(method.summary).toMatch(/\.$/)
    expect(method.year).toBeGreaterThan(1990)
    expect(method.consumes.length).toBeGreaterThan(0)
    expect(method.produces.length).toBeGreaterThan(0)
    for (const related of method.related ?? []) expect(allSlugs).toContain(related)
  })
  it('has options that all have defaults', () => {
    expect(method.options.safeParse({}).error?.message).toBeUndefined()
  })
  it('makes a claim that an experiment can be held against', () => {
    const { statement, metric, direction, size, seeds, setting } = method.claim
    for (const text of [statement, metric, setting]) expect(text.trim()).not.toBe('')
    expect(['higher', 'lower']).toContain(direction)
    expect(Number.isFinite(size)).toBe(true)
    expect(Number.isInteger(seeds) && seeds > 0).toBe(true)
  })
  it('offers stages named after it, or says why it has none', () => {
    if (method.stages.length === 0) expect(method.withoutStage).toMatch(/\S/)
    else expect(method.withoutStage).toBeUndefined()
    for (const stage of method.stages) if (!ownsItsNames(method)) expect(stage.name.startsWith(slug)).toBe(true)
  })
  it('binds its stages with their defaults, and every column says what it holds', () => {
    for (const stage of method.stages) {
      const { reads, writes } = bindStage(stage)
      expect(stage.about.trim()).not.toBe('')
      expect(writes.length).toBeGreaterThan(0)
      for (const { name, about } of [...reads, ...writes] as { name: ColumnName; about?: string }[]) {
        expect(name).toMatch(stageColumn)
        expect(about?.trim(), `${stage.name} ${name}`).toBeTruthy()
      }
    }
  })
})

/** Collections of baselines name each stage after the estimator, and `estimator.trainer` for a trainer's dialect. */
function ownsItsNames(method: MethodDefinition): boolean {
  return method.slug === 'baselines-advantage'
}
