import { circle, palette, picture, polyline, rectangle } from '../world/svg.ts'
import { messagesOf } from './messages.ts'
import { cellAt, DungeonCell, type DungeonShape, DungeonState, MonsterState, monsterIn, monsterKinds } from './shape.ts'
import { DungeonSight, dungeonObservation, dungeonView, viewDungeon } from './view.ts'

/** What the letters of both drawings mean: a legend for people and judges. */
export const dungeonLegend =
  '@ you, . floor, # corridor, + closed door, L locked door, / open door, > stairs down, k key, $ gold, n newt, d jackal, o orc'

/** The whole floor in characters, then what is known of the adventurer and the messages of the last step. */
export function dungeonText(state: Float64Array, shape: DungeonShape): string {
  const floor = state[DungeonState.floor]
  const rows = Array.from({ length: shape.height }, (_, y) =>
    Array.from({ length: shape.width }, (_, x) => {
      if (x === state[DungeonState.x] && y === state[DungeonState.y]) return '@'
      const monster = monsterIn(state, 0, shape, floor, x, y)
      if (monster >= 0) return monsterKinds[state[monster + MonsterState.kind]].letter
      return letter(state[cellAt(shape, 0, floor, x, y)])
    }).join(''),
  )
  return [...rows, status(state), ...messagesOf(state)].join('\n')
}

/** What the adventurer sees in characters, dark cells blank: 9 rows of 9. */
export function dungeonViewText(state: Float64Array, shape: DungeonShape): string {
  const seen = new Uint8Array(dungeonObservation)
  viewDungeon(state, 0, shape, seen, 0)
  const letters = Array.from(seen.subarray(0, dungeonView ** 2), sight =>
    sight >= DungeonSight.monster ? monsterKinds[sight - DungeonSight.monster].letter : ' |.#+/>k$@'[sight],
  )
  return Array.from({ length: dungeonView }, (_, row) =>
    letters.slice(row * dungeonView, (row + 1) * dungeonView).join(''),
  ).join('\n')
}

function status(state: Float64Array): string {
  const [floor, health, keys] = [DungeonState.floor, DungeonState.health, DungeonState.keys].map(k => state[k])
  return `floor ${floor}, health ${health}, keys ${keys}`
}

/** Hidden stairs are drawn `)`, springs `&`, oddities `,`. */
function letter(cell: number): string {
  if (cell >= DungeonCell.gold) return '$'
  return cell >= DungeonCell.oddity ? ',' : ' .#+L/>)k&'[cell]
}

/** The whole floor as an SVG document. */
export function dungeonSvg(name: string, state: Float64Array, shape: DungeonShape): string {
  const side = 14
  const floor = state[DungeonState.floor]
  const shapes: string[] = []
  for (let y = 0; y < shape.height; y++)
    for (let x = 0; x < shape.width; x++) {
      const cell = state[cellAt(shape, 0, floor, x, y)]
      const ground =
        cell === DungeonCell.rock ? palette.ink : cell === DungeonCell.corridor ? palette.faint : palette.ground
      shapes.push(rectangle(side * x, side * y, side, side, { fill: ground }))
      const [left, top] = [side * x, side * y]
      if (cell === DungeonCell.stairs || cell === DungeonCell.hiddenStairs)
        shapes.push(stairs(left, top, side, cell === DungeonCell.stairs ? palette.goal : palette.faint))
      if (cell === DungeonCell.closedDoor || cell === DungeonCell.lockedDoor || cell === DungeonCell.openDoor) {
        const fill =
          cell === DungeonCell.openDoor ? 'none' : cell === DungeonCell.lockedDoor ? palette.warm : palette.gold
        shapes.push(rectangle(left + 2, top + 2, side - 4, side - 4, { fill, stroke: palette.gold, width: 2 }))
      }
      if (cell === DungeonCell.key || cell === DungeonCell.spring || cell >= DungeonCell.gold)
        shapes.push(
          circle(left + side / 2, top + side / 2, cell === DungeonCell.key ? 4 : 2.5, {
            fill: palette.gold,
            stroke: palette.ink,
            width: cell === DungeonCell.key ? 1 : 0,
          }),
        )
    }
  for (let m = 0; m < shape.monsters; m++) {
    const monster = shape.monstersAt + MonsterState.size * m
    if (state[monster + MonsterState.health] <= 0 || state[monster + MonsterState.floor] !== floor) continue
    const [x, y] = [state[monster + MonsterState.x], state[monster + MonsterState.y]]
    const radius = 3 + state[monster + MonsterState.kind]
    shapes.push(circle(side * (x + 0.5), side * (y + 0.5), radius, { fill: palette.warm }))
  }
  const [x, y] = [state[DungeonState.x], state[DungeonState.y]]
  shapes.push(circle(side * (x + 0.5), side * (y + 0.5), 5, { fill: palette.agent }))
  return picture(`${name}: ${status(state)}`, side * shape.width, side * shape.height, shapes)
}

function stairs(left: number, top: number, side: number, stroke: string): string {
  const steps = [0, 1, 2].flatMap(
    k =>
      [
        [left + 2 + (k * (side - 4)) / 3, top + 2 + (k * (side - 4)) / 3],
        [left + 2 + ((k + 1) * (side - 4)) / 3, top + 2 + (k * (side - 4)) / 3],
      ] as const,
  )
  return polyline([...steps, [left + side - 2, top + side - 2]], { stroke, width: 2 })
}
