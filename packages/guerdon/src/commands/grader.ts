import { GuerdonError } from '@guerdon/core'
import { graderOfRecipe, recipeOfGrader } from '@guerdon/server/adapters/openai-grader/index'
import { Command } from 'commander'
import { stringify } from 'yaml'
import { readText, writeText } from '../files.ts'
import type { Io } from '../io.ts'
import { buildRecipe, readRecipeFile } from '../recipe-file.ts'

interface GraderOptions {
  readonly to?: string
}

/** `guerdon grader import|export FILE`: graders of OpenAI's fine-tuning API as recipes, and back. */
export function graderCommand(io: Io): Command {
  const importing = new Command('import')
    .description('make a recipe of a grader: string_check, text_similarity, score_model, python or multi')
    .argument('<file>', 'grader, JSON')
    .option('--to <file>', 'recipe to write, YAML; otherwise standard output')
    .addHelpText(
      'after',
      '\nModels, Python code, cosine and meteor are not computed here: the recipe takes their scores from the records.',
    )
    .action((file: string, options: GraderOptions) => {
      const { recipe, notes } = recipeOfGrader(readJson(file))
      put(io, options, stringify(recipe))
      for (const note of notes) io.err(`${note}\n`)
    })
  const exporting = new Command('export')
    .description('make a grader of a recipe that has steps of graders only; refuses any other')
    .argument('<file>', 'recipe, YAML or JSON')
    .option('--to <file>', 'grader to write, JSON; otherwise standard output')
    .action((file: string, options: GraderOptions) => {
      const grader = graderOfRecipe(buildRecipe(readRecipeFile(file), file))
      put(io, options, `${JSON.stringify(grader, null, 2)}\n`)
    })
  return new Command('grader')
    .description("turn graders of OpenAI's fine-tuning API into recipes and back")
    .addCommand(importing)
    .addCommand(exporting)
}

function put(io: Io, { to }: GraderOptions, text: string): void {
  if (to === undefined) io.out(text)
  else writeText(to, text)
}

function readJson(file: string): unknown {
  const text = readText(file)
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new GuerdonError('parse', `expected a grader as JSON; got: ${reason} — ${file}`, { file, cause })
  }
}
