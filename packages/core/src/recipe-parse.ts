import * as z from 'zod'
import { assertColumnName } from './columns.ts'
import { describeValue, formatPath, GuerdonError, nearestName } from './errors.ts'
import { defineRecipe, type Recipe, type RecipeInput } from './recipe.ts'
import { bindStage, type StageDefinition } from './stage.ts'
import { coreStages } from './stages/index.ts'
import { firstExpectation } from './zod-errors.ts'

const columnSchema = z.union(
  [z.string(), z.strictObject({ name: z.string(), kind: z.enum(['number', 'text', 'json']).default('number') })],
  { error: 'a column name such as rollout.score, or { name, kind }' },
)

const stepSchema = z.union(
  [
    z.string(),
    z.strictObject({
      use: z.string().describe('name of a stage'),
      with: z.record(z.string(), z.unknown()).nullish().describe('its options'),
      columns: z
        .record(z.string(), z.string())
        .nullish()
        .describe('names the stage uses → names in the batch, for what it reads and writes'),
    }),
  ],
  { error: 'the name of a stage, or { use, with, columns }' },
)

/** A recipe as plain data, as it stands in a YAML or JSON file. */
export const recipeSchema = z.strictObject({
  name: z.string().min(1).default('recipe'),
  about: z.string().default(''),
  records: z.array(columnSchema).default([]).describe('custom columns the records bring; a bare name holds numbers'),
  steps: z.array(stepSchema).min(1),
  rollouts: z
    .string()
    .optional()
    .describe('a file of rollouts to try it on, relative to the recipe; decides no number'),
  final: z.string().optional().describe('the column that is the reward; else the first one the last step writes'),
})

/** The JSON Schema (draft 2020-12) of a recipe file. */
export function recipeJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(recipeSchema, { io: 'input' })
}

export interface ParseRecipeOptions {
  /** Stages a recipe may use, besides those of core. */
  readonly stages?: readonly StageDefinition<unknown, unknown>[]
  /** The columns the records are known to have; without it a recipe is checked against all that records may have. */
  readonly available?: RecipeInput['available']
}

/**
 * A recipe from plain data. Throws `invalid_input` for a wrong shape, `unknown_name` for a stage that does not exist
 * (suggesting the nearest), `invalid_option` for its options, and whatever `defineRecipe` refuses.
 */
export function parseRecipe(plain: unknown, options: ParseRecipeOptions = {}): Recipe {
  const parsed = recipeSchema.safeParse(plain)
  if (!parsed.success) {
    const { path, expected, got, hint } = firstExpectation(parsed.error, plain, Object.keys(recipeSchema.shape))
    throw new GuerdonError(
      'invalid_input',
      `expected ${expected}; got ${got} — recipe, ${formatPath(path) || 'the whole'}`,
      {
        path,
        expected,
        got,
        ...(hint === undefined ? {} : { hint }),
      },
    )
  }
  const { name, about, records, steps, final } = parsed.data
  const registry = stageRegistry([...coreStages, ...(options.stages ?? [])])
  if (final !== undefined) assertColumnName(final)
  return defineRecipe({
    name,
    about,
    suppliers: [...registry.values()],
    records: records.map(column => {
      const { name: columnName, kind } = typeof column === 'string' ? { name: column, kind: 'number' as const } : column
      assertColumnName(columnName)
      return { name: columnName, kind }
    }),
    steps: steps.map((step, index) => {
      const given = typeof step === 'string' ? { use: step } : step
      return { stage: bindNamed(registry, given.use, given.with ?? {}, index), columns: given.columns ?? {} }
    }),
    ...(final === undefined ? {} : { final }),
    ...(options.available === undefined ? {} : { available: options.available }),
  })
}

/** Stages by name. Throws `invalid_input` when two have the same. */
export function stageRegistry(
  stages: readonly StageDefinition<unknown, unknown>[],
): ReadonlyMap<string, StageDefinition<unknown, unknown>> {
  const registry = new Map<string, StageDefinition<unknown, unknown>>()
  for (const stage of stages) {
    if (registry.has(stage.name)) {
      throw new GuerdonError('invalid_input', `expected stages with names of their own; got "${stage.name}" twice`)
    }
    registry.set(stage.name, stage)
  }
  return registry
}

function bindNamed(
  registry: ReadonlyMap<string, StageDefinition<unknown, unknown>>,
  name: string,
  options: unknown,
  index: number,
) {
  const definition = registry.get(name)
  if (definition === undefined) {
    const near = nearestName(name, registry.keys())
    throw new GuerdonError(
      'unknown_name',
      `expected the name of a stage; got ${describeValue(name)} — recipe, steps[${index}].use`,
      {
        path: ['steps', index, 'use'],
        expected: 'the name of a stage',
        got: describeValue(name),
        hint: near === undefined ? `stages are ${[...registry.keys()].join(', ')}` : `did you mean ${near}?`,
      },
    )
  }
  try {
    return bindStage(definition, options)
  } catch (error) {
    if (!(error instanceof GuerdonError) || error.code !== 'invalid_option') throw error
    const path = ['steps', index, 'with', ...(error.path ?? []).slice(1)]
    throw new GuerdonError(error.code, `${error.message} — recipe, ${formatPath(path)}`, {
      ...error.toJSON(),
      path,
      cause: error,
    })
  }
}
