import type { Services } from '../services.ts'
import { readBody } from './body-fields.ts'
import { groupRequest } from './group-schemas.ts'
import type { Call } from './route.ts'
import { scoreRecords } from './score.ts'

/**
 * `POST /v1/groups/<id>/rollouts { size, rollouts }` once the parts have been put together: the group through the recipe,
 * in the order of the ids, so that the order in which its parts came decides nothing.
 */
export async function scoreGroup(services: Services, call: Call): Promise<unknown> {
  const { size, rollouts } = readBody(groupRequest, call.body)
  const answer = await scoreRecords(services, call, rollouts)
  const missing = size - rollouts.length
  return { ...answer, group: { id: call.path('id'), size, complete: missing === 0, missing } }
}
