import { GuerdonError } from '@guerdon/core'
import { type Space, sizeOf } from './space.ts'

/**
 * What happens to an action outside its box: `error`, or `dynamics`: it goes to the world as it is, as in Gymnasium,
 * whose worlds clip by themselves (and may charge for the unclipped action).
 */
export type OutOfRange = 'error' | 'dynamics'

/** What actions are read for. */
export interface ActionReading {
  readonly world: string
  readonly space: Space
  readonly copies: number
  readonly outOfRange: OutOfRange
}

/**
 * Copies one action for each copy into `into`, checking all of them before anything moves.
 *
 * @param actions [N·A] copy by copy
 * @throws shape_mismatch for another number of values; not_finite for NaN and ±Infinity; invalid_input for an action
 * outside the space. The last two name the copy.
 */
export function readActions(actions: ArrayLike<number>, into: Float64Array, reading: ActionReading): void {
  const { world, space, copies } = reading
  if (actions.length !== into.length) {
    const size = sizeOf(space)
    throw new GuerdonError(
      'shape_mismatch',
      `expected ${into.length} numbers for ${world}, ${size} for each of ${copies} copies; got ${actions.length} — actions`,
      { path: ['actions'], hint: 'lay the actions of all copies one after another' },
    )
  }
  if (space.kind === 'discrete') {
    const { count } = space
    for (let i = 0; i < into.length; i++) {
      const action = actions[i]
      if (!(action >= 0 && action < count && Math.floor(action) === action)) refuseDiscrete(action, i, count, reading)
      into[i] = action
    }
    return
  }
  const size = space.low.length
  for (let copy = 0, i = 0; copy < copies; copy++) {
    for (let k = 0; k < size; k++, i++) {
      const value = actions[i]
      if (!Number.isFinite(value)) refuseNotFinite(value, copy, i, reading)
      const low = space.low[k]
      const high = space.high[k]
      if ((low !== null && value < low) || (high !== null && value > high)) {
        if (reading.outOfRange === 'error') refuseRange(value, [low, high], k, copy, i, reading)
      }
      into[i] = value
    }
  }
}

function refuseDiscrete(action: number, copy: number, count: number, reading: ActionReading): never {
  if (!Number.isFinite(action)) refuseNotFinite(action, copy, copy, reading)
  throw new GuerdonError(
    'invalid_input',
    `expected an action in 0 … ${count - 1} for ${reading.world}; got ${action} — copy ${copy}`,
    { path: ['actions', copy], expected: `an integer in 0 … ${count - 1}`, got: String(action) },
  )
}

function refuseNotFinite(value: number, copy: number, index: number, { world }: ActionReading): never {
  throw new GuerdonError('not_finite', `expected a finite action for ${world}; got ${value} — copy ${copy}`, {
    path: ['actions', index],
    hint: 'look at the policy that chose it: its parameters or its observation may not be finite',
  })
}

function refuseRange(
  value: number,
  [low, high]: readonly [number | null, number | null],
  entry: number,
  copy: number,
  index: number,
  { world }: ActionReading,
): never {
  const range = `[${low ?? '−∞'}, ${high ?? '∞'}]`
  throw new GuerdonError(
    'invalid_input',
    `expected entry ${entry} of an action in ${range} for ${world}; got ${value} — copy ${copy}`,
    {
      path: ['actions', index],
      hint: "clip it, or make the world with outOfRange: 'dynamics', which leaves it to the world as Gymnasium does",
    },
  )
}
