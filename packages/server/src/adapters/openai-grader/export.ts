import { GuerdonError, type Recipe } from '@guerdon/core'
import { type Grader, graderSchema, type SingleGrader } from './schema.ts'

type Step = Recipe['steps'][number]['stage']

/**
 * The grader of OpenAI's fine-tuning API that a recipe is: one grader, or several and a sum or formula at the end. It is the
 * inverse of `recipeOfGrader`. Throws `unsupported`, naming the step, for a recipe with any other step: nothing is
 * approximated.
 */
export function graderOfRecipe(recipe: Recipe): Grader {
  const stages = recipe.steps.map(({ stage }) => stage)
  const last = stages[stages.length - 1]
  const formula = formulaOf(last)
  const singles = formula === undefined ? stages : stages.slice(0, -1)
  const graders = singles.map((stage, index) => [keyOf(stage), graderOf(stage, index)] as const)
  if (formula === undefined) {
    if (graders.length === 1) return graders[0][1]
    throw unsupported(last, stages.length - 1, 'a sum or a formula after several graders')
  }
  return graderSchema.parse({
    type: 'multi',
    name: recipe.name,
    graders: Object.fromEntries(graders),
    calculate_output: formula,
  })
}

function formulaOf(stage: Step): string | undefined {
  if (stage.name === 'openai-grader.formula') return (stage.options as { formula: string }).formula
  if (stage.name !== 'combine') return undefined
  const { parts, how } = stage.options as { parts: { column: string; weight: number }[]; how: string }
  if (how !== 'sum') return undefined
  return parts
    .map(({ column, weight }, i) => {
      const sign = weight < 0 ? (i === 0 ? '-' : ' - ') : i === 0 ? '' : ' + '
      return `${sign}${Math.abs(weight)} * ${column.slice('rollout.'.length)}`
    })
    .join('')
}

function keyOf(stage: Step): string {
  return (stage.options as { to?: string }).to?.slice('rollout.'.length) ?? stage.name
}

function graderOf(stage: Step, index: number): SingleGrader {
  const options = stage.options as Record<string, unknown>
  const { name, input, reference } = options
  switch (stage.name) {
    case 'openai-grader.string-check':
      return { type: 'string_check', name, input, reference, operation: options['operation'] } as SingleGrader
    case 'openai-grader.text-similarity':
      return { type: 'text_similarity', name, input, reference, evaluation_metric: options['metric'] } as SingleGrader
    case 'openai-grader.external':
      return graderSchema.parse(options['grader']) as SingleGrader
    default:
      throw unsupported(stage, index, 'a step with a grader of the same numbers')
  }
}

function unsupported(stage: Step, index: number, expected: string): GuerdonError {
  return new GuerdonError('unsupported', `expected ${expected}; got ${stage.name} — recipe, steps[${index}]`, {
    path: ['steps', index],
    hint: 'steps that can be exported are openai-grader.string-check, .text-similarity, .external and .formula, and combine with how: sum',
  })
}
