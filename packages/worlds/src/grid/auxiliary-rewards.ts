import { assertOneOf } from '@guerdon/core'
import type { ObjectRooms } from './object-rooms.ts'

/**
 * [S] an auxiliary reward for entering each state. `helpful`: −d²/50, d² the squared distance to what is to be reached
 * next (the first waiting object, or the goal once one is carried or all are done). `harmful`: 0.5 in the 2×2 cells about
 * the middle, where nothing is to be had.
 */
export function auxiliaryRewards(world: ObjectRooms, kind: 'helpful' | 'harmful'): Float64Array {
  assertOneOf(kind, 'kind', ['helpful', 'harmful'])
  return Float64Array.from({ length: world.stateCount }, (_, state) => {
    const parts = world.describe(state)
    if (!parts) return 0
    if (kind === 'harmful') {
      const inside = (place: number, size: number) => Math.abs(place - (size - 1) / 2) < 1
      return inside(parts.x, world.width) && inside(parts.y, world.height) ? 0.5 : 0
    }
    const next = parts.objects.includes('carried') ? -1 : parts.objects.indexOf('waiting')
    const [x, y] = next < 0 ? world.goalCell : world.objectCells[next]
    return -((parts.x - x) ** 2 + (parts.y - y) ** 2) / 50
  })
}
