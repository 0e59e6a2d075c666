import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batchFromRollouts, readRolloutBatches } from '@guerdon/core'
import { openStoreRecorder } from '@guerdon/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildRecipe, readRecipeFile } from '../recipe-file.ts'
import { runMain } from '../testing/run-main.ts'

let folder: string
const at = (name: string) => join(folder, name)

/** Rollouts of three groups with a score and an outcome: 1 2 | 5 5 | 3 9. */
const scores = [
  ['g', 1],
  ['g', 2],
  ['h', 5],
  ['h', 5],
  ['k', 3],
  ['k', 9],
] as const
const records = scores.map(([group, score], i) => ({
  id: `r${i}`,
  group,
  prompt: 'p',
  response: i === 0 ? '=say\u001b[31m' : 'x'.repeat(i),
  columns: { score },
}))

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'guerdon-cli-store-'))
  writeFileSync(at('runs.jsonl'), records.map(record => `${JSON.stringify(record)}\n`).join(''))
  writeFileSync(at('whole.yaml'), 'name: whole\nsteps:\n  - use: clip\n    with: { low: 0, high: 100 }\n')
  writeFileSync(at('clipped.yaml'), 'name: clipped\nsteps:\n  - use: clip\n    with: { low: 3, high: 4 }\n')
  writeFileSync(at('turned.yaml'), 'name: turned\nsteps:\n  - use: affine\n    with: { scale: -1 }\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (...argv: string[]) => runMain([...argv])

const store = () => ['--store', at('store')]

describe('guerdon import, export, query', () => {
  it('take a file in once, tell what is there and give it back', async () => {
    const first = await run('import', at('runs.jsonl'), ...store())
    expect(first).toMatchObject({ code: 0, out: expect.stringMatching(/runs\.jsonl → runs guerdon: 6 rollouts\n/) })
    const again = await run('import', at('runs.jsonl'), ...store(), '--json')
    expect(JSON.parse(again.out)).toMatchObject([{ run: 'runs', rollouts: 0, before: 6 }])
    const counted = await run('query', 'SELECT run, count(*) AS n FROM rollouts GROUP BY run', ...store())
    expect(counted.out).toBe('run   n\n────  ─\nruns  6\n')
    const exported = await run('export', ...store(), '--to', at('out.jsonl'), '--where', "group_id = 'h'")
    expect(exported).toMatchObject({ code: 0, err: expect.stringMatching(/^2 records to .*out\.jsonl\n$/) })
    expect(readFileSync(at('out.jsonl'), 'utf8')).toBe(
      records
        .slice(2, 4)
        .map(record => `${JSON.stringify(record)}\n`)
        .join(''),
    )
    expect((await run('export', ...store(), '--to', at('out.parquet'))).code).toBe(0)
    expect((await run('import', at('out.parquet'), ...store(), '--run', 'columns')).out).toMatch(/6 rollouts/)
    const chat = await run('export', ...store(), '--run', 'columns', '--layout', 'chat', '--to', '-')
    expect(JSON.parse(chat.out.split('\n')[1])).toEqual({
      messages: [
        { role: 'user', content: 'p' },
        { role: 'assistant', content: 'x' },
      ],
    })
  })

  it('read standard input, recognised or named, as they read a file', async () => {
    const piped = ['--store', at('piped')]
    const lines = readFileSync(at('runs.jsonl'), 'utf8')
    const first = await runMain(['import', '-', ...piped], lines)
    expect(first).toMatchObject({ code: 0, out: 'stdin → stdin guerdon: 6 rollouts\n' })
    expect((await runMain(['import', '-', ...piped], lines)).out).toMatch(/nothing new; 6 lines were there/)
    const pair = '{"prompt":"p","chosen":"a","rejected":"b"}\n'
    const named = await runMain(['import', '-', ...piped, '--layout', 'explicit', '--run', 'pairs'], pair)
    expect(named).toMatchObject({ code: 0, out: 'stdin → pairs explicit: 1 preference\n' })
    const bad = await runMain(['import', '-', ...piped, '--run', 'bad'], `${pair}{"prompt":\n`)
    expect(bad).toMatchObject({ code: 1, err: expect.stringMatching(/— stdin, line 2/) })
    const out = await runMain(['export', ...piped, '--run', 'stdin', '--to', '-'])
    expect(out.out).toBe(lines)
  })

  it('print rows as a table, JSON and CSV, with nothing in them that acts', async () => {
    const sql = "SELECT id, response, tokens FROM rollouts WHERE run = 'runs' AND id = 'r0'"
    expect((await run('query', sql, ...store())).out).toMatch(/r0 {2}=say\\u\{1b\}\[31m {7}–\n/)
    expect(JSON.parse((await run('query', sql, ...store(), '--json')).out)).toEqual([
      { id: 'r0', response: '=say\u001b[31m', tokens: null },
    ])
    expect((await run('query', sql, ...store(), '--csv')).out).toBe("id,response,tokens\r\nr0,'=say\u001b[31m,\r\n")
    expect((await run('query', 'SELECT 1 AS a WHERE false', ...store())).out).toBe('no rows\n')
  })

  it.each([
    [['query', 'SELECT * FROM cats'], /expected SQL over the tables of the store; got: Catalog Error/],
    [['query', 'DELETE FROM rollouts'], /a statement that reads; got one that writes/],
    [['query'], /either a statement of SQL or --report/],
    [['export', '--to', 'x.jsonl', '--run', 'none'], /nothing is selected/],
    [['export', '--to', 'x.jsonl', '--where', 'cats'], /expected SQL/],
    [['import', 'none.jsonl'], /there is no such file/],
    [['rescore', '--recipe', 'none.yaml', '--run', 'runs'], /there is no such file/],
  ])('refuse %o', async (argv, message) => {
    const { code, err } = await run(...argv, ...store())
    expect(err).toMatch(message)
    expect(code).toBe(1)
    expect(existsSync('x.jsonl')).toBe(false)
  })

  it('say that there is no store, and list layouts and reports', async () => {
    expect((await run('query', 'SELECT 1', '--store', at('nothing'))).err).toMatch(/a folder without one/)
    expect((await run('import', '--help')).out).toMatch(/otel .*hh-rlhf .*chat /s)
    expect((await run('query', '--help')).out).toMatch(/rewards .*drift /s)
    expect((await run('export', ...store(), '--to', 'x', '--layout', 'otel')).code).toBe(2)
  })
})

describe('guerdon rescore', () => {
  it('compares two recipes on a run that came without rewards', async () => {
    const given = ['rescore', ...store(), '--run', 'runs', '--recipe', at('clipped.yaml')]
    expect((await run(...given)).err).toMatch(/expected rewards to compare with .*r0" has none/)
    const { code, out } = await run(...given, '--against', at('whole.yaml'), '--json')
    expect(code).toBe(0)
    // 1 2 | 5 5 | 3 9 become 3 3 | 4 4 | 3 4: the first group falls asleep, the third keeps ±0.7071.
    const result = JSON.parse(out) as Record<string, unknown>
    expect(result).toMatchObject({
      rollouts: 6,
      groups: 3,
      changed: 2,
      flipped: 0,
      groupsAwake: 0,
      groupsAsleep: 1,
      after: { name: 'clipped' },
    })
    expect(result['largestChange']).toBeCloseTo(Math.SQRT1_2, 5)
    expect(result['top']).toMatchObject([
      { id: 'r0', group: 'g', before: { reward: 1 }, after: { reward: 3, advantage: 0 } },
      { id: 'r1' },
    ])
    const raw = await run(...given, '--against', at('whole.yaml'), '--advantage', 'none', '--json')
    expect(JSON.parse(raw.out)).toMatchObject({ changed: 5, largestChange: 5 })
    const turned = [
      'rescore',
      ...store(),
      '--run',
      'runs',
      '--recipe',
      at('turned.yaml'),
      '--against',
      at('whole.yaml'),
    ]
    const text = await run(...turned, '--exit-code')
    expect(text.out).toMatch(/4 of 6 rollouts in 3 groups change their advantage .*4 change its sign/s)
    expect(text.out).toMatch(/change of advantage\n.*█/s)
    expect(process.exitCode).toBe(3)
    process.exitCode = 0
    const same = await run(
      ...turned.slice(0, -4),
      '--recipe',
      at('whole.yaml'),
      '--against',
      at('whole.yaml'),
      '--exit-code',
    )
    expect(same.out).toMatch(/0 of 6 rollouts/)
    expect(process.exitCode).toBe(0)
  })

  it('compares with the rewards a server gave', async () => {
    const kept = async (name: string, texts: boolean) => {
      const recorder = await openStoreRecorder(at(name), { texts })
      const recipe = buildRecipe(readRecipeFile(at('whole.yaml')), 'whole.yaml', [
        { name: 'rollout.score', kind: 'number' },
      ])
      const { batches } = readRolloutBatches([readFileSync(at('runs.jsonl'))])
      for await (const { batch } of batches) {
        const scored = await recipe.run(batch)
        await recorder.record({ run: 'night', update: 1, recipe, batch: scored.batch })
      }
      const odd = await recipe.run(
        batchFromRollouts([{ id: 'r0', prompt: 'p', response: '', columns: { score: { status: 'abstained' } } }]),
      )
      await recorder.record({ run: 'night', update: 2, recipe, batch: odd.batch })
      await recorder.close()
      return ['rescore', '--store', at(name), '--recipe', at('clipped.yaml'), '--json']
    }
    const { out } = await run(...(await kept('served', true)))
    expect(JSON.parse(out)).toMatchObject({ run: 'night', before: 'stored', rollouts: 7, groups: 4, changed: 2 })
    const { code, err } = await run(...(await kept('bare', false)))
    expect(code).toBe(1)
    expect(err).toMatch(/kept without its texts.*--store-texts/s)
    const report = await run('query', '--store', at('bare'), '--report', 'rewards', '--json')
    expect(JSON.parse(report.out)).toMatchObject([{ run: 'night', rollouts: 7, abstained: 1, mean: 25 / 6 }])
  })
})
