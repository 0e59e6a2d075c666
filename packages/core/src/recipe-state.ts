import * as z from 'zod'
import { canonicalJson } from './canonical-json.ts'
import { describeValue, GuerdonError } from './errors.ts'
import type { RecipeStep } from './recipe-check.ts'
import { firstExpectation } from './zod-errors.ts'

/** Where a recipe stands between two batches: plain data, one entry a step. */
export interface RecipeState {
  /** Version of the recipe it belongs to. */
  readonly recipe: string
  readonly steps: readonly { readonly stage: string; readonly stateVersion: number; readonly state: unknown }[]
}

const FORMAT = 1

const savedSchema = z.strictObject({
  format: z.number(),
  recipe: z.string(),
  steps: z.array(z.strictObject({ stage: z.string(), stateVersion: z.number(), state: z.unknown() })),
})

/** A state as JSON text. Throws `state` when a stage keeps something that JSON cannot carry. */
export function saveState(state: RecipeState): string {
  state.steps.forEach(({ stage, state: kept }, index) => {
    try {
      assertPlain(kept)
    } catch (cause) {
      throw new GuerdonError(
        'state',
        `expected plain JSON data as the state of stage "${stage}"; got ${words(cause)}`,
        {
          path: ['steps', index],
          cause,
        },
      )
    }
  })
  return canonicalJson({ format: FORMAT, ...state })
}

/** The state in `saved` for the recipe with these steps. Throws `state` for damaged text, `version` for another recipe. */
export function loadState(saved: string, version: string, steps: readonly RecipeStep[]): RecipeState {
  const { format, ...state } = parseSaved(saved)
  if (format !== FORMAT) {
    throw new GuerdonError('version', `expected a state of format ${FORMAT}; got format ${format}`, {
      hint: 'it was written by another release of Guerdon',
    })
  }
  steps.forEach(({ stage }, index) => {
    const kept = state.steps[index]
    if (kept?.stage === stage.name && kept.stateVersion !== stage.stateVersion) {
      throw new GuerdonError(
        'version',
        `expected state version ${stage.stateVersion} of stage "${stage.name}"; got ${kept.stateVersion}`,
        {
          path: ['steps', index],
          hint: 'the stage keeps its state in another layout now: start from the initial state',
        },
      )
    }
  })
  if (state.recipe !== version || state.steps.length !== steps.length) {
    throw new GuerdonError(
      'version',
      `expected a state of recipe version ${version.slice(0, 12)}; got one of ${state.recipe.slice(0, 12)}`,
      {
        expected: version,
        got: state.recipe,
        hint: 'the version changes with every stage, option and renaming: use the recipe that wrote the state, or start from the initial state',
      },
    )
  }
  return state
}

function parseSaved(saved: string): z.infer<typeof savedSchema> {
  let value: unknown
  try {
    value = JSON.parse(saved)
  } catch (cause) {
    throw new GuerdonError('state', `expected a saved state as JSON; got ${describeValue(saved)}`, { cause })
  }
  const parsed = savedSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const { path, expected, got } = firstExpectation(parsed.error, value)
  throw new GuerdonError(
    'state',
    `expected ${expected} in a saved state; got ${got} — ${path.join('.') || 'the whole'}`,
    {
      path,
    },
  )
}

/** Typed arrays have a JSON form but do not come back from it, so a state must not hold them. */
function assertPlain(value: unknown): void {
  if (ArrayBuffer.isView(value)) throw new GuerdonError('unsupported', 'expected a list of numbers; got a typed array')
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) assertPlain(member)
  else canonicalJson(value)
}

function words(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
