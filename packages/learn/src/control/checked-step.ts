import { GuerdonError } from '@guerdon/core'
import type { VectorWorld } from '@guerdon/worlds/world/vector-world'
import type { Settings } from '../run/learner.ts'

/** What of a world decides a run. */
export function worldSettings({ name, copies, horizon }: VectorWorld): Settings {
  return { world: name, copies, horizon }
}

/** Throws invalid_option for a world whose copies do not start anew within the step that ends an episode. */
export function assertSameStep(world: VectorWorld): void {
  if (world.autoreset === 'same-step') return
  throw new GuerdonError('invalid_option', `expected a world with autoreset 'same-step'; got '${world.autoreset}'`, {
    path: ['autoreset'],
    hint: "make it with vectorWorld(definition, { copies, seed, autoreset: 'same-step' })",
  })
}

/** A step whose error names the step, which the world does not know. */
export function stepWorld(world: VectorWorld, actions: ArrayLike<number>, step: number): void {
  try {
    world.step(actions)
  } catch (error) {
    if (!(error instanceof GuerdonError)) throw error
    const { code, message, hint, path } = error
    throw new GuerdonError(code, `${message}, step ${step}`, {
      ...(hint === undefined ? {} : { hint }),
      ...(path === undefined ? {} : { path }),
      cause: error,
    })
  }
}

/**
 * Throws not_finite naming copy and step.
 *
 * @param values `size` numbers a copy
 */
export function assertNumbers(
  values: ArrayLike<number>,
  what: string,
  whose: string,
  size: number,
  step: number,
): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue
    throw new GuerdonError(
      'not_finite',
      `expected a finite ${what} of ${whose}; got ${values[i]} — copy ${Math.floor(i / size)}, step ${step}`,
      { path: [`${what}s`, i], hint: 'the world or reward function that computed it is at fault' },
    )
  }
}
