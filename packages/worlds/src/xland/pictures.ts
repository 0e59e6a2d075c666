import { circle, palette, picture, polyline, rectangle } from '../world/svg.ts'
import { entityName, goalHoldsIn, goalOf, goalText } from './goals.ts'
import { heldBy, objectAt, objectIn, playerAt, playerIn, XlandCell, XlandObject, type XlandShape } from './shape.ts'

const inks = ['#c0392b', '#d9a520', '#2f6fb2', '#7d4fa0'] as const
const floors = ['#f0cfc9', '#f5e8bf', '#cfe0f0', '#e0d2ea'] as const

/**
 * The universe in characters: `#` wall, `r y b p` coloured floor, `0 1 2 3` players, objects by the first letter of
 * their shape in capitals (`B C O S` for ball, cube, cone, slab), then what is held and the goals, those that hold
 * marked `*`.
 */
export function universeText(state: Float64Array, shape: XlandShape): string {
  const rows = Array.from({ length: shape.size }, (_, y) =>
    Array.from({ length: shape.size }, (_, x) => letter(state, shape, x, y)).join(''),
  )
  const players = Array.from({ length: shape.players }, (_, player) => {
    const held = heldBy(state, 0, shape, player)
    const hand = held < 0 ? '' : ` holds ${entityName(state, 0, shape, shape.players + held)};`
    const mark = goalHoldsIn(state, 0, shape, player) ? '*' : ':'
    return `player ${player}${mark}${hand} ${goalText(goalOf(state, 0, shape, player))}`
  })
  return [...rows, ...players].join('\n')
}

function letter(state: Float64Array, shape: XlandShape, x: number, y: number): string {
  const player = playerIn(state, 0, shape, x, y)
  if (player >= 0) return String(player)
  const object = objectIn(state, 0, shape, x, y)
  if (object >= 0) return 'BCOS'[state[objectAt(shape, 0, object) + XlandObject.shape]]
  return '.#rybp'[state[y * shape.size + x]]
}

/** The universe as an SVG document, the first player's goal as its title. */
export function universeSvg(name: string, state: Float64Array, shape: XlandShape): string {
  const side = 24
  const shapes: string[] = []
  for (let cell = 0; cell < shape.size ** 2; cell++) {
    const [x, y] = [side * (cell % shape.size), side * Math.floor(cell / shape.size)]
    const kind = state[cell]
    const fill =
      kind === XlandCell.floor
        ? palette.ground
        : kind === XlandCell.wall
          ? palette.ink
          : floors[kind - XlandCell.colour]
    shapes.push(rectangle(x, y, side, side, { fill, stroke: palette.faint, width: 0.5 }))
  }
  for (let player = 0; player < shape.players; player++) {
    const place = playerAt(shape, 0, player)
    const happy = goalHoldsIn(state, 0, shape, player)
    const [x, y] = [side * (state[place] + 0.5), side * (state[place + 1] + 0.5)]
    const fill = player === 0 ? palette.agent : palette.faint
    shapes.push(circle(x, y, 9, { fill, stroke: happy ? palette.goal : palette.ink, width: happy ? 3 : 1 }))
  }
  for (let object = 0; object < shape.objects; object++) shapes.push(drawnObject(state, shape, object, side))
  const title = `${name}: ${goalText(goalOf(state, 0, shape, 0))}`
  return picture(title, side * shape.size, side * shape.size, shapes)
}

function drawnObject(state: Float64Array, shape: XlandShape, object: number, side: number): string {
  const place = objectAt(shape, 0, object)
  const [x, y] = [side * (state[place + XlandObject.x] + 0.5), side * (state[place + XlandObject.y] + 0.5)]
  const fill = inks[state[place + XlandObject.colour]]
  const paint = { fill, stroke: palette.ink, width: 0.5 }
  switch (state[place + XlandObject.shape]) {
    case 0:
      return circle(x, y, 5, paint)
    case 1:
      return rectangle(x - 5, y - 5, 10, 10, paint)
    case 2:
      return polyline(
        [
          [x, y - 6],
          [x + 6, y + 5],
          [x - 6, y + 5],
          [x, y - 6],
        ],
        paint,
      )
    default:
      return rectangle(x - 7, y - 2.5, 14, 5, paint)
  }
}
