import { describe, expect, it } from 'vitest'
import { detectLayout, findLayout, layouts, readPreference } from './layouts.ts'

const user = (content: unknown) => ({ role: 'user', content })
const assistant = (content: unknown) => ({ role: 'assistant', content })
const read = (record: object) => {
  const layout = detectLayout(record)
  return { layout: layout.name, ...readPreference(record, layout) }
}
const asked = '\n\nHuman: 2+2?\n\nAssistant: '

describe('a preference layout', () => {
  it.each([
    [
      'explicit',
      { prompt: '2+2?', chosen: '4', rejected: '5', margin: 2, user: 3 },
      { prompt: '2+2?', margin: 2, user: '3' },
    ],
    ['explicit', { prompt: [user('2+2?')], chosen: [assistant('4')], rejected: [assistant('5')] }, { prompt: asked }],
    [
      'explicit',
      { prompt: '2+2?', chosen: [user('2+2?'), assistant('4')], rejected: [user('2+2?'), assistant('5')] },
      { prompt: asked },
    ],
    [
      'implicit',
      { chosen: [user('2+2?'), assistant('4')], rejected: [user('2+2?'), assistant('5')] },
      { prompt: asked },
    ],
    ['implicit', { chosen: 'It is 4', rejected: 'It is 5' }, { prompt: 'It is ' }],
    ['hh-rlhf', { chosen: `${asked}4`, rejected: `${asked}5` }, { prompt: asked }],
    [
      'openai',
      {
        input: { messages: [user('2+2?')] },
        preferred_output: [assistant('4')],
        non_preferred_output: [assistant('5')],
      },
      { prompt: asked },
    ],
    [
      'rewardbench',
      { prompt: '2+2?', chosen: '4', rejected: '5', subset: 'math-prm', chosen_model: 'a', id: 7 },
      { subset: 'math-prm', id: '7' },
    ],
    [
      'ultrafeedback-binarized',
      {
        prompt: '2+2?',
        chosen: [user('2+2?'), assistant('4')],
        rejected: [user('2+2?'), assistant('5')],
        score_chosen: 8,
        score_rejected: 5.5,
      },
      { prompt: asked, margin: 2.5 },
    ],
  ])('%s is a pair', (layout, record, expected) => {
    expect(read(record)).toMatchObject({ layout, kind: 'pair', chosen: '4', rejected: '5', ...expected })
  })

  it('of embeddings keeps their numbers', () => {
    expect(read({ chosen: [1, 2], rejected: [3, 4], user: 'a' })).toEqual({
      layout: 'embeddings',
      kind: 'pair',
      prompt: [],
      chosen: [1, 2],
      rejected: [3, 4],
      user: 'a',
    })
  })

  it('of HH-RLHF is cut behind the last answer both begin, later turns staying with it', () => {
    const first = `${asked}4.\n\nHuman: Sure?\n\nAssistant: Yes.`
    expect(read({ chosen: first, rejected: `${asked}5.\n\nHuman: Sure?\n\nAssistant: No.` })).toMatchObject({
      prompt: asked,
      chosen: '4.\n\nHuman: Sure?\n\nAssistant: Yes.',
    })
    expect(read({ chosen: first, rejected: first.replace('Yes.', 'No.') })).toMatchObject({
      prompt: `${asked}4.\n\nHuman: Sure?\n\nAssistant: `,
      chosen: 'Yes.',
      rejected: 'No.',
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
      expect(read({ prompt, chosen: [call(given)], rejected: [assistant('5')] })).toMatchObject({
        prompt: asked,
        chosen: '{"arguments":{"a":1,"b":2},"name":"add"}',
      })
    }
  })

  it('of ratings keeps each, and passes over what does not apply', () => {
    const completion = (response: string, rating: string, overall_score: number) => ({
      response,
      overall_score,
      annotations: { helpfulness: { Rating: rating }, honesty: { Rating: 'N/A' } },
    })
    expect(read({ instruction: '2+2?', completions: [completion('4', '5', 9), completion('5', '2', 3)] })).toEqual({
      layout: 'ultrafeedback',
      kind: 'rated',
      prompt: '2+2?',
      responses: [
        { text: '4', score: 9, attributes: { helpfulness: 5 } },
        { text: '5', score: 3, attributes: { helpfulness: 2 } },
      ],
    })
  })

  it('of steps has a label or none for each', () => {
    expect(read({ prompt: 'p', completions: ['a', 'b'], labels: [true, 0.25] })).toMatchObject({
      steps: ['a', 'b'],
      labels: [1, 0.25],
    })
    const step = (...ratings: (number | null)[]) => ({
      completions: ratings.map((rating, i) => ({ text: `t${i}`, rating })),
    })
    const record = {
      question: { problem: 'p' },
      label: {
        steps: [
          { ...step(-1, 1), chosen_completion: 1 },
          step(0),
          step(null),
          step(-1),
          { ...step(-1), human_completion: { text: 'h' } },
        ],
      },
    }
    expect(read(record)).toMatchObject({
      layout: 'prm800k',
      steps: ['t1', 't0', 't0', 't0', 'h'],
      labels: [1, 1, null, 0, 1],
    })
  })

  it('of single labels and of choices', () => {
    expect(read({ prompt: 'p', completion: 'a', label: false })).toEqual({
      layout: 'unpaired',
      kind: 'labelled',
      prompt: 'p',
      response: 'a',
      label: 0,
    })
    expect(read({ id: 1, prompt: 'p', chosen: ['a'], rejected: ['b', 'c'], subset: 'Math' })).toEqual({
      layout: 'rewardbench-2',
      kind: 'choice',
      id: '1',
      prompt: 'p',
      correct: ['a'],
      incorrect: ['b', 'c'],
      subset: 'Math',
    })
  })

  it('is found by its name, or not', () => {
    for (const layout of layouts) expect(findLayout(layout.name)).toBe(layout)
    expect(() => findLayout('hh_rlhf')).toThrow(/no layout "hh_rlhf"/)
    expect(() => detectLayout([])).toThrow(/expected an object in the record; got \[\]/)
  })
})
