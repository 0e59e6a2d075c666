import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Random } from '@guerdon/core'
import { afterAll, describe, expect, it } from 'vitest'
import { runMain } from '../testing/run-main.ts'
import { examplePreferences } from './fixtures/preferences.ts'

const folder = mkdtempSync(join(tmpdir(), 'guerdon-rm-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => join(folder, name)
const example = (name: string): string =>
  fileURLToPath(new URL(`../../../../examples/preferences/${name}.jsonl`, import.meta.url))

const run = (...argv: string[]) => runMain(['rm', ...argv])

const small = ['--width', '8', '--layers', '1', '--heads', '2', '--batch', '8']

describe('the example files', () => {
  it.each(Object.entries(examplePreferences()))('%s is what its script makes', (name, text) => {
    if (process.env['GUERDON_RECORD'] === '1') writeFileSync(example(name), text)
    expect(readFileSync(example(name), 'utf8')).toBe(text)
  })
})

describe('guerdon rm', () => {
  it.each([
    ['implicit', 'bt', 'implicit', []],
    ['hh-rlhf', 'goal', 'hh-rlhf', ['--kind', 'goal']],
    ['conversations', 'bt', 'explicit', ['--ensemble', '2', '--aggregate', 'min']],
    ['ultrafeedback', 'attributes', 'ultrafeedback', ['--kind', 'attributes']],
    ['ultrafeedback', 'contrastive', 'ultrafeedback', ['--kind', 'contrastive']],
    ['ultrafeedback-binarized', 'generative', 'ultrafeedback-binarized', ['--kind', 'generative']],
    ['openai', 'bt', 'openai', ['--label-smoothing', '0.1', '--centring', '0.01', '--vocabulary', '300']],
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
    const trained = await run(
      'train',
      example(name),
      '--out',
      model,
      '--updates',
      '1',
      ...small,
      '--length',
      '96',
      ...flags,
      '--json',
    )
    expect(trained.err).toBe('')
    expect(JSON.parse(trained.out)).toMatchObject({ kind, layout, updates: 1, before: 0, skipped: 0 })
    const judged = await run('eval', model, example(name), '--json')
    expect(judged.err).toBe('')
    const report = JSON.parse(judged.out)
    expect(report).toMatchObject({ kind, layout })
    expect(Object.keys(report)).toContain(
      kind === 'process' ? 'steps' : ['attributes', 'regression'].includes(kind) ? 'attributes' : 'pairs',
    )
  })

  it('learns, writes ONNX, and is judged with a page and with scores', async () => {
    const model = at('page')
    const flags = ['--updates', '40', '--onnx', '--eval', example('rewardbench')]
    const trained = await run('train', example('explicit'), '--out', model, ...small, ...flags)
    expect(trained.out).toMatch(/bt from 24 examples \(layout explicit\), 24 held out/)
    expect(existsSync(join(model, 'model.onnx'))).toBe(true)
    const { out } = await run('eval', model, example('rewardbench'), '--html', at('page.html'))
    expect(out).toMatch(/accuracy .* on 24 pairs/)
    expect(out).toMatch(/RewardBench .*Reasoning/)
    const page = readFileSync(at('page.html'), 'utf8')
    expect(page).toMatch(/<figcaption>Reliability<\/figcaption><svg/)
    const report = JSON.parse((await run('eval', model, example('rewardbench'), '--json')).out)
    expect(report.pairs.accuracy.estimate).toBeGreaterThan(0.8)

    const scored = await run('score', model, example('responses'))
    const scores = scored.out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(scores.map(({ id, line }) => [id, line])).toEqual(scores.map((_, i) => [`r${i}`, i + 1]))
    const sums = [0, 0]
    for (const [i, { score }] of scores.entries()) sums[i % 2] += score
    expect(sums[0]).toBeGreaterThan(sums[1])
    await run('score', model, example('responses'), '--out', at('scores.jsonl'))
    expect(readFileSync(at('scores.jsonl'), 'utf8')).toBe(scored.out)
  })

  it('learns a temperature where labels are noisy, and reports probabilities with it', async () => {
    const random = new Random(5)
    const records = Array.from({ length: 120 }, () => {
      const [a, b] = [random.normals(2), random.normals(2)].map(vector => Array.from(vector))
      const [chosen, rejected] = a[0] > b[0] === random.float() < 0.75 ? [a, b] : [b, a]
      return `${JSON.stringify({ chosen, rejected })}\n`
    })
    writeFileSync(at('noisy.jsonl'), records.join(''))
    const flags = ['--updates', '60', '--held-out', '0.5', '--ensemble', '2', '--json']
    const { out } = await run('train', at('noisy.jsonl'), '--out', at('noisy'), ...small, ...flags)
    const { temperature } = JSON.parse(out)
    expect(temperature).toBeGreaterThan(0)
    const report = JSON.parse((await run('eval', at('noisy'), at('noisy.jsonl'), '--json')).out)
    expect(report.pairs.scaled.temperature).toBe(temperature)
    expect(report.pairs.length).toBeUndefined()
    expect(report.agreement.names).toEqual(['member 1', 'member 2'])
  })

  it('goes on after it was killed and ends with the same bytes', async () => {
    const train = (name: string, updates: number, ...flags: string[]) =>
      run('train', example('openai'), '--out', at(name), ...small, '--updates', `${updates}`, ...flags)
    const bytes = (name: string) =>
      ['config.json', 'model.safetensors', 'run/run.jsonl', 'run/checkpoint.safetensors'].map(file =>
        readFileSync(join(at(name), file)),
      )
    await train('whole', 20)
    await train('killed', 10)
    const kept = readFileSync(at('killed/run/checkpoint.safetensors'))
    await train('killed', 14)
    // as a process leaves it that is killed between two checkpoints, in the middle of a line
    writeFileSync(at('killed/run/checkpoint.safetensors'), kept)
    appendFileSync(at('killed/run/run.jsonl'), '{"update":15,"lo')
    expect((await train('killed', 20, '--resume')).out).toMatch(/20 updates \(10 of them before\)/)
    expect(bytes('killed')).toEqual(bytes('whole'))

    expect((await train('none', 20, '--resume')).err).toMatch(/expected a run in .*none to go on with; got none/)
    expect((await train('whole', 20, '--seed', '2')).err).toMatch(
      /expected a run of pair-reward-model with (data|seed)/,
    )
    expect((await train('whole', 20, '--seed', '2', '--fresh')).code).toBe(0)
  })
})

describe('bad input', () => {
  const pair = (more: object = {}) => ({ prompt: 'p', chosen: 'good', rejected: 'bad', ...more })
  const write = (name: string, ...lines: (object | string)[]): string => {
    const text = lines.map(line => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
    writeFileSync(at(name), text)
    return at(name)
  }
  const train = (file: string, ...flags: string[]) =>
    run('train', file, '--out', at('refused'), '--fresh', '--updates', '1', ...small, ...flags)

  it.each([
    ['an empty file', [], [], /expected preferences in .*; got 0 bad lines and no good one/],
    ['no JSON', ['{'], [], /expected one JSON record; got \{ — .*, line 1/],
    [
      'no layout',
      [{ question: 'q', answer: 'a' }],
      [],
      /expected the fields of a layout; got the fields \["question","answer"\] — .*, line 1/,
    ],
    [
      'another layout',
      [pair()],
      ['--layout', 'openai'],
      /expected an object with messages; got nothing — .*, line 1, input/,
    ],
    [
      'a NaN',
      ['{"prompt":"p","chosen":"a","rejected":"b","margin":NaN}'],
      [],
      /expected a finite number; got NaN — .*line 1, margin/,
    ],
    [
      'a number as text',
      [pair(), pair({ margin: 'NaN' })],
      [],
      /expected a finite number; got "NaN" — .*, line 2, margin/,
    ],
    [
      'equal responses',
      [pair(), pair({ rejected: 'good' })],
      [],
      /expected a response that differs from chosen; got "good" — .*, line 2, rejected/,
    ],
    ['a blank response', [pair({ chosen: ' ' })], [], /expected text that is not blank; got " " — .*, line 1, chosen/],
    [
      'a role nobody has',
      [pair({ chosen: [{ role: 'critic', content: 'x' }] })],
      [],
      /expected a response by the role assistant/,
    ],
    ['a label beyond 1', [pair({ label: 2 })], [], /expected a probability in \[0, 1\]; got 2 — .*, label/],
    [
      'too few labels',
      [{ prompt: 'p', completions: ['a', 'b'], labels: [true] }],
      [],
      /expected a label for each of 2 completions; got 1 labels — .*, labels/,
    ],
    [
      'a rating there is not',
      [{ question: { problem: 'p' }, label: { steps: [{ completions: [{ text: 'a', rating: 7 }] }] } }],
      [],
      /expected −1, 0, 1 or null; got 7 — .*, label\.steps\[0\]\.completions\[0\]\.rating/,
    ],
    ['vectors of two sizes', [{ chosen: [1, 2], rejected: [1] }], [], /expected 2 numbers, as many as in chosen/],
    ['one prompt', [pair()], [], /expected at least 2 different prompts to hold some out; got 1/],
    [
      'pairs for a process model',
      [pair(), pair({ prompt: 'q' })],
      ['--kind', 'process'],
      /expected labelled steps to train a model of kind process; got none/,
    ],
    [
      'pairs without users',
      [pair(), pair({ prompt: 'q' })],
      ['--kind', 'users', '--held-out', '0'],
      /expected a user in every pair; pair 1 has none/,
    ],
    ['pairs without ties', [pair(), pair({ prompt: 'q' })], ['--kind', 'ties'], /expected pairs that are tied/],
    [
      'embeddings for a language model',
      [
        { chosen: [1, 2], rejected: [2, 1] },
        { chosen: [1, 3], rejected: [2, 1] },
      ],
      ['--kind', 'generative'],
      /expected text for this kind of model; got embeddings/,
    ],
    [
      'heads that do not divide',
      [pair(), pair({ prompt: 'q' })],
      ['--heads', '3'],
      /expected heads to divide width; got 3 heads and width 8/,
    ],
  ] as [string, (object | string)[], string[], RegExp][])('%s is refused', async (name, lines, flags, message) => {
    const { code, err } = await train(write(`${name}.jsonl`, ...lines), ...flags)
    expect(err).toMatch(message)
    expect(code).toBe(1)
  })

  it('is skipped and counted where that is asked for; repeated and contradictory pairs are counted', async () => {
    const file = write(
      'mixed.jsonl',
      pair(),
      'no json',
      pair({ rejected: 'good' }),
      pair({ prompt: 'q' }),
      pair(),
      pair({ chosen: 'bad', rejected: 'good' }),
    )
    const { out } = await train(file, '--on-error', 'skip')
    expect(out).toMatch(/2 bad lines skipped\n1 records repeat an earlier one\n1 pairs stand the other way round/)
  })

  it('in a model folder is told apart', async () => {
    const file = write('two.jsonl', pair(), pair({ prompt: 'q' }))
    const model = at('model')
    expect((await run('eval', model, file)).err).toMatch(
      /expected a reward model in .*model; got no config\.json there/,
    )
    await run('train', file, '--out', model, '--updates', '1', ...small)
    const good = readFileSync(join(model, 'config.json'), 'utf8')
    for (const [text, message] of [
      ['{', /expected JSON in/],
      ['{}', /expected the config of a reward model/],
      [good.replace('"version": 1', '"version": 9'), /expected a reward model of version 1; got version 9/],
      [good.replace('"width": 8', '"width": 16'), /expected .* as float32 .* in the checkpoint; got float32/],
    ] as const) {
      writeFileSync(join(model, 'config.json'), text)
      expect((await run('eval', model, file)).err).toMatch(message)
    }
    writeFileSync(join(model, 'config.json'), good)
    const steps = write('steps.jsonl', { prompt: 'p', completions: ['a'], labels: [true] })
    expect((await run('eval', model, steps)).err).toMatch(/expected records that a model of kind bt can be judged by/)
    const vectors = write('vectors.jsonl', { chosen: [1, 2], rejected: [2, 1] })
    expect((await run('eval', model, vectors)).err).toMatch(/expected text, as this model was trained on/)
    const bare = write('bare.jsonl', { prompt: 'p' })
    expect((await run('score', model, bare)).err).toMatch(/expected text; got nothing — .*, line 1, completion/)
  })
})
