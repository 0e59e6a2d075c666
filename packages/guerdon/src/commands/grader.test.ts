import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runMain } from '../testing/run-main.ts'

let folder: string
const at = (name: string) => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'guerdon-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (...argv: string[]) => runMain([...argv])

const grader = {
  type: 'multi',
  name: 'sums',
  graders: {
    exact: {
      type: 'string_check',
      name: 'exact',
      input: '{{sample.output_text}}',
      reference: '{{item.answer}}',
      operation: 'eq',
    },
    quality: { type: 'score_model', name: 'quality', model: 'm', input: [], sampling_params: { temperature: 0 } },
  },
  calculate_output: '0.75 * exact + 0.25 * quality',
}

it('imports a grader, scores with it, and exports it as it was', async () => {
  writeFileSync(at('grader.json'), JSON.stringify(grader))
  const imported = await run('grader', 'import', at('grader.json'), '--to', at('recipe.yaml'))
  expect(imported).toMatchObject({ code: 0, out: '', err: expect.stringContaining('quality.given') })
  const rollout = { id: 'a', prompt: 'p', response: '4', reference: '4', columns: { 'quality.given': 0.5 } }
  writeFileSync(at('rollouts.jsonl'), `${JSON.stringify(rollout)}\n`)
  const scored = await run(
    'score',
    at('rollouts.jsonl'),
    '-r',
    at('recipe.yaml'),
    '--out',
    at('scored.jsonl'),
    '--json',
  )
  expect(scored.code).toBe(0)
  expect(JSON.parse(readFileSync(at('scored.jsonl'), 'utf8'))).toMatchObject({ id: 'a', reward: 0.875 })
  const exported = await run('grader', 'export', at('recipe.yaml'))
  expect([exported.code, JSON.parse(exported.out)]).toEqual([0, grader])
})

it('says what is wrong with a file', async () => {
  writeFileSync(at('bad.json'), '{"type": "string_check"')
  expect(await run('grader', 'import', at('bad.json'))).toMatchObject({
    code: 1,
    err: expect.stringContaining('bad.json'),
  })
  writeFileSync(at('other.yaml'), 'steps: [format]')
  const refused = await run('grader', 'export', at('other.yaml'))
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('steps[0]') })
  expect((await run('grader', 'import', at('none.json'))).code).toBe(1)
})
