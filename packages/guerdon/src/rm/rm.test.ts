import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { main } from '../main.ts'
import { examplePreferences } from './fixtures/preferences.ts'

const folder = mkdtempSync(join(tmpdir(), 'guerdon-rm-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => join(folder, name)
const example = (name: string): string =>
  fileURLToPath(new URL(`../../../../examples/preferences/${name}.jsonl`, import.meta.url))

async function run(...argv: string[]) {
  let [out, err] = ['', '']
  async function* stdin() {}
  const code = await main(['rm', ...argv], {
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    stdin: stdin(),
    terminal: false,
  })
  return { code, out, err }
}

const small = ['--width', '8', '--layers', '1', '--heads', '2', '--batch', '8']

describe('the example files', () => {
  it.each(Object.entries(examplePreferences()))('%s is what its script makes', (name, text) => {
    if (process.env['GUERDON_RECORD'] === '1') writeFileSync(example(name), text)
    expect(readFileSync(example(name), 'utf8')).toBe(text)
  })
})

describe('guerdon rm', () => {
  it.each([
    ['explicit', 'bt', 'explicit', []],
    ['implicit', 'bt', 'implicit', []],
    ['hh-rlhf', 'goal', 'hh-rlhf', ['--kind', 'goal']],
    ['conversations', 'bt', 'explicit', ['--ensemble', '2', '--aggregate', 'min']],
    ['ultrafeedback', 'attributes', 'ultrafeedback', ['--kind', 'attributes']],
    ['ultrafeedback', 'contrastive', 'ultrafeedback', ['--kind', 'contrastive']],
    ['ultrafeedback-binarized', 'generative', 'ultrafeedback-binarized', ['--kind', 'generative']],
    ['openai', 'bt', 'openai', ['--label-smoothing', '0.1', '--centring', '0.01']],
    ['unpaired', 'regression', 'unpaired', []],
    ['stepwise', 'process', 'stepwise', []],
    ['prm800k', 'process', 'prm800k', []],
    ['rewardbench', 'bt', 'rewardbench', []],
    ['rewardbench-2', 'bt', 'rewardbench-2', ['--held-out', '0']],
    ['strengths', 'ties', 'explicit', ['--kind', 'ties']],
    ['strengths', 'ordinal', 'explicit', ['--kind', 'ordinal']],
    ['embeddings', 'users', 'embeddings', ['--kind', 'users']],
  ])('trains on %s (%s) and judges the result', async (name, kind, layout, flags) => {
    const model = at(`${name}-${kind}`)
    const trained = await run('train', example(name), '--out', model, '--updates', '2', ...small, ...flags, '--json')
    expect(trained.err).toBe('')
    expect(JSON.parse(trained.out)).toMatchObject({ kind, layout, updates: 2, before: 0, skipped: 0 })
    const judged = await run('eval', model, example(name), '--json')
    expect(judged.err).toBe('')
    const report = JSON.parse(judged.out)
    expect(report).toMatchObject({ kind, layout })
    expect(Object.keys(report)).toContain(
      kind === 'process' ? 'steps' : ['attributes', 'regression'].includes(kind) ? 'attributes' : 'pairs',
    )
  })
})
