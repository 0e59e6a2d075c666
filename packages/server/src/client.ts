import type { Rollout, z } from '@guerdon/core'
import { type BinaryBatch, batchContentType, decodeBatch, encodeBatch } from './binary/layout.ts'
import { type ClientOptions, createSender, type SendOptions } from './client/send.ts'
import type { groupResponse } from './routes/group-schemas.ts'
import type { reloadResponse } from './routes/reload.ts'
import type { advantagesRequest, advantagesResponse, explainResponse, scoreResponse } from './routes/schemas.ts'

export { type BinaryBatch, type BinaryColumn, decodeBatch, encodeBatch } from './binary/layout.ts'
export type { ClientOptions, SendOptions } from './client/send.ts'
export { RequestError } from './http/request-error.ts'

/** Choices of a call that belongs to a run. */
export interface RunOptions extends SendOptions {
  /** The run whose state is used. Default `default`. */
  readonly run?: string
}

export type ScoreAnswer = z.output<typeof scoreResponse>
export type GroupAnswer = z.output<typeof groupResponse>
export type ExplainAnswer = z.output<typeof explainResponse>
export type AdvantagesRequest = z.input<typeof advantagesRequest>
export type AdvantagesAnswer = z.output<typeof advantagesResponse>
export type ReloadAnswer = z.output<typeof reloadResponse>

/** One part of a group. */
export interface GroupPart {
  /** Rollouts of the whole group. */
  readonly size: number
  readonly rollouts: readonly Rollout[]
  /** Milliseconds from the first rollout after which the group is scored as it is. */
  readonly waitMs?: number
}

/** A reward server, asked over HTTP. Every method throws `RequestError` when retries are used up or make no sense. */
export interface Client {
  score(rollouts: readonly Rollout[], options?: RunOptions): Promise<ScoreAnswer>
  /** Waits until the group is whole or its time is up; every part gets the same answer. */
  addToGroup(id: string, part: GroupPart, options?: RunOptions): Promise<GroupAnswer>
  explain(rollouts: readonly Rollout[], id: string, options?: RunOptions): Promise<ExplainAnswer>
  advantages(request: AdvantagesRequest, options?: SendOptions): Promise<AdvantagesAnswer>
  /** The same in the binary layout; `metadata` holds `use`, and `with`, `columns` and `precision` where wanted. */
  binaryAdvantages(batch: BinaryBatch, options?: SendOptions): Promise<BinaryBatch>
  /** Runs a method's function or one of its stages. */
  call(slug: string, name: string, input: unknown, options?: SendOptions): Promise<unknown>
  methods(options?: SendOptions): Promise<unknown>
  method(slug: string, options?: SendOptions): Promise<unknown>
  /** Uses another recipe (as in a recipe file), or reads the server's file again. */
  reload(recipe?: Readonly<Record<string, unknown>>, options?: SendOptions): Promise<ReloadAnswer>
  /** True when it takes work. */
  ready(options?: SendOptions): Promise<boolean>
}

/** A client of the server at `url`, for Node and browsers. Each call has a key of its own, so that a retry counts once. */
export function createClient(url: string, options: ClientOptions = {}): Client {
  const send = createSender(url, options)
  const post = async <Answer>(path: string, body: unknown, how: SendOptions = {}): Promise<Answer> => {
    const content = { type: 'application/json', body: JSON.stringify(body) }
    return (await (await send('POST', path, how, content)).json()) as Answer
  }
  const get = async (path: string, how: SendOptions = {}): Promise<unknown> =>
    (await (await send('GET', path, how)).json()) as unknown
  const inRun = (path: string, { run }: RunOptions = {}) =>
    run === undefined ? path : `${path}?run=${encodeURIComponent(run)}`
  const part = encodeURIComponent
  return {
    score: (rollouts, how) => post(inRun('/v1/score', how), { rollouts }, how),
    addToGroup: (id, given, how) => post(inRun(`/v1/groups/${part(id)}/rollouts`, how), given, how),
    explain: (rollouts, id, how) => post(inRun('/v1/explain', how), { rollouts, id }, how),
    advantages: (request, how) => post('/v1/advantages', request, how),
    binaryAdvantages: async (batch, how = {}) => {
      const content = { type: batchContentType, body: encodeBatch(batch) }
      const answer = await send('POST', '/v1/advantages', how, content)
      return decodeBatch(new Uint8Array(await answer.arrayBuffer()))
    },
    call: (slug, name, input, how) => post(`/v1/methods/${part(slug)}/${part(name)}`, input, how),
    methods: how => get('/v1/methods', how),
    method: (slug, how) => get(`/v1/methods/${part(slug)}`, how),
    reload: (recipe, how) => post('/v1/recipe', recipe === undefined ? {} : { recipe }, how),
    ready: async how => {
      const answer = (await get('/ready', { ...how, retries: 0 }).catch(() => undefined)) as { ready?: boolean }
      return answer?.ready === true
    },
  }
}
