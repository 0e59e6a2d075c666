import type { Rollout } from '@guerdon/core'
import { RequestError } from '../http/request-error.ts'
import type { Services } from '../services.ts'
import { assertFew, batchOf, readBody } from './body-fields.ts'
import { itemResults } from './items.ts'
import type { Call } from './route.ts'
import { explainRequest, scoreRequest } from './schemas.ts'

/**
 * `POST /v1/score { rollouts: [record, …] }` → `{ items, counts, provenance }`: each rollout through the recipe, in the order
 * sent; rollouts of one group are scored together. A bad record is 422 for the whole request, as the others of its group
 * would be compared with a gap.
 */
export async function scoreBatch(services: Services, call: Call): Promise<unknown> {
  return await scoreRecords(services, call, readBody(scoreRequest, call.body).rollouts)
}

/** Records through the recipe, as `scoreBatch` answers them. */
export async function scoreRecords(services: Services, call: Call, records: readonly unknown[]): Promise<object> {
  const { recipe, runs, limits } = services
  assertFew(records.length, limits.items, 'rollouts')
  const given = batchOf(records, recipe.needs)
  const counts = { scored: 0, abstained: 0, failed: 0 }
  if (given.rolloutIds.length === 0) return { items: [], counts, provenance: provenance(services, call.run, 0) }
  const { batch, update } = await runs.score(call.run, given, call.signal)
  const ids = (records as Pick<Rollout, 'id'>[]).map(({ id }) => id)
  const { items, outcomes } = itemResults(recipe, batch, ids)
  services.metrics.items('score', outcomes)
  for (const { status } of items) counts[status]++
  return { items, counts, provenance: provenance(services, call.run, update) }
}

/**
 * `POST /v1/explain { rollouts: [record, …], id }` → every step of the recipe for the rollout `id`, with what each part added.
 * The run's state is used and left as it was.
 */
export async function explainItem(services: Services, call: Call): Promise<unknown> {
  const { recipe, runs, limits } = services
  const { rollouts: records, id } = readBody(explainRequest, call.body)
  assertFew(records.length, limits.items, 'rollouts')
  const wanted = id ?? (records.length === 1 ? (records[0] as { id?: unknown } | null)?.id : undefined)
  const given = batchOf(records, recipe.needs)
  if (typeof wanted !== 'string' || !given.rolloutIds.includes(wanted)) {
    throw new RequestError(422, 'unknown_name', 'expected the id of one of the rollouts; got none of them — id', {
      path: ['id'],
    })
  }
  const { batch, update } = await runs.preview(call.run, given, call.signal)
  return { explanation: recipe.explain(batch, wanted), provenance: provenance(services, call.run, update) }
}

/** How the numbers of an answer were made. */
export function provenance({ recipe }: Services, run: string, update: number): unknown {
  return {
    recipe: { name: recipe.name, version: recipe.version, final: recipe.final },
    stages: recipe.steps.map(({ stage }) => ({ name: stage.name, version: stage.version ?? 1 })),
    run,
    update,
  }
}
