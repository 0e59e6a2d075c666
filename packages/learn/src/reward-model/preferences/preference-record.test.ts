import type { Preference } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { preferenceRecord } from './preference-record.ts'

const user = (content: unknown) => ({ role: 'user', content: content as string })
const assistant = (content: unknown) => ({ role: 'assistant', content: content as string })
const asked = '\n\nHuman: 2+2?\n\nAssistant: '

describe('preferenceRecord', () => {
  it.each<[string, Omit<Extract<Preference, { kind: 'pair' }>, 'kind'>, string]>([
    ['texts', { prompt: '2+2?', chosen: '4', rejected: '5' }, '2+2?'],
    ['messages', { prompt: [user('2+2?')], chosen: [assistant('4')], rejected: [assistant('5')] }, asked],
    ['a text and messages', { prompt: '2+2?', chosen: [assistant('4')], rejected: [assistant('5')] }, asked],
    ['messages and texts', { prompt: [user('2+2?')], chosen: '4', rejected: '5' }, asked],
    [
      'answers that repeat the prompt',
      { prompt: '2+2?', chosen: [user('2+2?'), assistant('4')], rejected: [user('2+2?'), assistant('5')] },
      asked,
    ],
    ['marked text', { prompt: asked, chosen: '4', rejected: '5' }, asked],
    ['marked text whose blank only one answer has', { prompt: asked.trimEnd(), chosen: ' 4', rejected: '5' }, asked],
    ['no prompt', { prompt: [], chosen: [assistant('4')], rejected: [assistant('5')] }, '\n\nAssistant: '],
  ])('reads a pair of %s', (_, pair, prompt) => {
    expect(preferenceRecord({ kind: 'pair', ...pair, margin: 2, meta: { a: 1 } })).toEqual({
      kind: 'pair',
      prompt,
      chosen: '4',
      rejected: '5',
      margin: 2,
    })
  })

  it('keeps the numbers of embeddings', () => {
    expect(preferenceRecord({ kind: 'pair', chosen: [1, 2], rejected: [3, 4], user: 'a' })).toEqual({
      kind: 'pair',
      prompt: [],
      chosen: [1, 2],
      rejected: [3, 4],
      user: 'a',
    })
  })

  it('writes tool calls alike, whether their arguments are an object or text, and joins parts', () => {
    const call = (given: unknown) => ({
      role: 'assistant',
      content: null,
      tool_calls: [{ function: { name: 'add', arguments: given } }],
    })
    for (const given of [{ b: 2, a: 1 }, '{"a": 1, "b": 2}']) {
      const prompt = [
        user([
          { type: 'text', text: '2' },
          { type: 'text', text: '+2?' },
        ]),
      ]
      const pair = { kind: 'pair', prompt, chosen: [call(given)], rejected: [assistant('5')] } as const
      expect(preferenceRecord(pair)).toMatchObject({
        prompt: asked,
        chosen: '{"arguments":{"a":1,"b":2},"name":"add"}',
      })
    }
  })

  it('reads ratings, labels, steps and choices', () => {
    expect(
      preferenceRecord({
        kind: 'rated',
        prompt: 'p',
        responses: [{ text: '4', score: 9, attributes: {}, meta: { model: 'm' } }],
      }),
    ).toEqual({ kind: 'rated', prompt: 'p', responses: [{ text: '4', score: 9, attributes: {} }] })
    expect(
      preferenceRecord({
        kind: 'labelled',
        prompt: [user('2+2?')],
        response: [assistant('4'), assistant('!')],
        label: 1,
      }),
    ).toEqual({ kind: 'labelled', prompt: asked, response: '4\n!', label: 1 })
    expect(preferenceRecord({ kind: 'steps', prompt: 'p', steps: ['a'], labels: [null], meta: {} })).toEqual({
      kind: 'steps',
      prompt: 'p',
      steps: ['a'],
      labels: [null],
    })
    expect(
      preferenceRecord({ kind: 'choice', id: '1', prompt: 'p', correct: ['a'], incorrect: ['b'], subset: 's' }),
    ).toEqual({ kind: 'choice', id: '1', prompt: 'p', correct: ['a'], incorrect: ['b'], subset: 's' })
  })

  it('names the field it cannot read', () => {
    const pair = (chosen: unknown) =>
      preferenceRecord({ kind: 'pair', prompt: 'p', chosen: chosen as string, rejected: [assistant('5')] })
    expect(() => pair(' ')).toThrow(/text that is not blank in field chosen/)
    expect(() => pair([{ role: 'user', content: 'x' }])).toThrow(/a response by the role assistant in field chosen/)
    expect(() => pair([user('q'), assistant('a'), user('b')])).toThrow(/a last message by the role assistant/)
    expect(() => pair([assistant('a'), { role: 'cat', content: 'b' }])).toThrow(
      /one of system, .* in field chosen\[0\]\.role/,
    )
    expect(() =>
      pair([{ role: 'assistant', content: null, tool_calls: [{ function: { name: 'f', arguments: '{' } }] }]),
    ).toThrow(/JSON in field chosen\[?.*arguments/)
  })
})
