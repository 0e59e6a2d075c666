import { type Failure, GuerdonError, type Outcome, outcomeAt, type RolloutBatch, type Signal } from '@guerdon/core'
import { RequestError } from '../http/request-error.ts'
import type { Call } from '../routes/route.ts'
import type { Services } from '../services.ts'
import { type TextItem, textBatch } from '../text-batch.ts'
import type { Adapter, AdapterItem, AdapterResults } from './adapter.ts'
import { numbersOrNull } from './adapter.ts'

/** Answers one request of a trainer: its items through the recipe, the failure policy, the trainer's form of the answer. */
export async function answerTrainer(services: Services, adapter: Adapter, call: Call): Promise<unknown> {
  const query = (name: string) => call.query(name)
  const items = adapter.read(call.body, query)
  if (items.length > services.limits.items) {
    throw new RequestError(413, 'too_large', `expected at most ${services.limits.items} items; got ${items.length}`)
  }
  if (items.length === 0) return adapter.write({ rewards: [], components: new Map(), outcomes: [] }, query, call.body)
  const sound = items.filter((item): item is TextItem => !('failure' in item))
  const scored = sound.length === 0 ? nothingScored : await score(services, call, sound)
  const merged = sound.length === items.length ? scored : withFailures(items, scored)
  services.metrics.items(adapter.name, merged.outcomes)
  if (adapter.tellsUnscored) return adapter.write(merged, query, call.body)
  return adapter.write(withPolicy(services, adapter, items, merged), query, call.body)
}

type Scored = Omit<AdapterResults, 'rewards'>

const nothingScored: Scored = { outcomes: [], components: new Map() }

async function score(services: Services, call: Call, items: readonly TextItem[]): Promise<Scored> {
  const { recipe, runs } = services
  const { batch } = await runs.score(call.run, textBatch(items, recipe.needs), call.signal)
  const final = batch.columns.get(recipe.final) as Signal
  if (final.level !== 'rollout') {
    throw new GuerdonError(
      'unsupported',
      `expected a reward for each rollout; ${recipe.final} has one for each ${final.level}`,
      {
        hint: 'end the recipe with a step that moves it to the rollout, such as "move"',
      },
    )
  }
  const places = placesOf(items, batch)
  const components = new Map<string, (number | null)[]>()
  for (const { name } of recipe.writes) {
    const column = batch.columns.get(name)
    if (name === recipe.final || column?.kind !== 'number' || column.level !== 'rollout') continue
    const values = numbersOrNull(column)
    components.set(
      name.slice('rollout.'.length),
      places.map(place => values[place]),
    )
  }
  return { components, outcomes: places.map(place => outcomeAt(final, place)) }
}

/** [N] where each item stands in its batch; groups are put together there. */
function placesOf(items: readonly TextItem[], batch: RolloutBatch): readonly number[] {
  if (items.every(({ group }) => group === undefined)) return items.map((_, i) => i)
  const placeOf = new Map(batch.rolloutIds.map((id, place) => [id, place]))
  return items.map((_, i) => placeOf.get(String(i)) as number)
}

/** Puts items that could not be read back into their places. */
function withFailures(items: readonly AdapterItem[], scored: Scored): Scored {
  let next = 0
  const source = items.map(item => ('failure' in item ? -1 : next++))
  const outcomes = items.map(
    (item, i): Outcome =>
      'failure' in item ? { status: 'failed', failure: item.failure } : scored.outcomes[source[i]],
  )
  const components = new Map(
    [...scored.components].map(([name, values]) => [name, source.map(i => (i < 0 ? null : values[i]))]),
  )
  return { outcomes, components }
}

/** A number for every item, or 503 (422 when the request itself is at fault) naming the first item without one. */
function withPolicy(
  services: Services,
  adapter: Adapter,
  items: readonly AdapterItem[],
  { outcomes, components }: Scored,
): AdapterResults {
  const missing = outcomes.filter(outcome => outcome.status !== 'scored').length
  if (missing > 0)
    services.metrics.unscored(adapter.name, services.unscored === 'refuse' ? 'refused' : 'replaced', missing)
  const rewards = outcomes.map((outcome, i) => {
    if (outcome.status === 'scored') return outcome.value
    if (services.unscored !== 'refuse') return services.unscored
    const item = items[i]
    const atFault = 'failure' in item
    throw new RequestError(
      atFault ? 422 : 503,
      atFault ? 'invalid_input' : 'unscored',
      `expected a number for every item; item ${i} ${words(outcome)} (${missing} of ${items.length} have none)`,
      {
        path: atFault ? item.path : [i],
        hint: 'a missing reward is never sent as 0; start the server with --unscored VALUE to send a value in its place',
        ...(atFault ? {} : { retryAfterSeconds: 1 }),
      },
    )
  })
  return { rewards, components, outcomes }
}

function words(outcome: Outcome): string {
  if (outcome.status !== 'failed') return 'abstained'
  const { class: failureClass, message }: Failure = outcome.failure
  return `failed(${failureClass}): ${message}`
}
