import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lineKey } from '@guerdon/worlds/grid/line-key'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createQLearner } from '../tabular/q-learning.ts'
import { trainInto } from './fixtures/train-into.ts'
import { type Learner, trainLearner } from './learner.ts'
import { fromBase64, toBase64, writeLearnerState } from './learner-state.ts'
import { parseRunLog, pointLine } from './run-log.ts'
import { openRun } from './run-node.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (name: string): string => join(folder, name)
const learner = (seed = 1): Learner => createQLearner(lineKey(), { seed, epsilon: 0.3, episodesPerUpdate: 5 })

async function train(name: string, updates: number, checkpointEvery = 4): Promise<void> {
  const one = learner()
  const run = openRun(at(name), one)
  await trainLearner(one, { updates, run, checkpointEvery })
  run.close()
}

const bytes = (name: string) => [
  readFileSync(at(`${name}/run.jsonl`)),
  readFileSync(at(`${name}/checkpoint.safetensors`)),
]

describe('a run', () => {
  it('goes on where it stopped and ends with the same bytes', async () => {
    await train('whole', 20)
    await train('parts', 7)
    await train('parts', 7)
    await train('parts', 20)
    expect(bytes('parts')).toEqual(bytes('whole'))
  })

  it('takes back points after the checkpoint, and a line that was not finished', async () => {
    await train('whole', 20)
    await train('torn', 8)
    appendFileSync(at('torn/run.jsonl'), '{"update":9,"steps":1}\n{"update":10,"st')
    await train('torn', 20)
    expect(bytes('torn')).toEqual(bytes('whole'))
  })

  it('begins again when it was killed before its first checkpoint or within its first line', async () => {
    await train('whole', 8)
    for (const text of ['', '{"run":"q-lear']) {
      await train('early', 2)
      rmSync(at('early/checkpoint.safetensors'))
      writeFileSync(at('early/run.jsonl'), text)
      await train('early', 8)
      expect(bytes('early')).toEqual(bytes('whole'))
      rmSync(at('early'), { recursive: true })
    }
  })

  it('is refused by other settings, and when log and checkpoint do not belong together', async () => {
    await train('run', 8)
    expect(() => openRun(at('run'), learner(2))).toThrow(/expected a run of q-learning with seed 2; got 1/)
    const [log] = bytes('run')
    writeFileSync(at('run/run.jsonl'), log.toString().split('\n').slice(0, 4).join('\n').concat('\n'))
    expect(() => openRun(at('run'), learner())).toThrow(/expected 8 points before the checkpoint; the log has 3/)
  })

  it('stops when aborted or told to', async () => {
    await expect(
      trainLearner(learner(), { updates: 3, signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough')
    expect(await trainLearner(learner(), { updates: 9, until: point => point['episodes'] === 10 })).toHaveLength(2)
  })

  it('that was told to stop does not go on when it is opened again', async () => {
    for (const expected of [2, 0]) {
      const one = learner()
      const run = openRun(at('run'), one)
      const points = await trainLearner(one, { updates: 9, run, until: point => point['episodes'] === 10 })
      expect(points).toHaveLength(expected)
      run.close()
    }
    expect(parseRunLog(readFileSync(at('run/run.jsonl'), 'utf8'))?.points).toHaveLength(2)
  })

  it.each(['ppo', 'language'] as const)(
    'of %s killed at any moment ends as one that was not',
    { timeout: 120_000 },
    async name => {
      const updates = 30
      await trainInto(at('whole'), updates, name, () => {})
      const script = fileURLToPath(new URL('./fixtures/train.mjs', import.meta.url))
      // a moment that differs from one time to the next is the point here: it must not matter
      const killAt = 1 + Math.floor(Math.random() * (updates - 8))
      const lag = Math.random() * 10
      const child = spawn(process.execPath, [script, at('killed'), String(updates), name], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let timer: NodeJS.Timeout | undefined
      child.stdout.on('data', (data: Buffer) => {
        if (!timer && Number(data.toString().trim().split('\n').at(-1)) >= killAt) {
          timer = setTimeout(() => child.kill('SIGKILL'), lag)
        }
      })
      const signal = await new Promise(resolve => child.on('close', (_, by) => resolve(by)))
      expect(signal, `killed at update ${killAt} + ${lag} ms`).toBe('SIGKILL')
      const before = parseRunLog(readFileSync(at('killed/run.jsonl'), 'utf8'))?.points.length ?? 0
      expect(before).toBeGreaterThan(0)
      expect(before).toBeLessThan(updates)
      await trainInto(at('killed'), updates, name, () => {})
      expect(bytes('killed'), `killed at update ${killAt} + ${lag} ms`).toEqual(bytes('whole'))
    },
  )
})

describe('a log', () => {
  const header = '{"run":"ppo","version":1,"settings":{"seed":1}}\n'

  it('is read back, missing measurements as null', () => {
    const text = header + pointLine(1, { steps: 5, averageReturn: null })
    expect(parseRunLog(text)).toEqual({
      name: 'ppo',
      settings: { seed: 1 },
      points: [{ update: 1, point: { steps: 5, averageReturn: null } }],
    })
  })

  it.each([
    ['{"something":1}\n', /expected the log of a run/],
    ['no json\n', /expected a JSON object a line/],
    ['{"run":"ppo","version":2,"settings":{}}\n', /expected a log of version 1; got version 2/],
    [`${header}{"update":2}\n`, /expected the point of update 1; got update 2/],
  ])('%j is refused', (text, message) => {
    expect(() => parseRunLog(text)).toThrow(message)
  })

  it('holds no NaN', () => {
    expect(() => pointLine(3, { loss: Number.NaN })).toThrow(/got NaN — loss of update 3/)
  })
})

describe('a saved state', () => {
  it('of another version or of bare parameters is refused', () => {
    const owner = { name: 'q-learning', settings: learner().settings }
    const state = new TextDecoder('latin1').decode(writeLearnerState(owner, {}, {}))
    const later = Uint8Array.from(state.replace('"version":"1"', '"version":"2"'), c => c.charCodeAt(0))
    expect(() => learner().restore(later)).toThrow(/state of version 1; got version 2/)
    const foreign = Uint8Array.from(state.replace('guerdon-learner', 'guerdon-another'), c => c.charCodeAt(0))
    expect(() => learner().restore(foreign)).toThrow(/expected the saved state of a learner/)
  })

  it('keeps bytes as text', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    expect(fromBase64(toBase64(all))).toEqual(all)
  })
})
