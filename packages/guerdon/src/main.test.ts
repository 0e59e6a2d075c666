import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scoreFile } from './score/score-file.ts'
import { runMain } from './testing/run-main.ts'

let folder: string
const at = (name: string) => join(folder, name)

const rollout = (id: string, more: object = {}) =>
  `${JSON.stringify({ id, group: 'g', prompt: 'p', response: 'abcdef', columns: { score: id.length }, ...more })}\n`

const clip = 'steps:\n  - use: clip\n    with: { low: 0, high: 2 }\n'

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'guerdon-'))
  writeFileSync(at('clip.yaml'), clip)
  writeFileSync(
    at('good.jsonl'),
    rollout('a') + rollout('bbb', { response: 'say \u001b[31mred\u0007' }) + rollout('cc'),
  )
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('guerdon', () => {
  it('helps, tells its version and exits with 0', async () => {
    expect(await runMain(['--help'])).toMatchObject({ code: 0, out: expect.stringMatching(/score .*methods .*lab /s) })
    expect((await runMain(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
  it.each([
    [['scroe'], /unknown command 'scroe'\s+\(Did you mean score\?\)/],
    [['score', 'x'], /required option '-r, --recipe <file>' not specified/],
    [['score', 'x', '--recipe', 'y', '--limit', 'many'], /expected a whole number/],
    [['score', 'x', '--recipe', 'y', '--limit', '0'], /≥ 1/],
    [['score', 'x', '--recipe', 'y', '--on-error', 'ignore'], /Allowed choices are stop, skip/],
    [['methods', '--family', 'none'], /Allowed choices are credit/],
  ])('answers %o with how to use it and exits with 2', async (argv, message) => {
    const { code, err } = await runMain(argv)
    expect(err).toMatch(message)
    expect(code).toBe(2)
  })
  it('runs as a program', () => {
    const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
    const good = spawnSync(process.execPath, [cli, 'score', '-', '--recipe', at('clip.yaml'), '--json'], {
      input: readFileSync(at('good.jsonl')),
      encoding: 'utf8',
    })
    expect(good.stderr).toBe('')
    expect(JSON.parse(good.stdout)).toMatchObject({ rollouts: 3, final: { column: 'rollout.reward', mean: 5 / 3 } })
    expect(good.status).toBe(0)
    const bad = spawnSync(process.execPath, [cli, 'score', at('none.jsonl'), '--recipe', at('clip.yaml')], {
      encoding: 'utf8',
    })
    expect(bad.stderr).toMatch(/there is no such file/)
    expect(bad.status).toBe(1)
    expect(spawnSync(process.execPath, [cli, 'scroe']).status).toBe(2)
  })
})

it('scores with the recipe of the README', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  writeFileSync(at('readme.yaml'), readme.match(/```yaml\n(.*?)```/s)?.[1] ?? '')
  const { code, out } = await runMain(['score', at('good.jsonl'), '-r', at('readme.yaml'), '--json'])
  expect(code).toBe(0)
  // Scores 1, 3, 2 lie within the bounds and are halved; no rollout has an outcome, which leaves the sum.
  expect(JSON.parse(out)).toMatchObject({ final: { mean: 1 } })
})

describe('guerdon methods', () => {
  it('lists, filters and shows', async () => {
    expect((await runMain(['methods'])).out).toMatch(/shaping .*par /s)
    const listed = JSON.parse((await runMain(['methods', '--family', 'shaping', '--json'])).out) as {
      slug: string
      family: string
    }[]
    expect(listed.length).toBeGreaterThan(0)
    expect(listed.every(method => method.family === 'shaping')).toBe(true)
    const shown = await runMain(['methods', listed[0].slug])
    expect(shown.out).toMatch(/claim .*options.*stages/s)
    expect(JSON.parse((await runMain(['methods', listed[0].slug, '--json'])).out)).toMatchObject({
      slug: listed[0].slug,
    })
  })
  it('shows every method there is', async () => {
    for (const { slug } of JSON.parse((await runMain(['methods', '--json'])).out) as { slug: string }[]) {
      expect((await runMain(['methods', slug])).code).toBe(0)
    }
  })
  it('suggests the nearest', async () => {
    expect(await runMain(['methods', 'parr'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('did you mean "par"'),
    })
  })
})

describe('guerdon score', () => {
  it('prints a summary with escaped model text', async () => {
    const { code, out } = await runMain(['score', at('good.jsonl'), '-r', at('clip.yaml')])
    expect(code).toBe(0)
    expect(out).toMatch(/3 rollouts in 1 group\n/)
    expect(out).toMatch(/rollout\.reward +3 +100 % +0 +0 +1\.667 +0\.5774 +1 +2/)
    expect(out).toMatch(/0 of 1 group without variance \(0 %\)/)
    expect(out).toMatch(/1 of 3 pairs within groups tied \(33\.3 %\)/)
    expect(out).toContain('say \\u{1b}[31mred\\u{7}')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
    expect(out).not.toMatch(/[\u0000-\u0008\u000e-\u001f]/)
  })

  it('points at groups that hold different prompts', async () => {
    const { out } = await runMain(
      ['score', '-', '-r', at('clip.yaml')],
      rollout('a') + rollout('b', { prompt: 'another' }),
    )
    expect(out).toContain('1 group with different prompts')
  })

  it('writes scores with the final number and the components apart', async () => {
    await runMain(['score', at('good.jsonl'), '-r', at('clip.yaml'), '-o', at('out.jsonl')])
    const lines = readFileSync(at('out.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as object)
    expect(lines).toMatchObject([
      { id: 'a', group: 'g', reward: 1, components: {} },
      { id: 'bbb', reward: 2 },
      { id: 'cc', reward: 2 },
    ])
    expect(existsSync(at('out.jsonl.partial'))).toBe(false)
  })

  it('writes records that can be scored again', async () => {
    await runMain(['score', at('good.jsonl'), '-r', at('clip.yaml'), '-o', at('again.jsonl'), '--out-form', 'rollouts'])
    expect(await runMain(['score', at('again.jsonl'), '-r', at('clip.yaml')])).toMatchObject({ code: 0 })
    expect(readFileSync(at('again.jsonl'), 'utf8')).toContain('"reward":2')
  })

  it('explains one rollout', async () => {
    const { out } = await runMain(['score', at('good.jsonl'), '-r', at('clip.yaml'), '--explain', 'bbb'])
    expect(out).toMatch(/1\. clip.*from rollout\.score = 3.*gives rollout\.reward = 2.*final rollout\.reward = 2/s)
    expect(await runMain(['score', at('good.jsonl'), '-r', at('clip.yaml'), '--explain', 'zz'])).toMatchObject({
      code: 1,
    })
  })

  it('reads standard input up to a limit', async () => {
    const { out } = await runMain(
      ['score', '-', '-r', at('clip.yaml'), '--limit', '2', '--json'],
      readFileSync(at('good.jsonl'), 'utf8'),
    )
    expect(JSON.parse(out)).toMatchObject({ file: 'standard input', rollouts: 2 })
  })

  it('scores as many rollouts at once as told, in whole groups', async () => {
    writeFileSync(at('mean.yaml'), 'steps:\n  - use: whiten\n')
    const lines = ['g', 'g', 'h', 'h'].map((group, i) => rollout('a'.repeat(i + 1), { group })).join('')
    writeFileSync(at('groups.jsonl'), lines)
    const spread = async (...batch: string[]) => {
      const { out } = await runMain(['score', at('groups.jsonl'), '-r', at('mean.yaml'), '--json', ...batch])
      return JSON.parse(out).columns
    }
    // Scores 1, 2 | 3, 4: both halves whiten to the same two numbers, the whole file to four.
    expect(await spread('--batch', '1')).not.toEqual(await spread())
    expect(await spread('--batch', '1')).toEqual(await spread('--batch', '2'))
    expect((await runMain(['score', at('groups.jsonl'), '-r', at('mean.yaml'), '--batch', '0'])).code).toBe(2)
  })

  it('goes on from a saved state, and refuses one of another recipe', async () => {
    const state = at('state.json')
    await runMain(['score', at('good.jsonl'), '-r', at('clip.yaml'), '--state', state])
    expect(JSON.parse(readFileSync(state, 'utf8'))).toMatchObject({
      format: 1,
      steps: [{ stage: 'clip', state: null }],
    })
    expect((await runMain(['score', at('good.jsonl'), '-r', at('clip.yaml'), '--state', state])).code).toBe(0)
    writeFileSync(at('other.yaml'), clip.replace('2', '3'))
    const { code, err } = await runMain(['score', at('good.jsonl'), '-r', at('other.yaml'), '--state', state])
    expect([code, err]).toEqual([1, expect.stringContaining('expected a state of recipe version')])
  })

  // Each: what is wrong, the second of two lines, and what the answer must say besides file and line.
  it.each<[string, string, RegExp]>([
    ['a malformed line', '{"id":"r7",\n', /expected one JSON record; got \{"id":"r7",/],
    ['a cut line', '{"id":"r7","prompt":"p', /expected a whole JSON record; got a file that ends inside one/],
    ['a wrong type', rollout('r7', { response: 7 }), /expected text; got 7 .*rollout "r7", response/],
    [
      'a span outside',
      rollout('r7', { turns: [{ span: [2, 9] }] }),
      /expected a span inside the response, \[0, 6\).*got \[2, 9\).*rollout "r7", turns\[0\]\.span/,
    ],
    [
      'overlapping turns',
      rollout('r7', { turns: [{ span: [0, 4] }, { span: [3, 6] }] }),
      /expected a start ≥ 4.*got \[3, 6\).*rollout "r7", turns\[1\]\.span/,
    ],
    [
      'a NaN reward',
      '{"id":"r7","prompt":"p","outcome":NaN}\n',
      /expected a finite number; got NaN .*rollout "r7", outcome/,
    ],
    [
      'a NaN reward as text',
      rollout('r7', { outcome: 'NaN' }),
      /expected a finite number or an object.*got "NaN".*rollout "r7", outcome/,
    ],
    ['an id twice', rollout('first'), /expected an id of its own.*rollout "first", id/],
  ])('answers %s, and scores the rest when told to skip', async (_, line, message) => {
    const file = at('bad.jsonl')
    writeFileSync(file, rollout('first') + line)
    const stopped = await runMain(['score', file, '-r', at('clip.yaml'), '-o', at('bad-out.jsonl')])
    expect(stopped.code).toBe(1)
    expect(stopped.err).toMatch(message)
    expect(stopped.err).toContain(`${file}, line 2`)
    expect(existsSync(at('bad-out.jsonl'))).toBe(false)
    expect(existsSync(at('bad-out.jsonl.partial'))).toBe(false)
    const skipped = await runMain(['score', file, '-r', at('clip.yaml'), '--on-error', 'skip'])
    expect(skipped.code).toBe(0)
    expect(skipped.out).toMatch(/1 rollout in 1 group, 1 line skipped/)
    expect(skipped.out).toMatch(message)
    const json = await runMain(['score', file, '-r', at('clip.yaml'), '--json'])
    expect(JSON.parse(json.err)).toMatchObject({
      error: { file, line: 2, expected: expect.any(String), got: expect.any(String) },
    })
  })

  it.each<[string, string, RegExp]>([
    [
      'an unknown stage',
      'steps: [clop]',
      /expected the name of a stage; got "clop".*steps\[0\]\.use.*did you mean clip\?/s,
    ],
    [
      'a missing column',
      'steps: [{ use: clip, with: { from: rollout.scor } }]',
      /expected column rollout\.scor .*stage "clip" \(step 1\).*did you mean rollout\.score\?/s,
    ],
    ['broken YAML', 'steps: [clip', /expected a recipe as YAML or JSON.*line 1/],
    ['an empty recipe', '', /expected an object; got null|expected an object; got nothing/],
  ])('answers %s in the recipe', async (_, recipe, message) => {
    writeFileSync(at('bad.yaml'), recipe)
    const { code, err } = await runMain(['score', at('good.jsonl'), '-r', at('bad.yaml')])
    expect(code).toBe(1)
    expect(err).toMatch(message)
    expect(err).toContain(at('bad.yaml'))
  })

  it.each([
    ['', /expected at least one rollout; got an empty file/],
    ['\n\n', /expected at least one rollout; got blank lines/],
    ['x\n', /expected one JSON record; got x/],
  ])('answers a file of %j', async (text, message) => {
    writeFileSync(at('empty.jsonl'), text)
    const { code, err } = await runMain(['score', at('empty.jsonl'), '-r', at('clip.yaml')])
    expect(code).toBe(1)
    expect(err).toMatch(message)
  })

  it('reads the rollouts that the recipe names when told no others', async () => {
    writeFileSync(at('named.yaml'), `rollouts: good.jsonl\n${clip}`)
    expect(await runMain(['score', '-r', at('named.yaml')])).toMatchObject({ code: 0 })
    expect(await runMain(['score', '-r', at('clip.yaml')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('names none'),
    })
  })

  it('leaves nothing half-written when it is cancelled', async () => {
    const options = { recipe: at('clip.yaml'), out: at('cancelled.jsonl'), signal: AbortSignal.abort() }
    const io = { out: () => undefined, err: () => undefined, stdin: (async function* () {})(), terminal: false }
    await expect(scoreFile(at('good.jsonl'), options, io)).rejects.toMatchObject({ code: 'aborted' })
    expect(readdirSync(folder).filter(name => name.startsWith('cancelled'))).toEqual([])
  })

  it('answers files that cannot be opened', async () => {
    expect((await runMain(['score', folder, '-r', at('clip.yaml')])).err).toMatch(/expected a file; got the folder/)
    expect((await runMain(['score', at('good.jsonl'), '-r', at('none.yaml')])).err).toMatch(/there is no such file/)
    const { code, err } = await runMain(['score', at('good.jsonl'), '-r', at('clip.yaml'), '-o', at('none/out.jsonl')])
    expect([code, err]).toEqual([1, expect.stringContaining('there is no such folder')])
  })
})
