import { GuerdonError, nearestName } from '@guerdon/core'
import { arithmeticWorld } from './arithmetic.ts'
import { codeEditWorld } from './code-edit.ts'
import { guiWorld } from './gui.ts'
import { householdWorld } from './household.ts'
import { hypothesesWorld } from './hypotheses.ts'
import { longFormWorld } from './long-form.ts'
import { preferencesWorld } from './preferences.ts'
import { scenesWorld } from './scenes.ts'
import { searchAnswerWorld } from './search-answer.ts'
import { shopWorld } from './shop.ts'
import type { TextWorld } from './text-world.ts'
import { toolUseWorld } from './tool-use.ts'

/** All text worlds with their default options, in the order they are listed to people. */
export const textWorlds: readonly TextWorld[] = [
  arithmeticWorld(),
  arithmeticWorld({ turns: 'multi' }),
  toolUseWorld,
  householdWorld,
  shopWorld,
  searchAnswerWorld,
  codeEditWorld,
  preferencesWorld(),
  longFormWorld(),
  guiWorld,
  scenesWorld(),
  hypothesesWorld,
]

/** The text world of this name. Throws `unknown_name`, with the nearest name there is. */
export function findTextWorld(name: string): TextWorld {
  const found = textWorlds.find(world => world.name === name)
  if (found) return found
  const names = textWorlds.map(world => world.name)
  const near = nearestName(name, names)
  const message = `expected the name of a text world; got ${name} — there are ${names.join(', ')}`
  throw new GuerdonError('unknown_name', message, { ...(near !== undefined && { hint: `did you mean ${near}?` }) })
}
