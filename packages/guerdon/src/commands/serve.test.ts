import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { main } from '../main.ts'

const recipe = fileURLToPath(new URL('../../../../examples/recipes/serve.yaml', import.meta.url))

async function run(...argv: string[]) {
  let err = ''
  const io = {
    out: () => undefined,
    err: (text: string) => {
      err += text
    },
    stdin: nothing(),
    terminal: false,
  }
  return { code: await main(['serve', ...argv], io), err: () => err }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

it('listens to other machines only with a token', async () => {
  const { code, err } = await run('--recipe', recipe, '--host', '0.0.0.0')
  expect([code, err()]).toEqual([1, expect.stringContaining('GUERDON_TOKEN')])
})

it('refuses a recipe that is not there and options it cannot read', async () => {
  expect((await run('--recipe', 'no-such.yaml')).code).toBe(1)
  expect((await run('--recipe', recipe, '--unscored', 'zero')).code).toBe(2)
  expect((await run('--recipe', recipe, '--port', '70000')).code).toBe(2)
})

it('serves the quick start until it is asked to stop', async () => {
  let line = ''
  const ended = main(['serve', '--recipe', recipe, '--port', '0', '--quiet'], {
    out: text => {
      line += text
    },
    err: () => undefined,
    stdin: nothing(),
    terminal: false,
  })
  while (!line.includes('\n')) await new Promise(resolve => setTimeout(resolve, 5))
  const answer = await fetch(`${line.trim().split(' at ')[1]}/adapters/slime`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: '2 + 2?', response: '<think>Two twos.</think><answer>4</answer>', label: '4' }),
  })
  expect(await answer.json()).toBe(1)
  process.emit('SIGTERM')
  expect(await ended).toBe(0)
})
