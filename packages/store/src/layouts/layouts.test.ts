import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { checkRollout, type JsonRecord } from '@guerdon/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectLayout, findLayout, type Layout, layouts } from './index.ts'

const examples = new URL('../../../../examples/preferences/', import.meta.url)
const fixtures = new URL('./fixtures/', import.meta.url)

function recordsOf(name: string): JsonRecord[] {
  const file = new URL(`${name}.jsonl`, existsSync(new URL(`${name}.jsonl`, fixtures)) ? fixtures : examples)
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return lines.map(line => JSON.parse(line) as JsonRecord)
}

const read = (name: string) => recordsOf(name).map((record, i) => detectLayout(record).read(record, `f:${i + 1}`))

/** What comes out when a record is read and written again. */
function again(layout: Layout, record: JsonRecord): unknown {
  const { rollouts = [], preferences = [] } = layout.read(record, 'f:1')
  return layout.holds === 'rollouts' ? layout.write?.(rollouts[0]) : layout.write?.(preferences[0])
}

describe('a layout', () => {
  it.each(layouts.map(({ name }) => name))('%s is recognised in every record that has it', name => {
    for (const record of recordsOf(name)) expect(detectLayout(record).name).toBe(name)
  })

  it.each(layouts.filter(({ write }) => write !== undefined).map(({ name }) => name))(
    '%s writes what it read',
    name => {
      const layout = findLayout(name)
      for (const record of recordsOf(name)) expect(again(layout, record)).toEqual(record)
    },
  )

  it('of further files of pairs is one of these', () => {
    for (const file of readdirSync(examples)) {
      if (file === 'responses.jsonl') continue
      for (const record of recordsOf(file.replace('.jsonl', ''))) {
        const layout = detectLayout(record)
        expect(again(layout, record)).toEqual(record)
      }
    }
  })

  it('of rollouts gives records that pass every check', () => {
    for (const name of ['guerdon', 'chat', 'completion', 'verl', 'openinference', 'otel']) {
      for (const rollout of read(name).flatMap(({ rollouts = [] }) => rollouts)) {
        expect(checkRollout(JSON.parse(JSON.stringify(rollout)), 0).rollout.id).toBe(rollout.id)
      }
    }
  })

  it('chat is a trajectory: a turn for each message of the assistant', () => {
    const [tools, plain] = read('chat').map(({ rollouts = [] }) => rollouts[0])
    expect(tools).toMatchObject({
      id: 'f:1',
      prompt: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: '2+2?' },
      ],
      response: 'It is 4.',
      outcome: 1,
      turns: [
        { action: '', toolCalls: [{ function: { name: 'add', arguments: '{"a": 2, "b": 2}' } }] },
        { observation: '4', action: 'It is 4.' },
      ],
    })
    expect(plain).toMatchObject({ response: 'Groß.', meta: { metadata: { source: 'hand' } } })
    expect(plain.outcome).toBeUndefined()
  })

  it('verl has its ground truth as reference and no response', () => {
    expect(read('verl')[0].rollouts?.[0]).toEqual({
      id: 'f:1',
      prompt: [{ role: 'user', content: 'How many?' }],
      reference: '72',
      columns: { dataSource: 'openai/gsm8k' },
      meta: {
        data_source: 'openai/gsm8k',
        ability: 'math',
        reward_model: { style: 'rule' },
        extra_info: { split: 'train', index: 0, question: 'How many?', answer: '72' },
      },
    })
  })

  it('of spans has a rollout for each call of a model, and a verdict for each evaluation', () => {
    const [first, tool, flat] = read('openinference')
    expect(first.rollouts).toMatchObject([
      {
        id: 's1',
        prompt: [{ role: 'user', content: '2+2?' }],
        turns: [{ toolCalls: [{ id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":2}' } }] }],
        meta: { trace: 't1', model: 'm-1', promptTokens: 5 },
      },
    ])
    expect(tool.rollouts).toEqual([])
    expect(flat.rollouts).toMatchObject([{ id: 's3', prompt: 'hello', response: 'hi', meta: { trace: 't2' } }])
    const [otlp, sdk] = read('otel')
    expect(otlp.rollouts).toMatchObject([
      {
        id: 's1',
        response: 'It rains.',
        prompt: [
          { role: 'user', content: 'Weather?' },
          { role: 'assistant', content: null, tool_calls: [{ id: 'c1', function: { name: 'weather' } }] },
          { role: 'tool', content: 'rain', tool_call_id: 'c1' },
        ],
        meta: { model: 'm-1', promptTokens: 7 },
      },
    ])
    expect(otlp.verdicts).toEqual([{ id: 's1', name: 'relevance', score: 0.75, reason: 'fits' }])
    expect(sdk.rollouts).toMatchObject([{ id: 's4', prompt: [{ role: 'user', content: 'Hello' }], response: 'Hi' }])
  })

  it('hh-rlhf is cut behind the last answer both begin', () => {
    const asked = '\n\nHuman: 2+2?\n\nAssistant:'
    const pair = (chosen: string, rejected: string) => findLayout('hh-rlhf').read({ chosen, rejected }, 'f').preferences
    expect(
      pair(`${asked} 4.\n\nHuman: Sure?\n\nAssistant: Yes.`, `${asked} 4.\n\nHuman: Sure?\n\nAssistant: No.`),
    ).toEqual([{ kind: 'pair', prompt: `${asked} 4.\n\nHuman: Sure?\n\nAssistant: `, chosen: 'Yes.', rejected: 'No.' }])
    expect(pair(`${asked} 4`, `${asked}5`)).toMatchObject([{ prompt: asked, chosen: ' 4', rejected: '5' }])
  })

  it('says which field is not as it should be', () => {
    const refuse = (name: string, record: JsonRecord) => () => findLayout(name).read(record, 'f')
    expect(refuse('explicit', { prompt: 'p', chosen: 'a', rejected: 'a' })).toThrow(/differs from chosen/)
    expect(refuse('explicit', { prompt: 'p', chosen: '', rejected: 'a' })).toThrow(/not blank in field chosen/)
    expect(refuse('implicit', { chosen: [{ role: 'user' }], rejected: 'a' })).toThrow(/expected text in field chosen/)
    expect(refuse('stepwise', { prompt: 'p', completions: ['a'], labels: [] })).toThrow(
      /at least one entry in field labels/,
    )
    expect(refuse('chat', { messages: [{ role: 'assistant', content: null }] })).toThrow(/messages\[0\]\.content/)
    expect(refuse('verl', { prompt: 'p', reward_model: 3 })).toThrow(/an object in field reward_model/)
    expect(refuse('unpaired', { prompt: 'p', completion: 'c', label: 2 })).toThrow(/in field label; got 2/)
    expect(() => detectLayout({ cats: 3 })).toThrow(/the fields of a layout in the record; got the fields \["cats"\]/)
    expect(() => detectLayout(3)).toThrow(/expected an object/)
    expect(() => findLayout('hh_rlhf')).toThrow(/no layout "hh_rlhf"/)
    expect(() => findLayout('openai').write?.({ kind: 'steps', prompt: 'p', steps: [], labels: [] } as never)).toThrow(
      /layout openai has a form for; got "steps"/,
    )
  })

  it('keeps every record of a layout that can be written, whatever stands in it', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter(one => one.trim() !== '')
    const said = (role: string) => fc.record({ role: fc.constant(role), content: text })
    const extra = fc.record(
      { margin: fc.integer(), user: fc.oneof(text, fc.nat()), note: fc.jsonValue() },
      { requiredKeys: [] },
    )
    const merged = (record: fc.Arbitrary<object>) =>
      fc.tuple(record, extra).map(([given, more]) => JSON.parse(JSON.stringify({ ...given, ...more })) as JsonRecord)
    const conversation = fc.tuple(said('user'), said('assistant')).map(turns => [...turns])
    const arbitraries: Record<string, fc.Arbitrary<JsonRecord>> = {
      explicit: merged(fc.record({ prompt: fc.oneof(text, conversation), chosen: text, rejected: conversation })),
      implicit: merged(
        fc
          .tuple(said('user'), said('assistant'), conversation)
          .map(([asked, answer, more]) => ({ chosen: [asked, answer], rejected: [asked, more[1], ...more] })),
      ),
      'hh-rlhf': merged(
        fc.record({ chosen: text, rejected: text }).map(({ chosen, rejected }) => ({
          chosen: `\n\nHuman: q\n\nAssistant: ${chosen}`,
          rejected: `\n\nHuman: q\n\nAssistant:${rejected}`,
        })),
      ),
      unpaired: merged(fc.record({ prompt: text, completion: text, label: fc.boolean() })),
      stepwise: merged(
        fc.record({ prompt: text, completions: fc.tuple(text, text), labels: fc.tuple(fc.boolean(), fc.boolean()) }),
      ),
      openai: merged(
        fc.record({
          input: fc.record({ messages: fc.tuple(said('user')), tools: fc.array(fc.jsonValue()) }),
          preferred_output: fc.tuple(said('assistant')),
          non_preferred_output: fc.tuple(said('assistant')),
        }),
      ),
      chat: merged(fc.record({ messages: conversation })),
      completion: merged(fc.record({ prompt: text, completion: text })),
      verl: merged(
        fc.record({
          data_source: text,
          prompt: fc.tuple(said('user')),
          reward_model: fc.record({ style: text, ground_truth: text }),
          extra_info: fc.dictionary(fc.string({ minLength: 1, unit: fc.constantFrom('a', 'b') }), fc.jsonValue()),
        }),
      ),
    }
    for (const [name, arbitrary] of Object.entries(arbitraries)) {
      const layout = findLayout(name)
      fc.assert(
        fc.property(arbitrary, record => {
          fc.pre(JSON.stringify(record['chosen'] ?? 1) !== JSON.stringify(record['rejected'] ?? 2))
          fc.pre(
            JSON.stringify(record['preferred_output'] ?? 1) !== JSON.stringify(record['non_preferred_output'] ?? 2),
          )
          expect(again(layout, record)).toEqual(record)
        }),
        { seed: 2, numRuns: 40 },
      )
    }
  })
})
