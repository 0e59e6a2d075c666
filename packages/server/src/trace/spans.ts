import {
  type Attributes,
  type Context,
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { requestContext } from '../rewards/request-signal.ts'
import type { RunStep } from '../runs/run-states.ts'

/** Spans are recorded by whatever OpenTelemetry SDK the process has; without one all of this does nothing. */
const tracer = () => trace.getTracer('@guerdon/server')

/** A span and the context of what happens within it. */
export interface OpenSpan {
  readonly span: Span
  readonly context: Context
}

/** Where a trace stands, as the headers of W3C Trace Context tell it to another process. */
export interface TraceHeaders {
  readonly traceparent?: string
  readonly tracestate?: string
}

/** Opens the span of a request as a part of the trace its headers name. */
export function requestSpan(name: string, headers: TraceHeaders, attributes: Attributes): OpenSpan {
  return open(name, parentOf(headers), { kind: SpanKind.SERVER, attributes })
}

/** Opens a span within `parent`. */
export function childSpan(name: string, parent: Context, attributes: Attributes): OpenSpan {
  return open(name, parent, { attributes })
}

/** The headers that carry a context to another process; none when no trace is recorded. */
export function traceHeaders(within: Context): TraceHeaders | undefined {
  const known = trace.getSpanContext(within)
  if (known === undefined || !isSpanContextValid(known)) return undefined
  const flags = known.traceFlags.toString(16).padStart(2, '0')
  const state = known.traceState?.serialize()
  return {
    traceparent: `00-${known.traceId}-${known.spanId}-${flags}`,
    ...(state === undefined ? {} : { tracestate: state }),
  }
}

/** The context that headers name; the root when they name none. */
export function parentOf({ traceparent, tracestate }: TraceHeaders): Context {
  const parts = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/.exec(traceparent ?? '')
  if (parts === null) return ROOT_CONTEXT
  const [, traceId, spanId, flags] = parts
  const found = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  }
  return isSpanContextValid(found) ? trace.setSpanContext(ROOT_CONTEXT, found) : ROOT_CONTEXT
}

/** Closes a span; `code` is the code of an error, never its text, which may quote data. */
export function endSpan({ span }: OpenSpan, code?: string): void {
  if (code !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: code })
  span.end()
}

/** Runs a recipe with a span for each step within `parent`. */
export function tracedSteps(parent: Context): RunStep {
  return async (recipe, batch, state, signal) => {
    const request = requestContext()
    const begin = (index: number): OpenSpan | undefined => {
      const step = recipe.steps[index]
      if (step === undefined) return undefined
      const { name, version = 1 } = step.stage
      const opened = childSpan(`stage ${name}`, parent, {
        'guerdon.stage': name,
        'guerdon.stage.version': version,
        'guerdon.rollouts': batch.rolloutIds.length,
      })
      if (request !== undefined) request.stage = opened.context
      return opened
    }
    let current = begin(0)
    try {
      return await recipe.run(batch, state, {
        signal,
        afterStep: index => {
          if (current !== undefined) endSpan(current)
          current = begin(index + 1)
        },
      })
    } catch (error) {
      if (current !== undefined) endSpan(current, 'failed')
      throw error
    }
  }
}

function open(name: string, parent: Context, options: { kind?: SpanKind; attributes: Attributes }): OpenSpan {
  const span = tracer().startSpan(name, options, parent)
  return { span, context: trace.setSpan(parent, span) }
}
