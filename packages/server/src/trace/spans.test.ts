import { defineRecipe } from '@guerdon/core'
import { trace } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createRewardApp } from '../app.ts'
import { defineAsyncReward } from '../rewards/async-reward.ts'
import { quickStart } from '../testing/recipes.ts'
import { parentOf, traceHeaders } from './spans.ts'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
trace.setGlobalTracerProvider(provider)
afterAll(() => trace.disable())
beforeEach(() => exporter.reset())

const judged = defineRecipe({
  name: 'judged',
  steps: [
    defineAsyncReward({
      name: 'judge',
      score: async ({ response }) => {
        if (response === 'secret words') throw new Error('no')
        return 1
      },
    }),
  ],
})

const post = (
  recipe = quickStart,
  headers: Record<string, string> = {},
  rollouts: object[] = [{ id: 'a', prompt: 'p', response: 'secret words' }],
) =>
  createRewardApp({ recipe }).app.request('/v1/score?run=night', {
    method: 'POST',
    body: JSON.stringify({ rollouts }),
    headers: { 'content-type': 'application/json', ...headers },
  })

const parentId = (span: ReadableSpan) => span.parentSpanContext?.spanId
const named = (name: string) => exporter.getFinishedSpans().filter(span => span.name === name)

describe('traces', () => {
  it('have a span for the request, the scoring, each stage and each reward that is waited for', async () => {
    await post(judged, {}, [
      { id: 'a', prompt: 'p', response: 'x' },
      { id: 'b', prompt: 'p', response: 'secret words' },
    ])
    const [[request], [score], [stage]] = ['POST /v1/score', 'score', 'stage judge'].map(named)
    const rewards = named('reward judge')
    expect(parentId(score)).toBe(request.spanContext().spanId)
    expect(parentId(stage)).toBe(score.spanContext().spanId)
    expect(rewards.map(parentId)).toEqual([stage.spanContext().spanId, stage.spanContext().spanId])
    expect(request.attributes).toMatchObject({ 'http.route': '/v1/score', 'http.response.status_code': 200 })
    expect(score.attributes).toEqual({
      'guerdon.route': 'score',
      'guerdon.run': 'night',
      'guerdon.recipe': judged.version,
    })
    expect(stage.attributes).toEqual({ 'guerdon.stage': 'judge', 'guerdon.stage.version': 1, 'guerdon.rollouts': 2 })
    expect(rewards.map(({ attributes }) => attributes['guerdon.outcome']).sort()).toEqual(['failed', 'scored'])
    const text = JSON.stringify(
      exporter.getFinishedSpans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
    )
    expect(text).not.toMatch(/secret/)
  })

  it('have one span a stage, in order', async () => {
    await post()
    const stages = exporter.getFinishedSpans().filter(({ name }) => name.startsWith('stage '))
    expect(stages.map(({ name }) => name)).toEqual(['stage format', 'stage exact-answer', 'stage combine'])
  })

  it('go on from the traceparent of the caller', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    await post(quickStart, { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, tracestate: 'vendor=1' })
    const [request] = named('POST /v1/score')
    expect([request.spanContext().traceId, parentId(request)]).toEqual([traceId, '00f067aa0ba902b7'])
    expect(new Set(exporter.getFinishedSpans().map(span => span.spanContext().traceId))).toEqual(new Set([traceId]))
  })

  it.each(['', '00-0-0-01', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `ff-${'a'.repeat(32)}-00f067aa0ba902b7-01`])(
    'begin anew for the traceparent %j',
    async traceparent => {
      expect((await post(quickStart, { traceparent })).status).toBe(200)
      expect(parentId(named('POST /v1/score')[0])).toBeUndefined()
    },
  )

  it('tell the code of an error', async () => {
    await post(quickStart, {}, [{ id: 'a' }])
    expect(named('score')[0].status).toMatchObject({ message: 'invalid_input' })
    expect(named('POST /v1/score')[0].attributes['http.response.status_code']).toBe(422)
  })

  it('travel to another process and back as headers', () => {
    const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'vendor=1' }
    expect(traceHeaders(parentOf(headers))).toEqual(headers)
    expect(traceHeaders(parentOf({}))).toBeUndefined()
  })
})
