import type { WorldDefinition } from '../world/definition.ts'
import { circle, line, palette, picture, rectangle } from '../world/svg.ts'
import { type ObjectRooms, type ObjectRoomsOptions, objectRooms } from './object-rooms.ts'
import { tabularDefinition } from './tabular-definition.ts'

/** The object rooms as a world, drawn as rooms instead of rows of states. See `objectRooms`. */
export function objectRoomsWorld(options: ObjectRoomsOptions = {}): WorldDefinition & { readonly table: ObjectRooms } {
  const table = objectRooms(options)
  return {
    ...tabularDefinition(table),
    table,
    svg: ([state]) => roomsPicture(table, state),
    text: ([state]) => roomsText(table, state),
  }
}

/** `A` the agent, `@` with an object in its hands, `o` objects, `G` the goal, `.` other cells, `|` and `-` walls. */
function roomsText(table: ObjectRooms, state: number): string {
  const parts = table.describe(state)
  if (!parts) return `${table.name}: over`
  const { width, height, goalCell } = table
  const letter = (x: number, y: number) => {
    if (parts.x === x && parts.y === y) return parts.objects.includes('carried') ? '@' : 'A'
    if (table.objectCells.some(([ox, oy], k) => ox === x && oy === y && parts.objects[k] === 'waiting')) return 'o'
    return goalCell[0] === x && goalCell[1] === y ? 'G' : '.'
  }
  const lines: string[] = []
  for (let y = height - 1; y >= 0; y--) {
    let row = ''
    let under = ''
    for (let x = 0; x < width; x++) {
      const cell = y * width + x
      const between = x === 0 ? '' : table.hasWall(cell - 1, cell) ? '|' : ' '
      row += between + letter(x, y)
      under += (x === 0 ? '' : ' ') + (y > 0 && table.hasWall(cell - width, cell) ? '-' : ' ')
    }
    lines.push(row)
    if (under.includes('-')) lines.push(under.trimEnd())
  }
  const done = parts.objects.filter(object => object === 'done').length
  return [...lines, `${done} of ${parts.objects.length} done`].join('\n')
}

function roomsPicture(table: ObjectRooms, state: number): string {
  const { width, height } = table
  const side = 28
  const left = (x: number) => side * x
  const top = (y: number) => side * (height - 1 - y)
  const shapes: string[] = []
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const goal = table.goalCell[0] === x && table.goalCell[1] === y
      const paint = { fill: goal ? palette.goal : palette.ground, stroke: palette.faint }
      shapes.push(rectangle(left(x), top(y), side, side, paint))
    }
  const wall = { stroke: palette.ink, width: 3 }
  for (let cell = 0; cell < width * height; cell++) {
    const [x, y] = [cell % width, Math.floor(cell / width)]
    if (x > 0 && table.hasWall(cell - 1, cell)) shapes.push(line(left(x), top(y), left(x), top(y) + side, wall))
    if (y > 0 && table.hasWall(cell - width, cell))
      shapes.push(line(left(x), top(y) + side, left(x) + side, top(y) + side, wall))
  }
  const parts = table.describe(state)
  const dot = (x: number, y: number, radius: number, fill: string) =>
    shapes.push(circle(left(x) + side / 2, top(y) + side / 2, radius, { fill }))
  if (parts) {
    dot(parts.x, parts.y, 9, palette.agent)
    parts.objects.forEach((object, k) => {
      const [x, y] = object === 'carried' ? [parts.x, parts.y] : table.objectCells[k]
      if (object !== 'done') dot(x, y, 4, palette.gold)
    })
  }
  return picture(parts ? table.name : `${table.name}: over`, side * width, side * height, shapes)
}
