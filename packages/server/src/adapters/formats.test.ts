import { readFileSync } from 'node:fs'
import { defineRecipe, defineReward, parseRecipe, type Recipe } from '@guerdon/core'
import { findStage } from '@guerdon/methods'
import { describe, expect, it } from 'vitest'
import { createRewardApp } from '../app.ts'
import type { UnscoredPolicy } from '../options.ts'
import { lastAnswer } from './chat-text.ts'

/** What each format says beyond its fixture. */
const exact = parseRecipe({ name: 'exact', steps: ['exact-answer'] })
const compared = parseRecipe(
  { name: 'compared', steps: ['exact-answer', { use: 'rloo', columns: { 'rollout.score': 'rollout.correct' } }] },
  { stages: [findStage('rloo')] },
)
const length = defineRecipe({
  name: 'length',
  steps: [defineReward({ name: 'length', score: ({ response }) => response?.length ?? null })],
})
const right = '<answer>4</answer>'
const wrong = '<answer>5</answer>'
const ask = [{ role: 'user', content: '2 + 2?' }]

async function send(recipe: Recipe, path: string, body: unknown, unscored: UnscoredPolicy = 'refuse') {
  const { app } = createRewardApp({ recipe, unscored })
  const headers = { 'content-type': 'application/json' }
  const answer = await app.request(path, { method: 'POST', body: JSON.stringify(body), headers })
  return { status: answer.status, body: (await answer.json()) as never }
}

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')).request

describe('groups', () => {
  const batch = {
    prompts: ['a', 'a', 'b', 'b'],
    completions: [right, wrong, right, right],
    answer: ['4', '4', '4', '4'],
  }

  it('are runs of neighbours of the size that is asked for', async () => {
    const answer = await send(compared, '/adapters/trl?group=2', batch)
    expect(answer.body).toMatchObject({ rewards: [1, -1, 0, 0], components: { correct: [1, 0, 1, 1] } })
    expect((await send(compared, '/adapters/ms-swift?group=4', batch)).body).toEqual([1 / 3, -1, 1 / 3, 1 / 3])
  })

  it('must be whole', async () => {
    for (const size of ['3', '0', '1.5', 'x']) {
      expect((await send(compared, `/adapters/trl?group=${size}`, batch)).status).toBe(422)
    }
  })

  it('are what verifiers and Atropos send as one', async () => {
    const plural = { prompts: ['a', 'a'], completions: [right, wrong], answers: ['4', '4'] }
    const whole = await send(compared, '/adapters/verifiers', plural)
    expect(whole.body).toEqual({ reward: [1, -1], metrics: { correct: [1, 0] } })
    const group = {
      ...fixture('atropos'),
      messages: [right, wrong].map(content => [...ask, { role: 'assistant', content }]),
    }
    const { reference: _, ...echoed } = group
    const other = { ...group, tokens: [[1]], masks: [[1]], messages: [group.messages[0]] }
    const answer = await send(exact, '/adapters/atropos', [group, other])
    const { reference: __, ...rest } = other
    expect(answer.body).toEqual([
      { ...echoed, scores: [1, 0] },
      { ...rest, scores: [1] },
    ])
  })
})

describe('columns', () => {
  it('name the right answer, or one of the usual names does', async () => {
    const batch = { prompts: ['a'], completions: [right], key: ['4'], label: ['5'] }
    expect((await send(exact, '/adapters/trl', batch)).body).toMatchObject({ rewards: [0] })
    expect((await send(exact, '/adapters/trl?reference=key', batch)).body).toMatchObject({ rewards: [1] })
    expect((await send(exact, '/adapters/trl?reference=none', batch)).body).toMatchObject({ rewards: [null] })
  })

  it('have one length', async () => {
    const batch = { prompts: ['a', 'b'], completions: [right], label: ['4'] }
    expect(await send(exact, '/adapters/trl', batch)).toMatchObject({
      status: 422,
      body: { error: { path: ['completions'] } },
    })
    const labels = { prompts: ['a'], completions: [right], label: ['4', '5'] }
    expect(await send(exact, '/adapters/trl', labels)).toMatchObject({
      status: 422,
      body: { error: { path: ['label'] } },
    })
  })

  it('take the last message of the assistant as the answer, and none as an empty one', async () => {
    const tool = { role: 'tool', content: '4' }
    const completions = [
      [{ role: 'assistant', content: wrong }, tool, { role: 'assistant', content: 'four' }],
      [tool],
      [],
    ]
    const answer = await send(length, '/adapters/trl', { prompts: ['a', 'a', 'a'], completions })
    expect(answer.body).toMatchObject({ rewards: [4, 0, 0] })
  })
})

describe('ms-swift', () => {
  it('does not take the answer for a part of the prompt', async () => {
    const prompts = defineRecipe({
      name: 'prompts',
      steps: [
        defineReward({ name: 'prompts', score: ({ prompt }) => (typeof prompt === 'string' ? 0 : prompt.length) }),
      ],
    })
    const messages = [
      [...ask, { role: 'assistant', content: right }],
      [...ask, { role: 'assistant', content: wrong }],
      ask,
    ]
    const body = { completions: [right, right, right], messages }
    expect((await send(prompts, '/adapters/ms-swift', body)).body).toEqual([1, 2, 1])
  })
})

describe('verl', () => {
  it.each([
    ['<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n', 'a'],
    ['<|begin_of_text|><|start_header_id|>assistant<|end_header_id|>\n\na<|eot_id|>', 'a'],
    ['<start_of_turn>user\nq<end_of_turn>\n<start_of_turn>model\na<end_of_turn>\n', 'a'],
    ['<|user|>\nq<|end|>\n<|assistant|>\na<|end|>\n', 'a'],
    ['<|user|>\nq</s>\n<|assistant|>\na</s>\n', 'a'],
    ['<｜User｜>q<｜Assistant｜>a<｜end▁of▁sentence｜>', 'a'],
    ['[INST] q [/INST] a</s>', 'a'],
    ['<|im_start|>assistant\none<|im_end|>\n<|im_start|>assistant\ntwo', 'two'],
    ['<|im_start|>assistant\n<|im_end|>', ''],
    ['q: a', undefined],
  ])('finds the answer in %j', (text, response) => {
    const found = lastAnswer(text)
    expect(found?.response).toBe(response)
    if (found !== undefined)
      expect(text.startsWith(found.prompt + found.response) || text.includes('[INST]')).toBe(true)
  })

  it('is refused a text in no known template at once, as it does not repeat a 4xx', async () => {
    const body = { model: 'm', input: ['<|im_start|>assistant\nab<|im_end|>', 'q: a'] }
    expect(await send(length, '/classify', body)).toMatchObject({
      status: 422,
      body: { error: { path: ['input', 1] } },
    })
    const replaced = await send(length, '/v1/embeddings', body, -1)
    expect(replaced.body).toMatchObject({ data: [{ embedding: [2] }, { embedding: [-1] }] })
  })
})

describe('NeMo Gym', () => {
  it('marks a value sent in place of a reward, and leaves components out that have no number', async () => {
    const { expected_answer: _, ...row } = fixture('nemo-gym')
    const { status, body } = await send(exact, '/verify', row, 0)
    expect([status, body]).toMatchObject([
      200,
      { ...row, reward: 0, mask_sample: true, failure_reason: 'no reference answer' },
    ])
    expect(body).not.toHaveProperty('reward_components')
  })

  it('reads an answer that only called tools as empty', async () => {
    const row = fixture('nemo-gym')
    const output = [{ type: 'function_call', name: 'f', arguments: '{}', call_id: 'c' }]
    const input = [...ask, { type: 'function_call_output', call_id: 'c', output: '4' }]
    const body = { ...row, responses_create_params: { input }, response: { ...row.response, output } }
    expect((await send(length, '/verify', body)).body).toMatchObject({ reward: 0 })
  })

  it('begins sessions, says that rows may be verified again, and describes them', async () => {
    expect(await send(exact, '/seed_session', {})).toEqual({ status: 200, body: {} })
    const { app } = createRewardApp({ recipe: exact })
    expect(await (await app.request('/reverify_mode')).json()).toBe('stateless')
    const row = (task: number, reward: number, more = {}) => ({
      _ng_task_index: task,
      _ng_rollout_index: 0,
      reward,
      ...more,
    })
    const rows = [row(1, 1), row(0, 0.5, { passed: true }), row(1, 0), row(1, 9, { mask_sample: true })]
    const { body } = await send(exact, '/aggregate_metrics', { verify_responses: rows })
    const group = (mean: number, max: number, min: number, std: number) => ({
      'mean/reward': mean,
      'max/reward': max,
      'min/reward': min,
      'median/reward': mean,
      'std/reward': std,
    })
    expect(body).toMatchObject({
      group_level_metrics: [{ ...group(0.5, 0.5, 0.5, 0), 'mean/passed': 1 }, group(0.5, 1, 0, Math.SQRT1_2)],
      agent_metrics: group(0.5, 1, 0, 0.5),
      key_metrics: { 'mean/reward': 0.5, 'mean/passed': 1 },
    })
    expect((await send(exact, '/aggregate_metrics', { verify_responses: [] })).body).toEqual({
      group_level_metrics: [],
      agent_metrics: {},
      key_metrics: {},
    })
    expect((await send(exact, '/aggregate_metrics', {})).status).toBe(422)
  })
})

describe('agent-lightning', () => {
  it('needs an answered request, not its trimmed form', async () => {
    const { events, ...rest } = fixture('agent-lightning')
    const trimmed = [{ ...events[0], data: { prompt_token_ids: [1], response_token_ids: [2] } }]
    expect((await send(exact, '/adapters/agent-lightning', { ...rest, events: trimmed })).status).toBe(422)
    const failed = { ...events[0], data: { ...events[0].data, response: { error: 'no' } } }
    const answer = await send(length, '/adapters/agent-lightning', { ...rest, events: [...events, failed] })
    expect(answer).toMatchObject({ status: 200, body: { event_type: 'reward', data: { source: 'guerdon' } } })
  })
})
