import {
  bindStage,
  type ColumnName,
  coreStages,
  defineRecipe,
  type Outcome,
  type Recipe,
  type RolloutBatch,
  type Stage,
  stageRegistry,
  z,
} from '@guerdon/core'
import { findStage, methodStages } from '@guerdon/methods'
import { decodeBatch, encodeBatch } from '../binary/layout.ts'
import { batchOfBinary, binaryOfBatch } from '../binary/rollout-batch.ts'
import { RequestError } from '../http/request-error.ts'
import type { Services } from '../services.ts'
import { assertFew, batchOf, readBody } from './body-fields.ts'
import { createReader } from './items.ts'
import type { Call } from './route.ts'
import { advantagesRequest, binaryAdvantagesRequest, type estimateRequest, recordsSchema } from './schemas.ts'

const registry = stageRegistry([...coreStages, ...methodStages])

/**
 * `POST /v1/advantages { use, with?, columns?, groups | rollouts }`: one estimator on a group or a batch, without state.
 *
 * - `groups: [{ id?, scores: [number | null, …] }, …]` → `{ groups: [{ id, advantages: [number | outcome, …] }] }`; null is a
 *   rollout without a score;
 * - `rollouts: [record, …]` → `{ items: [{ id, group, columns }] }` with every column the estimator writes, for estimators of
 *   turns and tokens. `rollout.score` is the record's column `score`, or its `outcome` when no record has one;
 * - a body in the binary layout, `use`, `with` and `columns` in its metadata → the columns of numbers in the same layout,
 *   float32 with `precision: "float32"`.
 */
export async function advantages(services: Services, call: Call): Promise<unknown> {
  if (call.body instanceof Uint8Array) return await binaryAdvantages(services, call, call.body)
  const { use, ...asked } = readBody(advantagesRequest, call.body)
  return await estimate(services, call, bindStage(findEstimator(use), asked.with ?? {}), asked)
}

/** One stage, without state, on a group or a batch. */
export async function estimate(
  services: Services,
  call: Call,
  stage: Stage,
  asked: z.output<typeof estimateRequest>,
): Promise<unknown> {
  const { groups } = asked
  const batch = groups ? batchOfScores(groups, services.limits.items) : batchOfRecords(services, call)
  const provenance = provenanceOf(stage)
  if (batch.rolloutIds.length === 0) return groups ? { groups: [], provenance } : { items: [], provenance }
  const { recipe, done, outcomes } = await run(stage, batch, asked.columns ?? {}, call.signal)
  const read = createReader(done)
  const rows = done.rolloutIds.map((id, r) => {
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
  if (!groups) return { items: inOrder(rows, asked.rollouts as { id: string }[]), provenance }
  const answers = done.groupIds.map((id, g) => ({
    id,
    advantages: rows.slice(done.groupOffsets[g], done.groupOffsets[g + 1]).map(({ columns }) => columns[recipe.final]),
  }))
  return { groups: answers, provenance }
}

async function binaryAdvantages(services: Services, call: Call, body: Uint8Array): Promise<Uint8Array> {
  const given = decodeBatch(body)
  const { use, with: options, columns, precision } = readBody(binaryAdvantagesRequest, given.metadata)
  const batch = batchOfBinary(given)
  assertFew(batch.rolloutIds.length, services.limits.items, 'rollouts')
  const stage = bindStage(findEstimator(use), options ?? {})
  const metadata = { provenance: provenanceOf(stage) }
  const settings = { metadata, float32: precision === 'float32' }
  if (batch.rolloutIds.length === 0) return encodeBatch(binaryOfBatch(batch, [], settings))
  const { recipe, done, outcomes } = await run(stage, batch, columns ?? {}, call.signal)
  services.metrics.items('advantages', outcomes)
  const names = recipe.writes.map(({ name }) => name)
  return encodeBatch(binaryOfBatch(done, names, settings))
}

async function run(
  stage: Stage,
  batch: RolloutBatch,
  columns: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ recipe: Recipe; done: RolloutBatch; outcomes: Outcome[] }> {
  const renamed = { ...(batch.columns.has('rollout.score') ? {} : outcomeAsScore(stage)), ...columns }
  const recipe = defineRecipe({
    name: stage.name,
    steps: [{ stage, columns: renamed }],
    available: [...batch.columns].map(([name, { kind }]) => ({ name, kind })),
  })
  const { batch: done } = await recipe.run(batch, undefined, { signal })
  const final = done.columns.get(recipe.final)
  const read = createReader(done)
  const outcomes = final === undefined ? [] : done.rolloutIds.flatMap((_, r) => read.outcomes(final, r))
  return { recipe, done, outcomes }
}

function findEstimator(use: string) {
  return registry.get(use) ?? findStage(use)
}

function provenanceOf(stage: Stage) {
  return { estimator: stage.name, version: stage.version ?? 1, options: stage.options }
}

function outcomeAsScore(stage: Stage): Record<string, ColumnName> {
  return stage.reads.some(({ name }) => name === 'rollout.score') ? { 'rollout.score': 'rollout.outcome' } : {}
}

function batchOfRecords(services: Services, call: Call): RolloutBatch {
  const { rollouts: records } = readBody(recordsRequest, call.body)
  assertFew(records.length, services.limits.items, 'rollouts')
  return batchOf(records, [])
}

const recordsRequest = z.object({ rollouts: recordsSchema })

type ScoreGroups = NonNullable<z.output<typeof estimateRequest>['groups']>

function batchOfScores(groups: ScoreGroups, most: number): RolloutBatch {
  const names = new Set<string>()
  const records = groups.flatMap(({ id, scores }, g) => {
    const name = id ?? String(g)
    if (names.has(name)) {
      throw new RequestError(
        422,
        'invalid_input',
        `expected an id of its own; got one that an earlier group has — groups[${g}].id`,
        { path: ['groups', g, 'id'] },
      )
    }
    names.add(name)
    return scores.map((score, i) => ({
      id: `${g}/${i}`,
      group: name,
      prompt: '',
      columns: { score: score ?? { status: 'abstained' } },
    }))
  })
  assertFew(records.length, most, 'groups')
  return batchOf(records, [])
}

function inOrder<Row extends { readonly id: string }>(rows: readonly Row[], order: readonly { id: string }[]): Row[] {
  const byId = new Map(rows.map(row => [row.id, row]))
  return order.map(({ id }) => byId.get(id) as Row)
}
