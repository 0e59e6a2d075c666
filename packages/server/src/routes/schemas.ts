import { outcomeSchema, z } from '@guerdon/core'

/**
 * A list of rollout records. What a record may hold is checked where batches are made, which names the record at fault;
 * here it is only described.
 */
export const recordsSchema = z
  .array(z.unknown())
  .meta({ items: { $ref: '#/components/schemas/Rollout' }, description: 'rollout records' })

/** A number, an outcome that says why there is none, or for columns of turns and tokens a list of them. */
export const cellSchema = z.unknown().describe('a number, an object with a status, or a list of them')

export const countsSchema = z.object({ scored: z.int(), abstained: z.int(), failed: z.int() })

/** How the numbers of an answer were made. */
export const provenanceSchema = z.object({
  recipe: z.object({ name: z.string(), version: z.string(), final: z.string() }),
  stages: z.array(z.object({ name: z.string(), version: z.number() })),
  run: z.string(),
  update: z.int().describe('batches the run has seen, this one included; 0 for a recipe without state'),
})

export const itemSchema = z.object({
  id: z.string(),
  group: z.string(),
  status: z.enum(['scored', 'abstained', 'failed']).describe('the worst status among its rewards'),
  reward: cellSchema,
  components: z.record(z.string(), cellSchema),
})

export const scoreRequest = z.object({ rollouts: recordsSchema })

export const scoreResponse = z.object({
  items: z.array(itemSchema),
  counts: countsSchema,
  provenance: provenanceSchema,
})

export const explainRequest = z.object({
  rollouts: recordsSchema,
  id: z.string().nullish().describe('the rollout to explain; may be absent when there is one'),
})

export const explainResponse = z.object({ explanation: z.looseObject({}), provenance: provenanceSchema })

const optionsSchema = z.record(z.string(), z.unknown()).nullish().describe('options of the estimator')

const columnNames = z
  .record(z.string(), z.string())
  .nullish()
  .describe('names the estimator uses → names in the records')

const scoreGroup = z.object({
  id: z.string().min(1).nullish(),
  scores: z.array(z.number().nullable()).describe('null is a rollout without a score'),
})

/** Everything of a request for advantages but the name of the estimator. */
export const estimateRequest = z.object({
  with: optionsSchema,
  columns: columnNames,
  groups: z.array(scoreGroup).nullish(),
  rollouts: recordsSchema.nullish(),
})

export const advantagesRequest = estimateRequest.extend({
  use: z.string().describe('name of an estimator, as "grpo", "rloo" or "gae"'),
})

/** The metadata of a request in the binary layout. */
export const binaryAdvantagesRequest = advantagesRequest.omit({ groups: true, rollouts: true }).extend({
  precision: z.enum(['float64', 'float32']).nullish().describe('of the numbers answered'),
})

const estimatorSchema = z.object({ estimator: z.string(), version: z.number(), options: z.unknown() })

export const advantagesResponse = z.union([
  z.object({
    groups: z.array(z.object({ id: z.string(), advantages: z.array(outcomeSchema) })),
    provenance: estimatorSchema,
  }),
  z.object({
    items: z.array(z.object({ id: z.string(), group: z.string(), columns: z.record(z.string(), cellSchema) })),
    provenance: estimatorSchema,
  }),
])

/** An error answer. */
export const errorResponse = z.object({
  error: z.object({
    code: z.string().describe('stable; texts may change'),
    message: z.string(),
    hint: z.string().optional(),
    path: z.array(z.union([z.string(), z.number()])).optional(),
  }),
})
