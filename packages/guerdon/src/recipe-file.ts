import { dirname, join } from 'node:path'
import { GuerdonError, located, type ParseRecipeOptions, parseRecipe, type Recipe } from '@guerdon/core'
import { methodStages } from '@guerdon/methods'
import { graderStages } from '@guerdon/server/adapters/openai-grader/stages'
import { parseDocument } from 'yaml'
import { readText } from './files.ts'

/** A recipe file as plain data. Throws `io`, or `parse` with the line of broken YAML or JSON. */
export function readRecipeFile(file: string): unknown {
  const document = parseDocument(readText(file), { prettyErrors: false })
  const fault = document.errors[0]
  if (fault !== undefined) {
    const line = document.range === null ? 1 : lineAt(readText(file), fault.pos[0])
    throw new GuerdonError(
      'parse',
      `expected a recipe as YAML or JSON; got: ${fault.message} — ${file}, line ${line}`,
      {
        file,
        line,
      },
    )
  }
  return document.toJS()
}

/** The recipe in plain data, with the stages of all methods and of imported graders; errors name the file. */
export function buildRecipe(plain: unknown, file: string, available?: ParseRecipeOptions['available']): Recipe {
  try {
    return parseRecipe(plain, {
      stages: [...methodStages, ...graderStages],
      ...(available === undefined ? {} : { available }),
    })
  } catch (error) {
    if (!(error instanceof GuerdonError)) throw error
    throw located(new GuerdonError(error.code, `${error.message} — ${file}`, error), { file })
  }
}

/**
 * What is wrong with a recipe whatever the records hold: its shape, its stages and their options. Columns are left to
 * `buildRecipe`, which knows the records.
 */
export function checkRecipe(plain: unknown, file: string): void {
  try {
    buildRecipe(plain, file)
  } catch (error) {
    if (!(error instanceof GuerdonError) || error.code !== 'missing_column') throw error
  }
}

/** The rollouts a recipe file names for trying it, as a path; undefined when it names none. */
export function rolloutsOf(plain: unknown, file: string): string | undefined {
  const named = typeof plain === 'object' && plain !== null && 'rollouts' in plain ? plain.rollouts : undefined
  return typeof named === 'string' ? join(dirname(file), named) : undefined
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}
