import { z } from '@guerdon/core'
import { answerTrainer } from '../adapters/answer.ts'
import { adapters } from '../adapters/index.ts'
import { aggregateMetrics, seedSession } from '../adapters/nemo-gym-session.ts'
import { advantages } from './advantages.ts'
import { groupRequest, groupResponse } from './group-schemas.ts'
import { scoreGroup } from './groups.ts'
import { runFunction } from './method-functions.ts'
import type { Route } from './route.ts'
import {
  advantagesRequest,
  advantagesResponse,
  explainRequest,
  explainResponse,
  scoreRequest,
  scoreResponse,
} from './schemas.ts'
import { explainItem, scoreBatch } from './score.ts'

const native: readonly Route[] = [
  {
    name: 'score',
    paths: ['/v1/score'],
    about: 'Scores rollouts; those of one group are scored together.',
    request: scoreRequest,
    response: scoreResponse,
    handle: scoreBatch,
  },
  {
    name: 'group',
    paths: ['/v1/groups/:id/rollouts'],
    about: 'Adds rollouts to a group and waits until it is whole or its time is up; all who wait get the same answer.',
    request: groupRequest,
    response: groupResponse,
    handle: scoreGroup,
  },
  {
    name: 'advantages',
    paths: ['/v1/advantages'],
    about: 'Runs one estimator, without state, on groups of scores or on rollouts.',
    request: advantagesRequest,
    response: advantagesResponse,
    binary: true,
    handle: advantages,
  },
  {
    name: 'explain',
    paths: ['/v1/explain'],
    about: 'Shows every step of the recipe for one rollout; the state of the run stays as it was.',
    request: explainRequest,
    response: explainResponse,
    handle: explainItem,
  },
  {
    name: 'function',
    paths: ['/v1/methods/:slug/:function'],
    about: "Runs a method's function, or one of its stages without state.",
    request: z.looseObject({}),
    response: z.unknown(),
    handle: runFunction,
  },
]

const trainers = adapters.map(
  (adapter): Route => ({
    name: adapter.name,
    paths: adapter.paths,
    about: `The wire format of ${adapter.source.repository} at ${adapter.source.commit}: ${adapter.expects}.`,
    request: z.unknown(),
    response: z.unknown(),
    handle: (services, call) => answerTrainer(services, adapter, call),
  }),
)

/** What NeMo Gym asks of a resources server around `/verify`. */
const nemoGymSession: readonly Route[] = [
  {
    name: 'nemo-gym-seed',
    paths: ['/seed_session'],
    about: 'Begins a session of NeMo Gym, which keeps nothing here.',
    request: z.looseObject({}),
    response: z.object({}),
    handle: async () => seedSession(),
  },
  {
    name: 'nemo-gym-metrics',
    paths: ['/aggregate_metrics'],
    about: 'Means and spreads of the rows NeMo Gym has verified, for each task and for all.',
    request: z.looseObject({ verify_responses: z.array(z.unknown()) }),
    response: z.unknown(),
    handle: async (_services, call) => aggregateMetrics(call.body),
  },
]

/** Every route that computes something from a body. */
export const routes: readonly Route[] = [...native, ...trainers, ...nemoGymSession]

const byName = new Map(routes.map(route => [route.name, route]))

/** The route counted under `name`. */
export function findRoute(name: string): Route {
  return byName.get(name) as Route
}
