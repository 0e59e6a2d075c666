import { batchFromRollouts, formatPath, GuerdonError, type Recipe, type RolloutBatch } from '@guerdon/core'
import { kindOf, likelyRoute } from '../adapters/adapter.ts'
import { RequestError } from '../http/request-error.ts'

/** The body as an object. Throws 422. */
export function bodyObject(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>
  throw new RequestError(422, 'invalid_input', `expected an object; got ${kindOf(body)} — the whole body`, { path: [] })
}

/** A list in the body. Throws 422, suggesting the route that would take what came, or 413 for too many. */
export function bodyList(body: unknown, name: string, most: number): readonly unknown[] {
  const given = bodyObject(body)[name]
  if (!Array.isArray(given)) {
    const other = likelyRoute(body)
    throw new RequestError(422, 'invalid_input', `expected a list; got ${kindOf(given)} — ${name}`, {
      path: [name],
      ...(other === undefined || other === '/v1/score' ? {} : { hint: `what came looks like ${other}` }),
    })
  }
  if (given.length <= most) return given
  throw new RequestError(413, 'too_large', `expected at most ${most} items; got ${given.length} — ${name}`, {
    path: [name],
  })
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
