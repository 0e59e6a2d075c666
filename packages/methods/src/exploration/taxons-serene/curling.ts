import { assertNotEmpty, assertSameLength } from '@guerdon/core'
import { descriptorDistances } from '../../shared/novelty.ts'

/** A reward and the area it came from; null where there is none. */
export interface AreaReward {
  readonly reward: number
  readonly area: number | null
}

/** The two goals of the Curling task: centre and radius. */
export const curlingGoals: readonly { readonly centre: readonly number[]; readonly radius: number }[] = [
  { centre: [0.8, 0.8], radius: 0.4 },
  { centre: [0.8, -0.8], radius: 0.2 },
]

/**
 * Reward of a final position: (R − ‖p − g‖)/R inside a goal area (its rim included), 0 elsewhere; the first matching area counts. The Curling
 * task gives it to the ball at the last step only.
 *
 * @param position [m]
 */
export function areaReward(
  position: ArrayLike<number>,
  goals: readonly { readonly centre: ArrayLike<number>; readonly radius: number }[] = curlingGoals,
): AreaReward {
  assertNotEmpty(goals, 'goals')
  for (const [area, { centre, radius }] of goals.entries()) {
    assertSameLength(position, 'position', centre, `goals[${area}].centre`)
    const distance = descriptorDistances([position], [centre])[0][0]
    if (distance <= radius) return { reward: (radius - distance) / radius, area }
  }
  return { reward: 0, area: null }
}
