import { GuerdonError, parseRecipe, type Recipe } from '@guerdon/core'
import { methodStages } from '@guerdon/methods'
import { graderStages } from './adapters/openai-grader/stages.ts'
import type { RecipeSource } from './options.ts'

/** Builds the recipe of a source. Throws what `parseRecipe` throws, `io` for a module that cannot be loaded. */
export async function buildRecipe(source: RecipeSource): Promise<Recipe> {
  if ('plain' in source) return parseRecipe(source.plain, { stages: [...methodStages, ...graderStages] })
  let loaded: { readonly recipe?: Recipe }
  try {
    loaded = (await import(source.module)) as typeof loaded
  } catch (cause) {
    throw new GuerdonError('io', 'expected a module with a recipe; it cannot be loaded', { cause })
  }
  if (typeof loaded.recipe?.run === 'function') return loaded.recipe
  throw new GuerdonError('invalid_input', 'expected a module that exports its recipe as "recipe"; got another')
}
