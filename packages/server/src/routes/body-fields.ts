import type { z } from '@guerdon/core'
import {
  batchFromRollouts,
  firstExpectation,
  formatPath,
  GuerdonError,
  type Recipe,
  type RolloutBatch,
} from '@guerdon/core'
import { kindOf, likelyRoute } from '../adapters/adapter.ts'
import { RequestError } from '../http/request-error.ts'

/** The body as `schema` describes it. Throws 422 with the path, suggesting the route that would take what came. */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const { path, expected, hint } = firstExpectation(parsed.error, body)
  const value = path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    body,
  )
  const place = formatPath(path) || 'the whole body'
  const other = likelyRoute(body)
  const suggestion = other === undefined || other === '/v1/score' ? hint : `what came looks like ${other}`
  throw new RequestError(422, 'invalid_input', `expected ${expected}; got ${kindOf(value)} — ${place}`, {
    path,
    ...(suggestion === undefined ? {} : { hint: suggestion }),
  })
}

/** Throws 413 for too many items. */
export function assertFew(count: number, most: number, name: string): void {
  if (count <= most) return
  throw new RequestError(413, 'too_large', `expected at most ${most} items; got ${count} — ${name}`, { path: [name] })
}

/** A batch of rollout records. Throws 422 whose path begins with the index of the record. */
export function batchOf(records: readonly unknown[], declare: Recipe['needs']): RolloutBatch {
  return batchFromRollouts(records, {
    declare,
    onError: (error, index) => {
      const path = ['rollouts', index, ...(error.path ?? [])]
      throw new GuerdonError(error.code, `${error.message} (${formatPath(path)})`, { ...error.toJSON(), path })
    },
  })
}
