import {
  bindStage,
  type ColumnName,
  coreStages,
  defineRecipe,
  type Outcome,
  type RolloutBatch,
  type Stage,
  stageRegistry,
} from '@guerdon/core'
import { findStage, methodStages } from '@guerdon/methods'
import { kindOf } from '../adapters/adapter.ts'
import type { Call } from '../http/endpoint.ts'
import { RequestError } from '../http/request-error.ts'
import type { Services } from '../services.ts'
import { batchOf, bodyList, bodyObject } from './body-fields.ts'
import { createReader } from './items.ts'

const registry = stageRegistry([...coreStages, ...methodStages])

/**
 * `POST /v1/advantages { use, with?, columns?, groups | rollouts }`: one estimator on a group or a batch, without state.
 *
 * - `groups: [{ id?, scores: [number | null, …] }, …]` → `{ groups: [{ id, advantages: [number | outcome, …] }] }`; null is a
 *   rollout without a score;
 * - `rollouts: [record, …]` → `{ items: [{ id, group, columns }] }` with every column the estimator writes, for estimators of
 *   turns and tokens. `rollout.score` is the record's column `score`, or its `outcome` when no record has one.
 */
export async function advantages(services: Services, call: Call): Promise<unknown> {
  const body = bodyObject(call.body)
  const stage = readStage(body)
  const byScores = body['groups'] !== undefined
  const batch = byScores
    ? batchOfScores(bodyList(body, 'groups', services.limits.items), services.limits.items)
    : batchOf(bodyList(body, 'rollouts', services.limits.items), [])
  const provenance = { estimator: stage.name, version: stage.version ?? 1, options: stage.options }
  if (batch.rolloutIds.length === 0) return byScores ? { groups: [], provenance } : { items: [], provenance }
  const renamed = { ...(batch.columns.has('rollout.score') ? {} : outcomeAsScore(stage)), ...readColumns(body) }
  const recipe = defineRecipe({
    name: stage.name,
    steps: [{ stage, columns: renamed }],
    available: [...batch.columns].map(([name, { kind }]) => ({ name, kind })),
  })
  const { batch: done } = await recipe.run(batch, undefined, { signal: call.signal })
  const read = createReader(done)
  const final = done.columns.get(recipe.final)
  const outcomes: Outcome[] = []
  const rows = done.rolloutIds.map((id, r) => {
    if (final !== undefined) outcomes.push(...read.outcomes(final, r))
    const columns = recipe.writes.flatMap(({ name }) => {
      const column = done.columns.get(name)
      return column === undefined ? [] : [[name, read.cells(column, r)]]
    })
    return {
      id,
      group: done.groupIds[read.groupOf(r)],
      columns: Object.fromEntries(columns) as Record<string, unknown>,
    }
  })
  services.metrics.items('advantages', outcomes)
  if (!byScores) return { items: inOrder(rows, body['rollouts'] as { id: string }[]), provenance }
  const groups = done.groupIds.map((id, g) => ({
    id,
    advantages: rows.slice(done.groupOffsets[g], done.groupOffsets[g + 1]).map(({ columns }) => columns[recipe.final]),
  }))
  return { groups, provenance }
}

function readStage(body: Readonly<Record<string, unknown>>): Stage {
  const use = body['use']
  if (typeof use !== 'string') {
    throw new RequestError(422, 'invalid_input', `expected the name of an estimator; got ${kindOf(use)} — use`, {
      path: ['use'],
      hint: 'for example "grpo", "rloo" or "gae"; GET /v1/methods lists the stages of every method',
    })
  }
  return bindStage(registry.get(use) ?? findStage(use), body['with'] ?? {})
}

function readColumns(body: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = body['columns'] ?? {}
  const sound =
    typeof given === 'object' && !Array.isArray(given) && Object.values(given).every(name => typeof name === 'string')
  if (sound) return { ...(given as Record<string, string>) }
  throw new RequestError(422, 'invalid_input', `expected an object of column names; got ${kindOf(given)} — columns`, {
    path: ['columns'],
  })
}

function outcomeAsScore(stage: Stage): Record<string, ColumnName> {
  return stage.reads.some(({ name }) => name === 'rollout.score') ? { 'rollout.score': 'rollout.outcome' } : {}
}

function batchOfScores(groups: readonly unknown[], most: number): RolloutBatch {
  const names = new Set<string>()
  const records = groups.flatMap((group, g) => {
    const { id, scores } = (typeof group === 'object' && group !== null ? group : {}) as Record<string, unknown>
    const fault = (path: (string | number)[], expected: string, got: string): never => {
      const at = ['groups', g, ...path]
      throw new RequestError(422, 'invalid_input', `expected ${expected}; got ${got} — ${at.join('.')}`, { path: at })
    }
    if (!Array.isArray(scores)) return fault(['scores'], 'a list of numbers or null', kindOf(scores))
    if (id !== undefined && (typeof id !== 'string' || id === '')) return fault(['id'], 'text', kindOf(id))
    const name = (id as string | undefined) ?? String(g)
    if (names.has(name)) return fault(['id'], 'an id of its own', 'one that an earlier group has')
    names.add(name)
    return scores.map((score: unknown, i) => {
      if (score !== null && !Number.isFinite(score)) return fault(['scores', i], 'a number or null', kindOf(score))
      return { id: `${g}/${i}`, group: name, prompt: '', columns: { score: score ?? { status: 'abstained' } } }
    })
  })
  if (records.length > most) {
    throw new RequestError(413, 'too_large', `expected at most ${most} scores; got ${records.length}`, {
      path: ['groups'],
    })
  }
  return batchOf(records, [])
}

function inOrder<Row extends { readonly id: string }>(rows: readonly Row[], order: readonly { id: string }[]): Row[] {
  const byId = new Map(rows.map(row => [row.id, row]))
  return order.map(({ id }) => byId.get(id) as Row)
}
