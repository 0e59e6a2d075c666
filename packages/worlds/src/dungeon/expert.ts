import { DungeonAction, DungeonCell, type DungeonShape, DungeonState, dungeonSteps, isOpen } from './shape.ts'

/**
 * What someone does who knows the map: the shortest way to the stairs; where a locked door bars it, to that door with a
 * key; without one, to the key. Monsters in the way are fought, others ignored. `search` where nothing can be done, which
 * in a drawn dungeon never happens.
 */
export function expertAction(states: Float64Array, at: number, shape: DungeonShape): number {
  const { width, height } = shape
  const first = at + shape.cellsAt + states[at + DungeonState.floor] * width * height
  const floor = states.subarray(first, first + width * height)
  const ways = waysFrom(floor, states[at + DungeonState.y] * width + states[at + DungeonState.x], width)
  const locked = (cell: number) =>
    dungeonSteps.some(([dx, dy]) => floor[cell + dx + dy * width] === DungeonCell.lockedDoor)
  return (
    nearest(ways, DungeonAction.descend, cell => isStairs(floor[cell])) ??
    (states[at + DungeonState.keys] > 0
      ? nearest(ways, DungeonAction.apply, locked)
      : nearest(ways, DungeonAction.pickup, cell => floor[cell] === DungeonCell.key)) ??
    DungeonAction.search
  )
}

function isStairs(cell: number): boolean {
  return cell === DungeonCell.stairs || cell === DungeonCell.hiddenStairs
}

/** Cells that can be walked to, closed doors opened on the way, nearest first; and the first step to each. */
interface Ways {
  readonly cells: Int16Array
  readonly steps: Int8Array
}

/** The first step to the nearest cell that is wanted, `there` for the one underfoot, undefined where there is none. */
function nearest({ cells, steps }: Ways, there: number, wanted: (cell: number) => boolean): number | undefined {
  const found = cells.find(wanted)
  if (found === undefined) return undefined
  return found === cells[0] ? there : steps[found]
}

function waysFrom(floor: Float64Array, start: number, width: number): Ways {
  const steps = new Int8Array(floor.length).fill(-1)
  const cells = new Int16Array(floor.length)
  cells[0] = start
  steps[start] = 0
  let count = 1
  for (let i = 0; i < count; i++)
    for (let action = 0; action < dungeonSteps.length; action++) {
      // rock all around keeps this within the floor
      const next = cells[i] + dungeonSteps[action][0] + dungeonSteps[action][1] * width
      if (steps[next] >= 0 || (!isOpen(floor[next]) && floor[next] !== DungeonCell.closedDoor)) continue
      steps[next] = i === 0 ? action : steps[cells[i]]
      cells[count++] = next
    }
  return { cells: cells.subarray(0, count), steps }
}
