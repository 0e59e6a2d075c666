import { readFileSync } from 'node:fs'
import { defineRecipe, defineReward, parseRecipe } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { createRewardApp } from '../app.ts'
import type { UnscoredPolicy } from '../options.ts'
import { quickStart } from '../testing/recipes.ts'
import { adapters } from './index.ts'
import { responseOf } from './prompt-prefix.ts'

/** For formats that bring no label. */
const form = parseRecipe({ name: 'form', steps: ['format'] })
const length = defineRecipe({
  name: 'length',
  steps: [
    defineReward({
      name: 'length',
      score: ({ response }) => {
        if (response?.trim() === 'throw') throw new Error('no')
        return response?.length ?? null
      },
    }),
  ],
})

async function ask(path: string, body: unknown, recipe = quickStart, unscored: UnscoredPolicy = 'refuse') {
  const { app } = createRewardApp({ recipe, unscored })
  const answer = await app.request(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
  const metrics = await (await app.request('/metrics')).text()
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Fault, metrics }
}

interface Fault {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string; readonly path: unknown }
}

interface Fixture {
  readonly path: string
  readonly request: object
  readonly response: unknown
}

const fixtures = Object.fromEntries(
  adapters.map(({ name }) => [
    name,
    JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')) as Fixture,
  ]),
)

/** Formats that take the requests of another as they stand. */
const alike: Readonly<Record<string, string>> = {
  'verl-classify': 'verl-embeddings',
  'verl-embeddings': 'verl-classify',
  'ms-swift': 'trl',
  verifiers: 'trl',
}

describe.each(adapters.map(adapter => [adapter.name, adapter] as const))('%s', (name, adapter) => {
  const { path, request, response } = fixtures[name]
  const recipe = name.startsWith('verl-') ? form : quickStart

  it('answers the fixture at its own path and at the fixed one', async () => {
    for (const at of [path, ...adapter.paths]) {
      const answer = await ask(at, request, recipe)
      expect([answer.status, answer.body]).toEqual([200, response])
      expect(answer.headers.get('content-type')).toBe('application/json')
    }
  })

  it('tells the shape it takes and the route that fits, for the requests of the others', async () => {
    for (const other of adapters.filter(candidate => candidate !== adapter && candidate.name !== alike[name])) {
      const answer = await ask(path, fixtures[other.name].request)
      expect(answer.status).toBe(422)
      expect(answer.body.error.hint).toContain(adapter.expects)
      expect(answer.body.error.hint).toContain(`/adapters/${other.name}`)
    }
  })

  it.each([[[[]]], ['text'], [null], [{}]])('refuses %j with 422', async body => {
    expect((await ask(path, body)).status).toBe(422)
  })

  it('says where it was read', () => {
    expect(adapter.source.commit).toMatch(/^[0-9a-f]{8}$/)
  })

  it('refuses a request with an item that failed, or sends the value that was asked for, and counts both', async () => {
    const failing = JSON.parse(
      JSON.stringify(request)
        .replaceAll('<think>Two twos.</think>', '')
        .replaceAll(/<answer>4<\/answer>(<\|im_end\|>)?/g, 'throw'),
    )
    if (adapter.tellsUnscored) return
    const refused = await ask(path, failing, length)
    expect([refused.status, refused.body.error.code]).toEqual([503, 'unscored'])
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(refused.metrics).toContain(`guerdon_unscored_total{route="${name}",action="refused"} 1`)
    expect(refused.metrics).toContain(`guerdon_failures_total{route="${name}",class="bug"} 1`)
    const replaced = await ask(path, failing, length, -1)
    expect(replaced.status).toBe(200)
    expect(JSON.stringify(replaced.body)).toContain('-1')
    expect(replaced.metrics).toContain(`guerdon_unscored_total{route="${name}",action="replaced"} 1`)
  })

  it('treats a missing label as no reward, never as 0', async () => {
    const bare = JSON.parse(
      JSON.stringify(request)
        .replaceAll(/"(label|ground_truth|answer|expected_answer|reference)":("4"|4)/g, '"$1":null')
        .replace('"labels":["4"]', '"labels":[null]')
        .replace('"solution":["4",4]', '"solution":[null,null]'),
    )
    const answer = await ask(path, bare)
    if (adapter.tellsUnscored) expect(answer.body).toMatchObject({ rewards: [null, null] })
    else expect(answer.status).toBe(503)
  })
})

describe('openrlhf', () => {
  it('answers empty lists with empty lists', async () => {
    const answer = await ask('/get_reward', { query: [], prompts: [], labels: [] })
    expect([answer.status, answer.body]).toEqual([200, { rewards: [], scores: [], extra_logs: {} }])
  })

  it('works without labels', async () => {
    const answer = await ask('/get_reward', { query: ['pabc', 'pd'], prompts: ['p', 'p'] }, length)
    expect(answer.body).toEqual({ rewards: [3, 1], scores: [3, 1], extra_logs: {} })
  })

  it.each([
    [{ query: ['a', 'b'], prompts: ['a'], labels: ['x', 'y'] }, 'query', 'prompts', '2 in query and 1 in prompts'],
    [{ query: ['a'], prompts: ['a'], labels: ['x', 'y'] }, 'query', 'labels', '1 in query and 2 in labels'],
  ])('names both lists of unequal length', async (body, first, second, lengths) => {
    const answer = await ask('/get_reward', body)
    expect(answer.status).toBe(422)
    expect(answer.body.error.message).toContain(first)
    expect(answer.body.error.message).toContain(second)
    expect(answer.body.error.message).toContain(lengths)
  })

  it('does not guess where a prompt ends', async () => {
    const body = { query: ['pabc', 'xabc'], prompts: ['p', 'p'], labels: null }
    const refused = await ask('/get_reward', body, length)
    expect([refused.status, refused.body.error.path]).toEqual([422, ['query', 1]])
    const replaced = await ask('/get_reward', body, length, 0.5)
    expect(replaced.body).toMatchObject({ rewards: [3, 0.5] })
    expect(replaced.metrics).toContain('guerdon_failures_total{route="openrlhf",class="invalid_input"} 1')
  })

  it.each([
    ['<s>ask answer</s>', 'ask ', 'answer'],
    ['ask answer', '<s>ask ', 'answer'],
    ['ask answer<|im_end|>\n', 'ask ', 'answer'],
    ['ask answer<pad><pad>', 'ask ', 'answer'],
    ['ask answer\n', 'ask ', 'answer\n'],
    ['ask ', 'ask ', ''],
    ['</s>', '', ''],
    ['asked', 'ask ', undefined],
    ['', 'ask', undefined],
  ])('parts %j from %j: %j', (query, prompt, response) => {
    expect(responseOf(query, prompt)).toBe(response)
  })
})

describe('slime', () => {
  it('gives an object when asked', async () => {
    const { request } = fixtures['slime']
    expect((await ask('/adapters/slime?shape=dict', request)).body).toEqual({ score: 0.9, format: 0, correct: 1 })
  })
})

describe('eval-protocol', () => {
  it('marks a value sent in place of a score as invalid', async () => {
    const messages = [{ role: 'assistant', content: 'throw' }]
    const { body } = await ask('/evaluate', { messages }, length, 0)
    expect(body).toMatchObject({ score: 0, is_score_valid: false, error: 'Error: no', metrics: {} })
  })

  it('wants the answer of the assistant last', async () => {
    const { body } = await ask('/evaluate', { messages: [{ role: 'user', content: 'x' }] })
    expect(body.error.path).toEqual(['messages', 0, 'role'])
  })
})

describe('a recipe whose reward stands on turns', () => {
  it('is refused with what to add', async () => {
    const turns = defineRecipe({ name: 't', steps: [defineReward({ name: 't', level: 'turn', score: () => 1 })] })
    const answer = await ask('/adapters/slime', fixtures['slime'].request, turns)
    expect([answer.status, answer.body.error.code]).toEqual([422, 'unsupported'])
    expect(answer.body.error.hint).toContain('move')
  })
})
