import { isRecord, type JsonRecord } from '@guerdon/core'

/** One span of a trace, whatever file it came from. */
export interface Span {
  readonly trace: string | undefined
  readonly id: string | undefined
  readonly name: string | undefined
  readonly attributes: JsonRecord
  readonly events: readonly { readonly name: string; readonly attributes: JsonRecord }[]
}

/**
 * The spans of a record: a request of OTLP as JSON (`resourceSpans`), or one span, with its attributes as an object, as
 * OTLP's list of keys and values, or each in a field `attributes.<name>`.
 */
export function spansOf(record: JsonRecord): Span[] {
  const resources = record['resourceSpans'] ?? record['resource_spans']
  if (!Array.isArray(resources)) return [spanOf(record)]
  return resources.filter(isRecord).flatMap(resource =>
    list(resource['scopeSpans'] ?? resource['scope_spans'])
      .flatMap(scope => list(scope['spans']))
      .map(spanOf),
  )
}

/** True when a record is a span, or a request with spans, that has an attribute beginning with `prefix`. */
export function hasAttribute(record: JsonRecord, prefix: string): boolean {
  const isSpan = ['resourceSpans', 'resource_spans', 'attributes', 'spanId', 'span_id', 'context.span_id'].some(
    name => record[name] !== undefined,
  )
  return isSpan && spansOf(record).some(({ attributes }) => Object.keys(attributes).some(key => key.startsWith(prefix)))
}

function spanOf(record: JsonRecord): Span {
  const context = isRecord(record['context']) ? record['context'] : {}
  const trace = record['traceId'] ?? record['trace_id'] ?? context['trace_id'] ?? record['context.trace_id']
  const id = record['spanId'] ?? record['span_id'] ?? context['span_id'] ?? record['context.span_id']
  return {
    trace: text(trace),
    id: text(id),
    name: text(record['name']),
    attributes: attributesOf(record),
    events: list(record['events']).map(event => ({
      name: text(event['name']) ?? '',
      attributes: attributesOf(event),
    })),
  }
}

function attributesOf(record: JsonRecord): JsonRecord {
  const given = record['attributes']
  if (Array.isArray(given)) {
    return Object.fromEntries(given.filter(isRecord).map(({ key, value }) => [String(key), anyValue(value)]))
  }
  if (isRecord(given)) return flattened(given)
  const named = Object.entries(record).filter(([name, value]) => name.startsWith('attributes.') && value !== null)
  return flattened(Object.fromEntries(named.map(([name, value]) => [name.slice('attributes.'.length), value])))
}

/** A value of OTLP: `{ stringValue }`, `{ intValue }`, `{ arrayValue: { values } }` … */
function anyValue(value: unknown): unknown {
  if (!isRecord(value)) return value
  if (isRecord(value['arrayValue'])) return list(value['arrayValue']['values']).map(anyValue)
  if (isRecord(value['kvlistValue'])) return attributesOf({ attributes: value['kvlistValue']['values'] })
  if (value['intValue'] !== undefined) return Number(value['intValue'])
  return value['stringValue'] ?? value['doubleValue'] ?? value['boolValue']
}

/** Nested attributes with their names joined by dots, as `llm.output_messages.0.message.role`. */
function flattened(given: JsonRecord, prefix = '', result: Record<string, unknown> = {}): JsonRecord {
  for (const [name, value] of Object.entries(given)) {
    const nested = isRecord(value) || (Array.isArray(value) && value.some(isRecord))
    if (nested && !name.startsWith('gen_ai.')) flattened({ ...(value as object) }, `${prefix}${name}.`, result)
    else result[prefix + name] = value
  }
  return result
}

function list(value: unknown): JsonRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
