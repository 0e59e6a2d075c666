import { z } from '@guerdon/core'
import type { Edge } from '../edge.ts'
import type { Reloaded } from '../engine/work.ts'
import { RequestError } from '../http/request-error.ts'
import type { RecipeSource } from '../options.ts'
import { buildRecipe } from '../recipe-source.ts'
import { readBody } from './body-fields.ts'

/** A recipe as plain data, or nothing to read the recipe's file again. */
export const reloadRequest = z.object({
  recipe: z.record(z.string(), z.unknown()).nullish().describe('as in a recipe file; absent: the file is read again'),
})

const named = z.object({ name: z.string(), version: z.string() })

/** Which recipe is in use now, and what became of the states of runs. */
export const reloadResponse = z.object({
  recipe: named,
  before: named,
  states: z.object({
    runs: z.int().describe('runs that went over to the new recipe'),
    kept: z.array(z.string()).describe('stages with a state that went on'),
    fresh: z.array(z.string()).describe('stages with a state that began anew'),
  }),
})

/** The answer of a reload. */
export type ReloadAnswer = z.output<typeof reloadResponse>

/** Reads and checks a recipe, then uses it for new requests; those under way end with the one they began with. */
export async function reloadRecipe(
  edge: Pick<Edge, 'engine' | 'log'>,
  readSource: (() => RecipeSource | Promise<RecipeSource>) | undefined,
  given?: RecipeSource,
): Promise<ReloadAnswer> {
  if (given === undefined && readSource === undefined) {
    throw new RequestError(422, 'unsupported', 'expected a recipe; this server was not started from a file', {
      path: ['recipe'],
    })
  }
  const source = given ?? (await (readSource as () => RecipeSource | Promise<RecipeSource>)())
  const recipe = await buildRecipe(source)
  const { name, version } = edge.engine.recipe
  const states: Reloaded = await edge.engine.reload(recipe, source)
  edge.log({
    level: 'info',
    event: 'reloaded',
    facts: { recipe: recipe.name, version: recipe.version, runs: states.runs },
  })
  return {
    recipe: { name: recipe.name, version: recipe.version },
    before: { name, version },
    states: { runs: states.runs, kept: [...states.kept], fresh: [...states.fresh] },
  }
}

/** The source in the body of `POST /v1/recipe`, `undefined` for the file. */
export function sourceOf(body: unknown): RecipeSource | undefined {
  const { recipe } = readBody(reloadRequest, body)
  return recipe === null || recipe === undefined ? undefined : { plain: recipe }
}
