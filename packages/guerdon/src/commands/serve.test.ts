import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { main } from '../main.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guerdon-serve-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const recipe = (name: string) => `name: ${name}\nsteps: [format]\n`

async function started(parameters: readonly string[]) {
  const file = join(folder, 'recipe.yaml')
  writeFileSync(file, recipe('first'))
  let out = ''
  let err = ''
  const ended = main(['serve', '--recipe', file, '--port', '0', '--quiet', ...parameters], {
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    stdin: process.stdin,
    terminal: false,
  })
  while (!out.includes('\n')) await new Promise(resolve => setTimeout(resolve, 5))
  const url = /http:\S+/.exec(out)?.[0] ?? ''
  const name = async () => ((await (await fetch(`${url}/ready`)).json()) as { recipe: string }).recipe
  return {
    file,
    url,
    name,
    log: () => err,
    until: async (condition: () => boolean | Promise<boolean>) => {
      const end = performance.now() + 5000
      while (!(await condition()) && performance.now() < end) await new Promise(resolve => setTimeout(resolve, 20))
      expect(await condition()).toBe(true)
    },
    stop: async () => {
      process.emit('SIGTERM')
      expect(await ended).toBe(0)
    },
  }
}

describe('guerdon serve', () => {
  it('reads its recipe again when the file is replaced, and keeps the one it has when that is wrong', async () => {
    const server = await started(['--watch'])
    writeFileSync(join(folder, 'next.yaml'), recipe('second'))
    renameSync(join(folder, 'next.yaml'), server.file)
    await server.until(async () => (await server.name()) === 'second')
    writeFileSync(server.file, 'steps: [no-such-stage]\n')
    await server.until(() => server.log().includes('"not reloaded"'))
    expect(server.log()).toContain('unknown_name')
    expect(await server.name()).toBe('second')
    await server.stop()
  })

  it('reads it again at SIGHUP', async () => {
    const server = await started([])
    writeFileSync(server.file, recipe('second'))
    process.emit('SIGHUP')
    await server.until(async () => (await server.name()) === 'second')
    await server.stop()
  })

  it('takes its limits and names', async () => {
    const server = await started(['--max-body', '1', '--allow-host', 'a.example', '--allow-host', 'b.example'])
    const answer = await fetch(`${server.url}/v1/score`, {
      method: 'POST',
      body: `{"rollouts":[],"more":"${'x'.repeat(2 ** 20)}"}`,
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(413)
    await server.stop()
  })

  it('keeps records where it is told to, apart from the states of runs', async () => {
    const server = await started(['--store', join(folder, 'states'), '--records', join(folder, 'records')])
    const answer = await fetch(`${server.url}/adapters/slime`, {
      method: 'POST',
      body: '{"prompt":"p","response":"r","label":null}',
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(200)
    await server.stop()
    expect(readdirSync(join(folder, 'records'))).toContain('store.duckdb')
    expect(readdirSync(join(folder, 'states'))).toEqual(['runs'])
  })

  it.each([
    [['--store', 'mysql://me:hidden@host/db'], /postgres:\/\/, postgresql:\/\/, redis:\/\/, rediss:\/\//],
    [['--records', 'redis://:hidden@host'], /expected a folder for the records/],
    [['--store', 'redis://:hidden@host', '--store-texts'], /--records FOLDER/],
    [
      ['--store', 'redis://:hidden@127.0.0.1:1'],
      /expected a database for run states at redis:\/\/127.0.0.1:1; got: .*ECONNREFUSED/,
    ],
  ])('says what is wrong with %j and no password', async (parameters, message) => {
    const file = join(folder, 'recipe.yaml')
    writeFileSync(file, recipe('first'))
    let err = ''
    const io = {
      out: () => undefined,
      err: (text: string) => {
        err += text
      },
      stdin: process.stdin,
      terminal: false,
    }
    expect(await main(['serve', '--recipe', file, '--port', '0', ...parameters], io)).toBe(1)
    expect(err).toMatch(message)
    expect(err).not.toContain('hidden')
  })

  it.each([
    ['--workers', '-1'],
    ['--active', '0'],
    ['--max-body', 'much'],
  ])('refuses %s %s', async (option, value) => {
    const io = { out: () => undefined, err: () => undefined, stdin: process.stdin, terminal: false }
    expect(await main(['serve', '--recipe', 'x.yaml', option, value], io)).toBe(2)
  })
})
